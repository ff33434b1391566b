"""Put together what the two sites say about a group."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.polling.silence import NO_ANSWER

if TYPE_CHECKING:
    from protectorclient.pair.both_sites import BothSites
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.records.operation import Operation
    from protectorclient.records.protection_group import (
        ProtectionGroup,
        SyncStatus,
    )
    from protectorclient.records.site import Site


@dataclasses.dataclass(frozen=True)
class Location:
    """A group, and which of the two sites is what for it."""

    #: The sites, and what they have answered up to now.
    asked: BothSites
    #: As the site has it that is ahead: by failovers, then by version.
    group: ProtectionGroup
    #: The site where the group runs now.
    current: SiteHandle
    #: The other one: where a failover goes.
    other: SiteHandle
    #: What each site says, by its cloud's name.
    groups: Mapping[str, ProtectionGroup]
    #: Why a site said nothing, by its cloud's name.
    errors: Mapping[str, exceptions.ProtectorError]
    #: Both site records by id.
    sites: Mapping[str, Site]
    #: The site id of each handle, by its cloud's name.
    site_ids: Mapping[str, str]

    @property
    def dead(self) -> SiteHandle | None:
        """Return the site that does not answer, if one does not."""
        for handle in (self.current, self.other):
            if isinstance(self.errors.get(handle.name), NO_ANSWER):
                return handle
        return None

    def facts(self, handle: SiteHandle) -> SiteFacts:
        """Return what a site has been asked, each question once."""
        return self.asked.facts(handle.name)

    def beside(self, handle: SiteHandle) -> SiteHandle:
        """Return the other one of the two."""
        return self.other if handle is self.current else self.current

    def site(self, handle: SiteHandle) -> Site | None:
        """Return the site record of a handle."""
        return self.sites.get(self.site_ids[handle.name])

    def site_name(self, site_id: str | None) -> str | None:
        """Return the name of a site, where it is known."""
        site = self.sites.get(site_id or "")
        return site.name if site else site_id


@dataclasses.dataclass(frozen=True)
class SyncReport:
    """How the metadata of both sites compare, as both see it."""

    #: ``IN_SYNC``, ``OUT_OF_SYNC``, ``UNREACHABLE``, ``FAILED``.
    status: str
    #: What each site says, by its cloud's name.
    sides: Mapping[str, SyncStatus]
    #: Why a site said nothing, by its cloud's name.
    errors: Mapping[str, exceptions.ProtectorError]
    located: Location

    @property
    def in_sync(self) -> bool:
        """Return whether both hold the same, and both say so."""
        return self.status == "IN_SYNC"


@dataclasses.dataclass(frozen=True)
class History:
    """Operations of both sites, newest first."""

    items: tuple[tuple[Operation, SiteHandle], ...]
    #: Why a site said nothing, by its cloud's name.
    errors: Mapping[str, exceptions.ProtectorError]


def rank(group: ProtectionGroup) -> tuple[int, int]:
    """Return what decides which of two sites' records of a group is ahead."""
    return group.failover_count, group.metadata_version


def together(
    sides: Mapping[str, SyncStatus],
    errors: Mapping[str, exceptions.ProtectorError],
) -> str:
    """Make one status out of what both sites answer."""
    said = {side.status for side in sides.values()}
    if any(isinstance(error, NO_ANSWER) for error in errors.values()):
        return "UNREACHABLE"
    for status in ("UNREACHABLE", "FAILED", "OUT_OF_SYNC"):
        if status in said:
            return status
    unknown = [
        error
        for error in errors.values()
        if not isinstance(error, exceptions.AuthenticationFailed)
    ]
    if unknown or said != {"IN_SYNC"}:
        return "OUT_OF_SYNC"
    return "IN_SYNC"
