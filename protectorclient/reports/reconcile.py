"""Compare both sites' records of a group: who is ahead, leftovers."""

from __future__ import annotations

import dataclasses

from protectorclient.pair.location import Location, SyncReport, rank
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.site_pair import SitePair
from protectorclient.preflight import copies
from protectorclient.records.protection_group import Group


@dataclasses.dataclass(frozen=True)
class Claim:
    """What one site holds, and says."""

    site: str
    #: The site that it names as primary.
    primary: str | None
    status: str | None
    failover_count: int | None
    version: int | None
    checksum: str | None
    #: Why it says nothing.
    message: str | None = None


@dataclasses.dataclass(frozen=True)
class State:
    """Both sites side by side."""

    report: SyncReport
    claims: tuple[Claim, ...]
    #: The site whose metadata are to be kept; None where somebody has to
    #: say so, or both hold the same.
    ahead: SiteHandle | None
    why: str
    #: The instances of the group beside those that it runs.
    seen: copies.Copies

    @property
    def located(self) -> Location:
        """Return the group, and who is primary."""
        return self.report.located

    @property
    def conflict(self) -> bool:
        """Return whether a winner has to be named."""
        return self.ahead is None and not self.report.in_sync

    def loser(self, winner: SiteHandle) -> SiteHandle | None:
        """Return the site that is ahead, where the winner is not: what it
        holds has to be discarded."""
        return None if self.ahead is winner else self.ahead


def look(pair: SitePair, group: Group) -> State:
    """Ask both sites; nothing is changed.

    :raises SiteUnreachable: one of them does not answer.
    """
    report = pair.sync_status(group, grace=None)
    located = report.located
    if located.dead is not None:
        raise located.errors[located.dead.name]
    claims = tuple(_claim(report, handle) for handle in pair.handles)
    ahead, why = _ahead(report)
    return State(
        report, claims, ahead, why, copies.look(located, asked=located.asked)
    )


def _claim(report: SyncReport, handle: SiteHandle) -> Claim:
    located = report.located
    group = located.groups.get(handle.name)
    side = report.sides.get(handle.name)
    error = report.errors.get(handle.name)
    if group is None:
        message = error.message if error else "it does not know the group"
        return Claim(handle.name, None, None, None, None, None, message)
    return Claim(
        site=handle.name,
        primary=located.site_name(group.current_primary_site_id),
        status=group.status,
        failover_count=group.failover_count,
        version=group.metadata_version,
        checksum=side.local_checksum if side else None,
        message=error.message if error else None,
    )


def _ahead(report: SyncReport) -> tuple[SiteHandle | None, str]:
    """Compare by failovers, then by version, as the services do."""
    located = report.located
    handles = (located.current, located.other)
    known = [h for h in handles if h.name in located.groups]
    if len(known) == 1:
        name, gone = known[0].name, located.beside(known[0]).name
        return known[0], (
            f"only {name} knows the group; where it was deleted at {gone},"
            " 'protection-group delete' removes the rest"
        )
    ranks = {h.name: rank(located.groups[h.name]) for h in known}
    first, second = known
    failovers, version = ranks[first.name]
    others, _ = ranks[second.name]
    if ranks[first.name] == ranks[second.name]:
        sums = {side.local_checksum for side in report.sides.values()}
        if len(sums) > 1:
            return None, (
                f"both hold version {version}, and not the same: name the"
                " one to be kept with --winner"
            )
        return None, f"both hold version {version}"
    best, worse = (
        (first, second)
        if ranks[first.name] > ranks[second.name]
        else (second, first)
    )
    place = 0 if failovers != others else 1
    what = ("failover count", "version")[place]
    more, less = (ranks[handle.name][place] for handle in (best, worse))
    return best, (
        f"{best.name} is ahead: {what} {more}, and {less} at {worse.name}"
    )
