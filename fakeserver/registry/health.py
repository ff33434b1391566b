"""Whether each group can fail over now, and if not, why."""

from collections.abc import Sequence
from typing import Any

from fakeserver.engine import array_links
from fakeserver.engine.service import Service
from fakeserver.site import Site
from fakeserver.storage.driver import LinkState
from fakeserver.store.sites import SITES
from fakeserver.store.summary import GroupSummary

_SYNC = {
    "OUT_OF_SYNC": "The metadata of the two sites differ",
    "UNREACHABLE": "The other site does not answer",
    "FAILED": "The last metadata push was refused, or not answered",
}


def reports(
    service: Service, found: Sequence[GroupSummary]
) -> list[dict[str, Any]]:
    """Report on each group; the peer is asked once for all of them, and
    nothing is written."""
    arrays = _Arrays(service.site, found)
    statuses = service.sync.statuses(found)
    return [_report(arrays, group, statuses[group.id]) for group in found]


class _Arrays:
    """What the arrays say of the groups, asked once for all of them."""

    def __init__(self, site: Site, found: Sequence[GroupSummary]) -> None:
        self.now = site.clock.time()
        self._sites = {one["id"]: one for one in SITES.all(site.db)}
        self._tokens = array_links.TokenCheck(site)
        self._links = site.arrays.link_states([one.id for one in found])
        wanted = {}
        for group in found:
            target = self.target(group)
            if target is not None:
                wanted[group.id] = target["array_name"], group.array_names
        #: the newest recovery points that a failover could start from, which
        #: are complete there and have the volumes of today: after a failback
        #: the points of the way out are of volumes that are no more
        self._newest = site.arrays.latest_of(wanted)
        without = [one.id for one in found if one.id not in self._newest]
        self._moved = site.arrays.newest(without)

    def target(self, group: GroupSummary) -> dict[str, Any] | None:
        """Return the site that a failover would go to."""
        ends = group.primary_site_id, group.secondary_site_id
        at_first = group.current_primary_site_id == ends[0]
        return self._sites.get(ends[1] if at_first else ends[0])

    def link(self, group: GroupSummary) -> LinkState | None:
        return self._links.get(group.id)

    def has_point(self, group: GroupSummary) -> bool:
        """Return whether there is a point that a failover could start
        from."""
        return group.id in self._newest

    def lag(self, group: GroupSummary) -> int | None:
        """Return the age of that point, seconds."""
        newest = self._newest.get(group.id)
        if newest is None:
            return None
        link = self.link(group)
        if link is not None and link.running and link.synchronous:
            return 0
        return max(0, int(self.now - newest))

    def unreplicated(self, group: GroupSummary) -> str:
        """Say why there is no such point; those from before a move do not
        count."""
        target, link = self.target(group), self.link(group)
        where = f" to {target['name']}" if target is not None else ""
        if link is not None and not link.running:
            return f"The replication{where} is stopped"
        when = "since the last move" if group.id in self._moved else "yet"
        return f"No replication{where} has completed {when}"

    def locked_out(self, group: GroupSummary) -> list[str]:
        """Name the arrays that refuse the policy's API token."""
        return [
            f"FlashArray {self._sites[site_id]['array_name']} refuses the "
            "policy's API token"
            for site_id, sealed in group.sealed_tokens.items()
            if self._tokens.refuses(group.id, site_id, sealed)
        ]


def _report(arrays: _Arrays, group: GroupSummary, sync: str) -> dict[str, Any]:
    rpo = group.rpo_minutes
    lag = arrays.lag(group)
    compliant = None
    if rpo is not None:
        compliant = lag is not None and lag <= rpo * 60
    reasons = _reasons(group, sync)
    reasons += arrays.locked_out(group)
    if rpo is not None and not arrays.has_point(group):
        reasons.append(arrays.unreplicated(group))
    return {
        "protection_group_id": group.id,
        "protection_group_name": group.name,
        "link_status": _link(rpo, arrays.link(group)),
        "sync_status": sync,
        "replication_lag_seconds": lag,
        "rpo_compliant": compliant,
        "rpo_minutes": rpo,
        "failover_ready": not reasons,
        "reasons": reasons,
    }


def _link(rpo: int | None, link: LinkState | None) -> str:
    if rpo is None or link is None:
        return "not_configured"
    return "active" if link.running else "stopped"


def _reasons(group: GroupSummary, sync: str) -> list[str]:
    """Return the reasons, in the order in which a failover is refused for
    them."""
    found = []
    if group.operation is not None:
        found.append(f"Operation {group.operation} is not finished")
    if group.status != "active":
        found.append(f"The group is {group.status}")
    if group.has_tests:
        found.append("A test failover is not cleaned up")
    if group.rpo_minutes is None:
        found.append("There is no replication policy")
    if not group.member_count:
        found.append("The group has no members")
    if sync in _SYNC:
        found.append(_SYNC[sync])
    return found
