"""The microversion header: parse it, and negotiate the version to serve."""

import re

from fakeserver.base.errors import RequestRefused

HEADER = "OpenStack-API-Version"
SERVICE = "protector"
Version = tuple[int, int]

OLDEST: Version = (1, 0)
#: every version there has been; a site may know fewer
VERSIONS: tuple[Version, ...] = ((1, 0), (1, 1), (1, 2))

_ENTRY = re.compile(r"([a-z][a-z0-9-]*) +(latest|(0|[1-9]\d*)\.(0|[1-9]\d*))")
_NUMBER = re.compile(r"([0-9]+)\.([0-9]+)")


def parse(text: str) -> Version:
    """Parse ``1.2`` into a pair of numbers."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a version")
    return int(found[1]), int(found[2])


def show(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def negotiate(header: str | None, newest: Version) -> Version:
    """Return the version that a request is served at.

    The header may speak of other services too, as the API working group
    has it: only the entry of this service counts.
    """
    if header is None:
        return OLDEST
    asked = None
    for entry in header.split(","):
        # a digit is one of ten, whatever Unicode thinks
        text = entry.strip()
        found = _ENTRY.fullmatch(text) if text.isascii() else None
        if found is None or len(text) > 64:
            raise _malformed()
        if found[1] != SERVICE:
            continue
        if asked is not None:
            raise _malformed()
        asked = found[2]
    if asked is None:
        return OLDEST
    if asked == "latest":
        return newest
    version = parse(asked)
    if not OLDEST <= version <= newest:
        raise RequestRefused(
            "version-not-supported",
            f"Version {asked} of the API is not supported here, "
            f"only {show(OLDEST)} to {show(newest)}",
            min_version=show(OLDEST),
            max_version=show(newest),
        )
    return version


def _malformed() -> RequestRefused:
    return RequestRefused(
        "bad-request",
        f"The header {HEADER} must read like '{SERVICE} {show(OLDEST)}' "
        f"or '{SERVICE} latest'",
        field=HEADER,
    )
