"""The thread that brings each group to the state that it should have.

Pushes that are due, deletions that the peer does not know of, and what has
to follow from a document that came from the peer.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable

from fakeserver.base.errors import RequestRefused
from fakeserver.engine import array_links
from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model import rules
from fakeserver.engine.model.document import Doc
from fakeserver.engine.peer import cinder_group
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.compare import Sync
from fakeserver.engine.peer.replicate import Metadata
from fakeserver.engine.power_states import PowerStates
from fakeserver.engine.run import leftovers
from fakeserver.engine.run.locks import GroupLocks
from fakeserver.engine.run.step_context import StepContext
from fakeserver.engine.run.workers import Workers
from fakeserver.site import Site
from fakeserver.store import groups, operations
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation

LOG = logging.getLogger(__name__)

#: how often it looks for what is due. These are real seconds: a clock that
#: stands still must not keep two sites apart
RECONCILE_INTERVAL = 1.0


class Reconciler:
    """One thread that reconciles the groups of a site."""

    def __init__(
        self,
        site: Site,
        access: Access,
        metadata: Metadata,
        sync: Sync,
        locks: GroupLocks,
        workers: Workers,
        stop: threading.Event,
    ) -> None:
        self._site = site
        self._access = access
        self._metadata = metadata
        self._sync = sync
        self._locks = locks
        self._workers = workers
        self._stop = stop
        self._power_states = PowerStates(site, access)
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._keep, name=f"{name}-keeper", daemon=True
            )
            self._thread.start()

    def stop(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def _keep(self) -> None:
        while not self._stop.wait(RECONCILE_INTERVAL):
            with self._site.borrowing():
                self.tick()

    def resume(self) -> None:
        """Queue the unfinished operations."""
        for operation in operations.unfinished(self._site.db):
            self._workers.submit(operation.id)

    def tick(self) -> None:
        """Do each part once; one that fails is repeated at the next tick."""
        for part in (
            self._push,
            self._take_up,
            self._look_after,
            self._read_power_states,
        ):
            try:
                part()
            except sqlite3.OperationalError as error:
                LOG.warning("the disk: %s", error)
            except Exception:
                LOG.exception("looking after the groups")

    def _push(self) -> None:
        for group_id in self._metadata.due():
            if self._alone(group_id, self._metadata.repeat_push) is False:
                break
        self._metadata.repeat_deletions()

    def _take_up(self) -> None:
        for operation in operations.unfinished(self._site.db):
            # whoever starts one holds this lock until it is queued
            self._alone(operation.group_id, self._queue)

    def _queue(self, group_id: str) -> None:
        for operation in operations.unfinished(self._site.db, group_id):
            self._workers.submit(operation.id)

    def _read_power_states(self) -> None:
        self._power_states.read_due(self._alone)

    def _look_after(self) -> None:
        for group in groups.to_look_at(self._site.db):
            self._alone(group.id, self._follow_up)

    def _alone(
        self, group_id: str, deed: Callable[[str], bool | None]
    ) -> bool | None:
        """Run it under the group's lock; skip a group that is locked."""
        if self._stop.is_set():
            return None
        try:
            with self._locks.hold(group_id, timeout=0.0):
                return deed(group_id)
        except RequestRefused as refusal:
            LOG.info("group %s: %s", group_id, refusal)
            return None

    # -- what follows from a document of the peer

    def _follow_up(self, group_id: str) -> None:
        group = groups.find(self._site.db, group_id)
        if group is None:
            return
        try:
            followed = cinder_group.follow(self._site, self._access, group)
            array_links.catch_up(self._site, group)
        except CloudUnreachable:
            return
        ended = self._abandoned(group)
        if ended is not None:
            if self._sync.status(group)["status"] != "IN_SYNC":
                return
            self._note_leftovers(ended)
            self._metadata.change(group, _give_up)
        if not followed:
            return
        with self._site.db.transaction() as tx:
            # what people note of it meanwhile is not overwritten
            again = groups.find(self._site.db, group_id)
            if again is not None and again.local.look:
                again.local.look = False
                groups.save(tx, again)

    def _abandoned(self, group: Group) -> Operation | None:
        """Return the operation that the document names as unfinished and that
        has ended at this site.

        It was superseded by a forced failover that then failed as well:
        nobody works on the group any more.
        """
        running = group.doc["operation"]
        if not running or running["site_id"] != self._access.local_id():
            return None
        found = operations.find(self._site.db, running["id"])
        return found if found is not None and found.finished else None

    def _note_leftovers(self, operation: Operation) -> None:
        """Note what a superseded operation created, for the forced one to
        remove."""
        context = StepContext(
            self._site, self._access, self._metadata, operation, self._stop
        )
        operation.record.result.leftovers = leftovers.of_abandoned(context)
        context.save()


def _give_up(doc: Doc) -> None:
    doc["status"] = rules.ERROR
    doc["operation"] = None
