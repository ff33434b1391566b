"""What the arrays say of many groups.

A fleet is shown again and again, and the arrays change seldom: what they said
of a group is kept until they change, or the group does, or the next recovery
point of it is there.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from fakeserver.engine import array_links
from fakeserver.site import Site
from fakeserver.storage.driver import LinkState
from fakeserver.store.sites import SITES
from fakeserver.store.summary import KEPT, GroupSummary

_Record = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class ArrayFacts:
    """What the arrays say of one group."""

    #: of which it was asked
    group: GroupSummary
    #: whom a failover would go to, by the name of the site
    target: str | None
    link: LinkState | None
    #: when the newest recovery point was made that a failover could start
    #: from: it is complete there and has the volumes of today; after a
    #: failback the points of the way out are of volumes that are no more
    newest: float | None
    #: whether there is any point, one from before a move included
    has_any: bool
    #: the arrays that refuse the policy's API token
    refusing: tuple[str, ...]
    #: from when until when this holds, as long as nobody changes anything
    since: float
    until: float

    def lag(self, now: float) -> int | None:
        """Return the age of the newest point, seconds."""
        if self.newest is None:
            return None
        if self.link == (True, True):
            # a pod that is at work has no lag
            return 0
        return max(0, int(now - self.newest))


class AllFacts:
    """Asks the arrays of a site, and keeps what they said."""

    def __init__(self, site: Site) -> None:
        self._site = site
        #: what it was answered in, and by the ids of the groups what
        self._kept: tuple[object, dict[str, ArrayFacts]] = (None, {})

    def of(
        self, found: Sequence[GroupSummary], now: float
    ) -> dict[str, ArrayFacts]:
        """Return what the arrays say of groups now, by the groups' ids."""
        sites = {one["id"]: one for one in SITES.all(self._site.db)}
        # before anything is read: what changes meanwhile is read again
        arrays = self._site.arrays.state()
        state = None if arrays is None else (arrays, sites)
        before, kept = self._kept
        known = {}
        if state is not None and state == before:
            for group in found:
                held = kept.get(group.id)
                if (
                    held is not None
                    and held.group is group
                    and held.since <= now < held.until
                ):
                    known[group.id] = held
        missing = [group for group in found if group.id not in known]
        if not missing:
            return known
        made = self._ask(missing, sites, now)
        if state is not None:
            others = kept if state == before else {}
            keep = others | made
            self._kept = state, keep if len(keep) <= KEPT else made
        return known | made

    def _ask(
        self,
        found: Sequence[GroupSummary],
        sites: Mapping[str, _Record],
        now: float,
    ) -> dict[str, ArrayFacts]:
        arrays, ids = self._site.arrays, [group.id for group in found]
        targets = {group.id: _target(group, sites) for group in found}
        newest = arrays.latest_of(
            {
                group.id: (target["array_name"], group.array_names)
                for group in found
                if (target := targets[group.id]) is not None
            }
        )
        moved = arrays.newest([one for one in ids if one not in newest])
        links, until = arrays.link_states(ids), arrays.arrivals(ids)
        tokens = array_links.TokenCheck(self._site)
        made = {}
        for group in found:
            target = targets[group.id]
            made[group.id] = ArrayFacts(
                group=group,
                target=None if target is None else str(target["name"]),
                link=links.get(group.id),
                newest=newest.get(group.id),
                has_any=group.id in newest or group.id in moved,
                refusing=tuple(
                    str(sites[site_id]["array_name"])
                    for site_id, sealed in group.sealed_tokens.items()
                    if tokens.refuses(group.id, site_id, sealed)
                ),
                since=now,
                until=until.get(group.id, float("inf")),
            )
        return made


def _target(
    group: GroupSummary, sites: Mapping[str, _Record]
) -> _Record | None:
    """Return the site that a failover would go to."""
    ends = group.primary_site_id, group.secondary_site_id
    at_first = group.current_primary_site_id == ends[0]
    return sites.get(ends[1] if at_first else ends[0])
