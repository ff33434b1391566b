"""Read the power state and the lock of each member with each recovery point.

They are facts of a moment: they go to the peer with the document, but are no
change of it. Only the site where a group runs reads it, and no failure to do
so is anybody's concern: what is too old is not relied on.
"""

import logging
from collections.abc import Callable
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

#: runs something under the lock of a group
Alone = Callable[[str, Callable[[str], None]], object]
#: project id -> when its servers were listed, and those by their ids, none
#: where Nova refuses: one list is for all groups of a look
_Lists = dict[str, tuple[str, dict[str, dict[str, Any]]]]
LOG = logging.getLogger(__name__)

#: how many groups are read at one look, so that a fleet does not keep the
#: reconciler from what is more urgent
MOST = 20


class PowerStates:
    """Keeps the power states of the groups that run at a site."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access
        #: group id -> the newest recovery point that was looked at
        self._seen: dict[str, float] = {}

    def read_due(
        self, alone: Callable[[str, Callable[[str], None]], object]
    ) -> None:
        """Read those that are older than the newest recovery point.

        :param alone: runs something under the lock of a group.
        """
        ids = groups.all_ids(self._site.db)
        newest = self._site.arrays.newest(ids)
        due = [
            group_id
            for group_id in ids
            if group_id in newest
            and self._seen.get(group_id, -1.0) < newest[group_id]
        ]
        shown: _Lists = {}
        for group_id in due[:MOST]:
            alone(group_id, lambda one: self._look(one, newest[one], shown))

    def _look(self, group_id: str, point_at: float, shown: _Lists) -> None:
        group = groups.find(self._site.db, group_id)
        if group is None:
            return
        here = self._access.local_id()
        if group.doc["current_primary_site_id"] == here and any(
            power.is_stale(held, point_at)
            for _, held in current_entries(group.doc)
        ):
            if group.doc["operation"] or operations.unfinished(
                self._site.db, group_id
            ):
                # it may have stopped some itself; it reads for itself, too
                return
            self._read(group, shown)
        self._seen[group_id] = point_at

    def _read(self, group: Group, shown: _Lists) -> None:
        here = self._access.local_id()
        project = group.project_id
        if project not in shown:
            moment = stamp(self._site.clock.time())
            shown[project] = moment, self._servers(group, here)
        moment, servers = shown[project]
        if not servers:
            return
        stopped = power.stopped_by_tests(
            group.doc, here
        ) | effects.left_stopped(self._site.db, group.id)
        for _, held in current_entries(group.doc):
            found = servers.get(held["instance_id"])
            if found is not None:
                kept = held.setdefault("attributes", {})
                kept["power_state"] = power.counted(found, stopped)
                kept["power_state_at"] = moment
                # a Nova older than 2.9 does not show it
                if "locked" in found:
                    kept["locked"] = found["locked"]
        with self._site.db.transaction() as tx:
            groups.save(tx, group)
        self._push(group)

    def _servers(self, group: Group, here: str) -> dict[str, dict[str, Any]]:
        try:
            servers = self._access.cloud(group, here).all_details()
        except (CloudRefused, CloudUnreachable, RequestRefused) as error:
            LOG.info("power states of %s: %s", group.id, error)
            return {}
        return {one["id"]: one for one in servers}

    def _push(self, group: Group) -> None:
        if group.local.push != "ok":
            # the push that is due has them
            return
        try:
            self._access.peer(group).put(group.id, group.doc, force=False)
        except (PeerRefused, PeerSilent, RequestRefused) as error:
            LOG.info("power states of %s stay here: %s", group.id, error)
