"""Every time limit of the client, in seconds; times as text.

Every limit of time that does not belong to one call alone stands here.
"""

from __future__ import annotations

import datetime
import re

#: To open a connection to any service.
CONNECT_TIMEOUT = 5.0
#: For a port to say whether it speaks TLS, where a plain request was cut.
TLS_PROBE_TIMEOUT = 3.0
#: For a whole answer, from its first byte to its last.
READ_TIMEOUT = 30.0
#: To open a connection, and for a whole answer, by the short road of a read;
#: the long one has the times above.
SHORT_CONNECT_TIMEOUT = 1.0
SHORT_READ_TIMEOUT = 10.0
#: To ask a service which versions it offers, redirects included.
DISCOVERY_TIMEOUT = 15.0
#: For a token and the catalog: versions, redirects and the sign-in.
SIGN_IN_TIMEOUT = 60.0

#: For the second site to answer a read when the first one has answered.
SITE_GRACE = 2.0
#: A site that is polled is silent when no answer has come for so long.
#: The longest time between two polls is a third of it.
SILENT_AFTER = 30.0
#: A site that answered before, and refuses the login while it is polled,
#: may do so for so long before the operation is given up.
REFUSED_AFTER = 30.0
#: A silent site is polled for so long before the outcome is unknown.
GIVE_UP_AFTER = 300.0
#: An operation is looked for so long when the answer to its POST is lost.
SEARCH_TIMEOUT = 60.0
#: An operation that runs, and whose record has not changed for so long,
#: looks stuck: the published troubleshooting page says 15 minutes.
STUCK_AFTER = 15 * 60.0
#: All probes of a move may take so long together.
PROBES_TIMEOUT = 300.0
#: A hook of a plan may take so long, where the plan does not say it.
HOOK_TIMEOUT = 60.0
#: The clean-up of a test of a drill is tried again for so long.
CLEAN_UP_PATIENCE = 900.0
#: A gate of a plan is open for its answer for so long.
GATE_TIMEOUT = 3600.0

_FORM = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+|\d+(?:\.\d+)?")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
#: No clock of a computer waits longer.
_LONGEST = 10 * 366 * 86400.0


def stamp(when: datetime.datetime) -> str:
    """Write a moment in UTC, to the second: ``2026-11-28T04:51:05Z``."""
    return when.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> float:
    """Read a length of time: ``90``, ``90s``, ``15m``, ``1h30m`` or ``2d``.

    :returns: seconds.
    :raises ValueError: it is none; the sentence says so.
    """
    if not _FORM.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a duration such as 90s, 15m or 1h30m"
        )
    parts = re.findall(r"([\d.]+)([smhd]?)", text)
    found = sum(float(n) * _UNITS[unit or "s"] for n, unit in parts)
    if found > _LONGEST:
        raise ValueError(f"{text[:20]!r} is longer than ten years")
    return found


def span(seconds: float) -> str:
    """Write a length of time in the two units that matter."""
    left = max(0, round(seconds))
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
