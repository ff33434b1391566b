"""Read the power state and the lock of each member with each recovery point.

They are facts of a moment: they go to the peer with the document, but are no
change of it. Only the site where a group runs reads it, and no failure to do
so is anybody's concern: what is too old is not relied on.
"""

import dataclasses
import heapq
import logging
from collections.abc import Callable, Iterator
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
)
from fakeserver.engine.model import power
from fakeserver.engine.model.document import current_entries
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.answers import PeerRefused, PeerSilent
from fakeserver.site import Site
from fakeserver.store import effects, groups, operations
from fakeserver.store.groups import Group

LOG = logging.getLogger(__name__)

#: how many groups are read at one look, so that a fleet does not keep the
#: reconciler from what is more urgent
MOST = 20
#: how long the servers of a list count as they were listed, seconds: groups
#: whose points arrive together are looked at one after the other
LIST_LIFE = 60.0
#: so many servers in a list take as long as a request for a single one
LISTED_AS_ONE = 8


@dataclasses.dataclass(frozen=True)
class _Servers:
    """Servers of a project at a moment; none where Nova refuses."""

    moment: float
    by_id: dict[str, dict[str, Any]]


class PowerStates:
    """Keeps the power states of the groups that run at a site.

    Most groups have no new recovery point at a look, and none of these costs
    anything: it is known when the next one arrives, and which groups the
    arrays have changed since the last look.
    """

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access
        #: the last change of the arrays that was looked at
        self._change: int | None = None
        self._lag = 0.0
        #: when the next recovery point of each group arrives, the first one
        #: first; what differs from `_expected` does not count any more
        self._arrivals: list[tuple[float, str]] = []
        self._expected: dict[str, float] = {}
        #: group id -> its recovery point that is to be looked at
        self._due: dict[str, float] = {}
        #: group id -> the newest recovery point that was looked at
        self._seen: dict[str, float] = {}
        #: of each project, the servers that were listed last
        self._listed: dict[str, _Servers] = {}
        #: project id -> how many servers it had then
        self._sizes: dict[str, int] = {}

    def read_due(
        self, alone: Callable[[str, Callable[[str], None]], object]
    ) -> None:
        """Read those that are older than the newest recovery point.

        :param alone: runs something under the lock of a group.
        """
        self._notice()
        for group_id in list(self._due)[:MOST]:
            alone(group_id, self._look)
            if group_id in self._due:
                # somebody works on it: the others come first
                self._due[group_id] = self._due.pop(group_id)
        if not self._due:
            self._listed.clear()

    def _notice(self) -> None:
        """Find the groups that have a new recovery point."""
        arrays, now = self._site.arrays, self._site.clock.time()
        lag = self._site.faults.delay("array:transfer")
        # another delay changes when each of them arrives
        since = self._change if lag == self._lag else None
        self._lag = lag
        self._change, changed = arrays.changed(since)
        if since is None:
            self._arrivals.clear()
            self._expected.clear()
        some = sorted({*changed, *self._arrived(now)})
        if not some:
            return
        for group_id, point_at in arrays.newest(some).items():
            if self._seen.get(group_id, -1.0) < point_at:
                self._due[group_id] = point_at
        for group_id, moment in arrays.arrivals(some).items():
            if self._expected.get(group_id) != moment:
                self._expected[group_id] = moment
                heapq.heappush(self._arrivals, (moment, group_id))

    def _arrived(self, now: float) -> Iterator[str]:
        while self._arrivals and self._arrivals[0][0] <= now:
            moment, group_id = heapq.heappop(self._arrivals)
            if self._expected.get(group_id) == moment:
                del self._expected[group_id]
                yield group_id

    def _look(self, group_id: str) -> None:
        point_at = self._due[group_id]
        group = groups.find(self._site.db, group_id)
        here = self._access.local_id()
        if (
            group is not None
            and group.doc["current_primary_site_id"] == here
            and any(
                power.is_stale(held, point_at)
                for _, held in current_entries(group.doc)
            )
        ):
            if group.doc["operation"] or operations.unfinished(
                self._site.db, group_id
            ):
                # it may have stopped some itself; it reads for itself, too
                return
            self._read(group, point_at)
        del self._due[group_id]
        self._seen[group_id] = point_at

    def _read(self, group: Group, point_at: float) -> None:
        here = self._access.local_id()
        shown = self._servers(group, here, point_at)
        if not shown.by_id:
            return
        stopped = power.stopped_by_tests(
            group.doc, here
        ) | effects.left_stopped(self._site.db, group.id)
        for _, held in current_entries(group.doc):
            found = shown.by_id.get(held["instance_id"])
            if found is not None:
                kept = held.setdefault("attributes", {})
                kept["power_state"] = power.counted(found, stopped)
                kept["power_state_at"] = stamp(shown.moment)
                # a Nova older than 2.9 does not show it
                if "locked" in found:
                    kept["locked"] = found["locked"]
        with self._site.db.transaction() as tx:
            groups.save(tx, group)
        self._push(group)

    def _servers(self, group: Group, here: str, point_at: float) -> _Servers:
        """Return the servers of a group as they are now: of a list of its
        project, or one by one where that is less."""
        project, now = group.project_id, self._site.clock.time()
        listed = self._listed.get(project)
        if (
            listed is not None
            and listed.moment >= point_at
            and now - listed.moment < LIST_LIFE
        ):
            return listed
        ids = [held["instance_id"] for _, held in current_entries(group.doc)]
        asked = max(len(ids), len(self._due)) * LISTED_AS_ONE
        try:
            cloud = self._access.cloud(group, here)
            if asked < self._sizes.get(project, 0):
                each = (cloud.details(one) for one in ids if one)
                servers = [one for one in each if one is not None]
                return _Servers(now, {one["id"]: one for one in servers})
            servers = cloud.all_details()
        except (CloudRefused, CloudUnreachable, RequestRefused) as error:
            LOG.info("power states of %s: %s", group.id, error)
            servers = []
        found = _Servers(now, {one["id"]: one for one in servers})
        self._listed[project] = found
        self._sizes[project] = len(servers)
        return found

    def _push(self, group: Group) -> None:
        if group.local.push != "ok":
            # the push that is due has them
            return
        try:
            self._access.peer(group).put(group.id, group.doc, force=False)
        except (PeerRefused, PeerSilent, RequestRefused) as error:
            LOG.info("power states of %s stay here: %s", group.id, error)
