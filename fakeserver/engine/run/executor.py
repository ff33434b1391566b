"""Runs one operation: asks what comes next, does it, writes it down."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from fakeserver.base.errors import Refused
from fakeserver.base.fault_points import StepFault
from fakeserver.base.vault import Unreadable
from fakeserver.engine.cloud_client.cloud import CloudRefused, CloudUnreachable
from fakeserver.engine.model import next_move
from fakeserver.engine.model.operation_record import OperationResult
from fakeserver.engine.model.plans import plan_of
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.client import PeerRefused, PeerSilent
from fakeserver.engine.peer.replicate import Metadata, Undelivered
from fakeserver.engine.run import (
    cleanup_source,
    commit,
    leftovers,
    rollback,
)
from fakeserver.engine.run.locks import GroupLocks
from fakeserver.engine.run.step_context import StepFailed, Stopping, Work
from fakeserver.engine.run.steps import STEPS
from fakeserver.site import Site
from fakeserver.storage.driver import StorageError
from fakeserver.store import operations

LOG = logging.getLogger(__name__)

#: how long a step goes on asking a site that does not answer, seconds
STEP_RETRY_TIMEOUT = 30.0
#: how long an operation waits for somebody else to be done with the group,
#: real seconds; people are refused sooner
TURN = 600.0

#: the other side is silent: try again
_AGAIN = (CloudUnreachable, PeerSilent, Undelivered)
#: somebody said no: the step fails
_NO = (
    StepFailed,
    StepFault,
    StorageError,
    CloudRefused,
    PeerRefused,
    Refused,
    Unreadable,
)


class Superseded(Exception):
    """The peer has moved on without this operation."""


class Executor:
    """Takes operations to their end, one call each."""

    def __init__(
        self,
        site: Site,
        access: Access,
        metadata: Metadata,
        locks: GroupLocks,
        stop: threading.Event,
    ) -> None:
        self._site = site
        self._access = access
        self._metadata = metadata
        self._locks = locks
        self._stop = stop

    def run(self, operation_id: str) -> None:
        """Run to the end, or until the service stops."""
        operation = operations.find(self._site.db, operation_id)
        if operation is None or self._stop.is_set():
            return
        work = Work(
            self._site, self._access, self._metadata, operation, self._stop
        )
        try:
            while not isinstance(move := self._next(work), next_move.Nothing):
                self._make(work, move)
        except Superseded as ending:
            self._end_superseded(work, str(ending))
        except Stopping:
            return
        except sqlite3.OperationalError as error:
            # what is on disk is what counts: it is taken up from there
            LOG.warning(
                "operation %s waits for its disk: %s", operation_id, error
            )

    def _next(self, work: Work) -> next_move.Move:
        record, state = work.operation.record, work.state
        plan = plan_of(work.operation.type, state.reverse_replication)
        return next_move.next_move(
            plan,
            next_move.Progress(
                status=record.status,
                announced=state.announced,
                committed=state.committed,
                done=tuple(record.steps_completed),
            ),
        )

    def _make(self, work: Work, move: next_move.Move) -> None:
        if work.operation.record.status == "pending":
            work.operation.record.status = "running"
            work.save()
        if isinstance(move, next_move.Announce):
            self._announce(work)
        elif isinstance(move, next_move.Do):
            self._step(work, move)
        elif isinstance(move, next_move.Settle):
            self._settle(work)
        elif isinstance(move, next_move.Undo):
            self._undo(work)

    # -- the moves

    def _announce(self, work: Work) -> None:
        """Only after a crash: whether the peer was told is not known."""

        def tell() -> None:
            group = work.group()
            self._metadata.deliver(group)

        try:
            self._ask_superseded(work)
            self._patiently(work, tell)
        except (*_NO, *_AGAIN) as error:
            self._fail(work, None, error)
        else:
            work.state.announced = True
            work.save()

    def _step(self, work: Work, move: next_move.Do) -> None:
        work.move = move
        name = move.step.name

        def run() -> None:
            faults = self._site.faults
            faults.at(f"before:{name}")
            work.been_inside = False
            if move.last:
                work.inside()
                work.pause(self._site.config.pace)
                with self._hold(work):
                    work.state.last_step = name
                    work.save()
                    commit.write_state(work)
            else:
                STEPS[name](work)
                if not work.been_inside:
                    # also a step that made nothing has a middle
                    work.inside()
                faults.at(f"after:{name}")

        try:
            self._ask_superseded(work)
            self._patiently(work, run)
        except (*_NO, *_AGAIN) as error:
            self._fail(work, name, error)
            return
        except Exception as error:
            if isinstance(
                error, Superseded | Stopping | sqlite3.OperationalError
            ):
                raise
            LOG.exception("step %s of %s", name, work.operation.id)
            self._fail(work, name, error)
            return
        if not move.last:
            record = work.operation.record
            record.steps_completed.append(name)
            record.progress = max(record.progress, move.step.end)
            work.save()

    def _settle(self, work: Work) -> None:
        self._point("settle:push")
        with self._hold(work):
            cleanup_source.push(work)
        self._point("settle:clean")
        left = cleanup_source.clean(work)
        self._point(f"after:{work.state.last_step}")
        commit.finish(work, left)

    def _point(self, name: str) -> None:
        """A place to crash at; there is nothing left here that can fail."""
        try:
            self._site.faults.at(name)
        except StepFault as fault:
            LOG.warning("ignored after the state was written: %s", fault)

    def _undo(self, work: Work) -> None:
        self._point("before:rollback")
        self._ask_superseded(work)
        broken = rollback.roll_back(work, lambda: self._ask_superseded(work))
        left = broken
        if work.operation.type == "test_cleanup":
            # nothing to undo: what is left is still known as a test's
            left = leftovers.of_tests(work)
        self._point("after:rollback")
        with self._hold(work):
            # one that discards has changed nothing of the group itself
            in_error = bool(broken) and work.discards is None
            cleanup_source.end_rollback(work, left, in_error=in_error)

    def _hold(self, work: Work) -> AbstractContextManager[None]:
        return self._locks.hold(work.operation.group_id, TURN)

    # -- how they end

    def _fail(self, work: Work, step: str | None, error: Exception) -> None:
        record = work.operation.record
        record.status = "rolling_back"
        record.error_message = str(error) or type(error).__name__
        if step is not None and step not in record.steps_failed:
            record.steps_failed.append(step)
        work.save()

    def _end_superseded(self, work: Work, message: str) -> None:
        """End without a trace at the peer, and without a newer version."""
        record = work.operation.record
        record.error_message = message
        if work.move is not None:
            record.steps_failed = [work.move.step.name]
        record.status = "failed"
        record.completed_at = self._metadata.now()
        record.result_data = OperationResult(
            leftovers=leftovers.of_drill(work)
        )
        work.save()

    # -- patience

    def _patiently(self, work: Work, deed: Callable[[], None]) -> None:
        since: float | None = None
        deeds = work.deeds
        while True:
            try:
                deed()
                return
            except _AGAIN:
                now = self._site.clock.time()
                if since is None or work.deeds != deeds:
                    since, deeds = now, work.deeds
                if now - since >= STEP_RETRY_TIMEOUT:
                    raise
                work.pause(1.0)
                self._ask_superseded(work)

    def _ask_superseded(self, work: Work) -> None:
        """Raises where the peer holds newer metadata than this site."""
        if work.forced or work.state.committed:
            return
        if work.discards is not None:
            # that the peer is ahead is what it is for; its steps look
            return
        group = work.group()
        try:
            held = self._metadata.peer_state(group)
        except (PeerSilent, PeerRefused, Refused):
            return
        if held is not None and held.rank > group.rank:
            raise Superseded(
                f"superseded by {held.last_operation or 'a change'} at "
                f"{work.name(work.peer_id())}"
            )
