"""Every time limit of the client, in seconds; lengths of time as text.

Every limit of time that does not belong to one call alone stands here.
"""

from __future__ import annotations

#: To open a connection to any service.
CONNECT_TIMEOUT = 5.0
#: For a whole answer, from its first byte to its last.
READ_TIMEOUT = 30.0
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


def span(seconds: float) -> str:
    """Write a length of time in the two units that matter."""
    left = max(0, round(seconds))
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
