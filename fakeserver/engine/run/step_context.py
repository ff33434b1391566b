"""The context of a step: its operation, both sites, its effects.

A step does nothing but through here, so that what it makes is on disk
before and after it is made, and a repeated step finds it.
"""

import dataclasses
import threading
from collections.abc import Callable, Sequence

from fakeserver.base.clock import polls, stamp
from fakeserver.base.fault_points import StepFault
from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.model import next_move
from fakeserver.engine.model.document import Doc, peer_of, sealed_token
from fakeserver.engine.model.operation_state import OperationState
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.replicate import Metadata
from fakeserver.site import Site
from fakeserver.store import effects, groups, operations
from fakeserver.store.effects import Effect, EffectDetail
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation

#: how long a step waits for an instance or a volume, seconds
RESOURCE_TIMEOUT = 600.0


class StepFailed(Exception):
    """The step failed; the operation rolls back."""


class ServiceStop(Exception):
    """The service stops; the operation goes on at the next start."""


class StepContext:
    """One operation that runs, and what its steps use."""

    def __init__(
        self,
        site: Site,
        access: Access,
        metadata: Metadata,
        operation: Operation,
        stop: threading.Event,
    ) -> None:
        self.site = site
        self.access = access
        self.metadata = metadata
        self.operation = operation
        self.stop = stop
        #: the step that runs now, for progress within it
        self.move: next_move.RunStep | None = None
        #: grows with every deed, so that patience can start anew
        self.deeds = 0
        #: whether the step that runs now has met its middle
        self.been_inside = False
        #: whether the effect that is worked on was tried before, so that
        #: something of it may be there already
        self.tried_before = False
        self._seen: tuple[str, Group] | None = None

    # -- who and where

    @property
    def state(self) -> OperationState:
        """Return what a restart goes on from; :meth:`save` writes it down."""
        return self.operation.state

    @property
    def source(self) -> str:
        return self.state.source

    @property
    def target(self) -> str:
        return self.state.target

    @property
    def forced(self) -> bool:
        return self.state.forced

    @property
    def discards(self) -> int | None:
        """Return the peer's version of the metadata that is discarded."""
        return self.state.discards

    @property
    def is_drill(self) -> bool:
        return self.operation.type == "test_failover"

    def group(self) -> Group:
        """Return the group to look at, as it is on disk; it is not read again
        while nobody has written it."""
        revision = groups.revision(self.site.db, self.operation.group_id)
        if self._seen is None or self._seen[0] != revision:
            self._seen = (revision, self.group_to_change())
        return self._seen[1]

    def group_to_change(self) -> Group:
        """Return a copy of the group that nobody else holds."""
        found = groups.find(self.site.db, self.operation.group_id)
        if found is None:
            raise StepFailed("The protection group is gone")
        return found

    def doc(self) -> Doc:
        """Return the document, to look at."""
        return self.group().doc

    def cloud(self, site_id: str) -> RemoteCloud:
        return self.access.cloud_of(self.operation.project_id, site_id)

    def array(self, site_id: str) -> str:
        return str(self.access.record(site_id)["array_name"])

    def name(self, site_id: str) -> str:
        return self.access.name(site_id)

    def peer_id(self) -> str:
        return peer_of(self.doc(), self.access.local_id())

    def policy_token(self, site_id: str) -> str | None:
        """Return the API token of a site's array, from the group's policy."""
        doc = self.doc()
        sealed = sealed_token(doc, site_id)
        if sealed is None:
            return None
        return self.site.pair.decrypt(sealed, doc["id"])

    def sign_in(self, site_id: str) -> None:
        """Check that a site's array accepts the policy's token; raise
        StorageError where it does not."""
        token = self.policy_token(site_id)
        self.site.arrays.check(self.array(site_id), token)

    def interval(self) -> float:
        policy = self.doc()["policy"] or {}
        return float(policy.get("replication_interval", 300))

    # -- time

    def pause(self, seconds: float) -> None:
        """Wait, by the site's clock; raise ServiceStop when the service
        stops."""
        if self.stop.is_set():
            raise ServiceStop
        if seconds > 0:
            self.site.clock.sleep(seconds, self.stop)
        if self.stop.is_set():
            raise ServiceStop

    def wait_until(self, what: str, ready: Callable[[], bool]) -> None:
        end = self.site.clock.time() + RESOURCE_TIMEOUT
        waits = polls()
        while not ready():
            if self.site.clock.time() >= end:
                raise StepFailed(
                    f"{what} took longer than {RESOURCE_TIMEOUT:.0f} s"
                )
            self.pause(next(waits))

    # -- on disk

    def save(self) -> None:
        """Write the record and the state of the operation."""
        self.operation.record.updated_at = stamp(self.site.clock.time())
        with self.site.db.transaction() as tx:
            operations.save(tx, self.operation)

    def save_record(self) -> None:
        """Write the record alone: the state, which grows with the members,
        has not changed."""
        self.operation.record.updated_at = stamp(self.site.clock.time())
        with self.site.db.transaction() as tx:
            operations.save_record(tx, self.operation)

    def save_ports(self, server_id: str) -> None:
        """Write the ports of an instance that is to be deleted."""
        with self.site.db.transaction() as tx:
            operations.save_ports(tx, self.operation, server_id)

    def progress(self, done: int, total: int) -> None:
        """Set the progress within the step, and wait the configured pace."""
        if self.move is not None:
            record = self.operation.record
            fraction = done / total if total else 1.0
            record.progress = next_move.within(
                self.move, fraction, record.progress
            )
            # the step itself writes its end
            if record.progress >= self.move.step.end:
                record.progress = max(self.move.start, self.move.step.end - 1)
            self.save_record()
        if total:
            self.pause(self.site.config.pace / total)

    def inside(self) -> None:
        """Pass the fault point in the middle of the step."""
        self.been_inside = True
        if self.move is not None:
            self.site.faults.at(f"inside:{self.move.step.name}")

    def _each(self, stage: str, name: str) -> None:
        """Pass the fault point of one item; raise StepFailed, as a refusal
        does."""
        if self.move is None:
            return
        point = f"{stage}:{self.move.step.name}"
        try:
            self.site.faults.at_each(point, name)
        except StepFault as fault:
            raise StepFailed(str(fault)) from fault

    # -- effects

    def intend(
        self, kind: str, items: Sequence[tuple[str, EffectDetail]]
    ) -> None:
        """Write several effects as intended, before the first is done."""
        with self.site.db.transaction() as tx:
            for key, detail in items:
                effects.intend(tx, self.operation.id, kind, key, detail)

    def effect(
        self,
        kind: str,
        key: str,
        detail: EffectDetail,
        deed: Callable[[], EffectDetail | None],
    ) -> EffectDetail:
        """Do one thing once: write it as intended, do it, write it as done.

        :param deed: must find what an earlier try made; may return the
            detail with what is known after it.
        """
        db = self.site.db
        found = effects.find(db, self.operation.id, kind, key)
        if found is not None and found.state == "done":
            return found.detail
        if self.stop.is_set():
            raise ServiceStop
        if found is not None:
            # what an earlier try saw may be gone by its own doing
            detail = found.detail
        name = detail.name or key
        self._each("before", name)
        self.intend(kind, [(key, detail)])
        # what another operation has begun may be there, too
        self.tried_before = (
            found is not None or self.state.lineage != self.operation.id
        )
        self._each("inside", name)
        done = deed() or detail
        self.inside()
        with db.transaction() as tx:
            effects.mark(tx, self.operation.id, kind, key, "done", done)
        self.deeds += 1
        return done

    def made(self, kind: str, key: str, id_: str) -> None:
        """Write the id of what was just created, before waiting for it: a
        rollback then does not have to search."""
        found = effects.find(self.site.db, self.operation.id, kind, key)
        assert found is not None
        with self.site.db.transaction() as tx:
            effects.mark(
                tx,
                self.operation.id,
                kind,
                key,
                found.state,
                dataclasses.replace(found.detail, id=id_),
            )

    def effects(self, kind: str | None = None) -> list[Effect]:
        return effects.of(self.site.db, self.operation.id, kind)
