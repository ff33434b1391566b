"""Read, compare and choose the versions of the API."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from protectorclient import exceptions

#: The name in the ``OpenStack-API-Version`` header.
SERVICE_TYPE = "protector"

_FORM = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


class Version(NamedTuple):
    """A version ``M.m``; it sorts as a number, not as text."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class Feature(NamedTuple):
    """Something that a version added, for the message where it is missing."""

    since: Version
    what: str


MINIMUM = Version(1, 0)
#: The newest version that this client knows.
MAXIMUM = Version(1, 2)

RESULT_DATA = Feature(Version(1, 1), "result_data of operations")
STORED_MAPPINGS = Feature(Version(1, 2), "stored mappings of a group")
HEALTH = Feature(Version(1, 2), "the health report")
ACTION_REASON = Feature(Version(1, 2), "a reason on an action")


@dataclasses.dataclass(frozen=True)
class VersionRange:
    """The versions that a site offers."""

    #: The oldest version it serves.
    minimum: Version
    #: The newest version it serves.
    maximum: Version

    def __str__(self) -> str:
        if self.minimum == self.maximum:
            return str(self.minimum)
        return f"{self.minimum} to {self.maximum}"

    def __contains__(self, version: object) -> bool:
        return (
            isinstance(version, Version)
            and self.minimum <= version <= self.maximum
        )


#: What is taken for granted of a site whose documents cannot be read.
OLDEST_ONLY = VersionRange(MINIMUM, MINIMUM)


def parse(text: str) -> Version:
    """Read ``M.m``; anything else is a `UsageProblem`."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise exceptions.UsageProblem(
            f"'{text}' is not an API version: use M.m, auto or latest"
        )
    return Version(int(form[1]), int(form[2]))


def pinned(wanted: str) -> Version | None:
    """Return the version that ``M.m`` names; None for ``auto`` and ``latest``.

    :raises UsageProblem: it is anything else.
    """
    return None if wanted in ("auto", "latest") else parse(wanted)


def range_from(document: object) -> VersionRange | None:
    """Read the range of major version 1 from a version document.

    Reads the list at ``/`` and the single entry at ``/v1/``. An entry
    without the fields of a range is a site that has only the oldest.
    """
    for entry in _entries(document):
        name = str(entry.get("id", "")).lstrip("v")
        if name.split(".")[0] != "1":
            continue
        least = _read(entry.get("min_version")) or MINIMUM
        most = _read(entry.get("max_version")) or _read(entry.get("version"))
        return VersionRange(least, most or least)
    return None


def version_in(header: str | None) -> Version | None:
    """Read the version of the service from a response's header."""
    for entry in (header or "").split(","):
        name, _, version = entry.strip().partition(" ")
        if name.lower() == SERVICE_TYPE:
            return _read(version.strip())
    return None


def without(
    feature: Feature, offered: Version | VersionRange, site: str | None
) -> exceptions.VersionNotSupported:
    """Make the exception where the version in use lacks a feature.

    :param offered: the version that the caller pinned, else the site's range.
    """
    why = f"the site offers {offered}"
    if isinstance(offered, Version):
        why = f"version {offered} was asked for"
    return exceptions.VersionNotSupported(
        f"{feature.what} needs protector {feature.since} or later, and {why}",
        needed=str(feature.since),
        offered=str(offered),
        site=site,
    )


def _entries(document: object) -> list[Mapping[str, Any]]:
    if not isinstance(document, dict):
        return []
    found = document.get("versions", document.get("version"))
    if isinstance(found, dict):
        found = found.get("values", [found])
    if not isinstance(found, list):
        return []
    return [entry for entry in found if isinstance(entry, dict)]


def _read(value: object) -> Version | None:
    form = _FORM.fullmatch(value) if isinstance(value, str) else None
    return Version(int(form[1]), int(form[2])) if form else None


def newest_common(offered: VersionRange, site: str | None) -> Version:
    """Choose the newest version that both the site and this client know."""
    chosen = min(offered.maximum, MAXIMUM)
    if chosen < offered.minimum or chosen < MINIMUM:
        raise exceptions.VersionNotSupported(
            f"the site speaks protector {offered}, this client"
            f" {VersionRange(MINIMUM, MAXIMUM)}",
            needed=str(MINIMUM),
            offered=str(offered),
            site=site,
        )
    return chosen
