"""Run one operation: decide the next move, make it, store it."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from fakeserver.base.errors import RequestRefused
from fakeserver.base.fault_points import StepFault
from fakeserver.base.vault import Unreadable
from fakeserver.engine.cloud_client.cloud import CloudRefused, CloudUnreachable
from fakeserver.engine.model import next_move
from fakeserver.engine.model.operation_record import OperationResult
from fakeserver.engine.model.plans import plan_of
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.answers import PeerRefused, PeerSilent
from fakeserver.engine.peer.replicate import Metadata, PushLost
from fakeserver.engine.run import (
    cleanup_source,
    commit,
    leftovers,
    rollback,
)
from fakeserver.engine.run.locks import GroupLocks
from fakeserver.engine.run.step_context import (
    ServiceStop,
    StepContext,
    StepFailed,
)
from fakeserver.engine.run.steps import STEPS
from fakeserver.site import Site
from fakeserver.storage.driver import StorageError
from fakeserver.store import operations

LOG = logging.getLogger(__name__)

#: how long a step goes on asking a site that does not answer, seconds
STEP_RETRY_TIMEOUT = 30.0
#: how long an operation waits for somebody else to be done with the group,
#: real seconds; people are refused sooner
LOCK_TIMEOUT = 600.0

#: the other side is silent: try again
_AGAIN = (CloudUnreachable, PeerSilent, PushLost)
#: somebody said no: the step fails
_NO = (
    StepFailed,
    StepFault,
    StorageError,
    CloudRefused,
    PeerRefused,
    RequestRefused,
    Unreadable,
)


class NewerAtPeer(Exception):
    """The peer holds newer metadata: it has moved on without this
    operation."""


class Executor:
    """Runs each operation to its end."""

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
        """Run an operation to its end, or until the service stops."""
        with self._site.borrowing():
            self._run(operation_id)

    def _run(self, operation_id: str) -> None:
        operation = operations.find(self._site.db, operation_id)
        if operation is None or self._stop.is_set():
            return
        context = StepContext(
            self._site, self._access, self._metadata, operation, self._stop
        )
        try:
            while not isinstance(move := self._next(context), next_move.End):
                self._make(context, move)
        except NewerAtPeer as ending:
            self._end_superseded(context, str(ending))
        except ServiceStop:
            return
        except sqlite3.OperationalError as error:
            # what is on disk is what counts: it is taken up from there
            LOG.warning(
                "operation %s waits for its disk: %s", operation_id, error
            )

    def _next(self, context: StepContext) -> next_move.Move:
        record, state = context.operation.record, context.state
        plan = plan_of(context.operation.type, state.reverse_replication)
        return next_move.next_move(
            plan,
            next_move.Progress(
                status=record.status,
                announced=state.announced,
                committed=state.committed,
                done=tuple(record.steps_completed),
            ),
        )

    def _make(self, context: StepContext, move: next_move.Move) -> None:
        if context.operation.record.status == "pending":
            context.operation.record.status = "running"
            context.save()
        if isinstance(move, next_move.Announce):
            self._announce(context)
        elif isinstance(move, next_move.RunStep):
            self._step(context, move)
        elif isinstance(move, next_move.Commit):
            self._commit(context)
        elif isinstance(move, next_move.RollBack):
            self._roll_back(context)

    # -- the moves

    def _announce(self, context: StepContext) -> None:
        """Push that the operation has begun; only needed after a crash."""

        def push() -> None:
            group = context.group_to_change()
            self._metadata.deliver(group)

        try:
            self._ask_superseded(context)
            self._retry(context, push)
        except (*_NO, *_AGAIN) as error:
            self._fail(context, None, error)
        else:
            context.state.announced = True
            context.save()

    def _step(self, context: StepContext, move: next_move.RunStep) -> None:
        context.move = move
        name = move.step.name

        def run() -> None:
            faults = self._site.faults
            faults.at(f"before:{name}")
            context.been_inside = False
            if move.last:
                context.inside()
                context.pause(self._site.config.pace)
                with self._hold(context):
                    context.state.last_step = name
                    context.save()
                    commit.write_state(context)
            else:
                STEPS[name](context)
                if not context.been_inside:
                    # also a step that made nothing has a middle
                    context.inside()
                faults.at(f"after:{name}")

        try:
            self._ask_superseded(context)
            self._retry(context, run)
        except (*_NO, *_AGAIN) as error:
            self._fail(context, name, error)
            return
        except Exception as error:
            if isinstance(
                error, NewerAtPeer | ServiceStop | sqlite3.OperationalError
            ):
                raise
            LOG.exception("step %s of %s", name, context.operation.id)
            self._fail(context, name, error)
            return
        if not move.last:
            record = context.operation.record
            record.steps_completed.append(name)
            record.progress = max(record.progress, move.step.end)
            context.save()

    def _commit(self, context: StepContext) -> None:
        self._point("commit:push")
        with self._hold(context):
            cleanup_source.push(context)
        self._point("commit:clean")
        left = cleanup_source.clean(context)
        self._point(f"after:{context.state.last_step}")
        commit.finish(context, left)

    def _point(self, name: str) -> None:
        """Pass a fault point after the commit, where only a crash has an
        effect."""
        try:
            self._site.faults.at(name)
        except StepFault as fault:
            LOG.warning("ignored after the state was written: %s", fault)

    def _roll_back(self, context: StepContext) -> None:
        self._point("before:rollback")
        self._ask_superseded(context)
        broken = rollback.roll_back(
            context, lambda: self._ask_superseded(context)
        )
        left = broken
        if context.operation.type == "test_cleanup":
            # nothing to undo: the leftovers still belong to the test
            left = leftovers.of_tests(context)
        self._point("after:rollback")
        with self._hold(context):
            # one that discards has changed nothing of the group itself
            in_error = bool(broken) and context.discards is None
            cleanup_source.end_rollback(context, left, in_error=in_error)

    def _hold(self, context: StepContext) -> AbstractContextManager[None]:
        return self._locks.hold(context.operation.group_id, LOCK_TIMEOUT)

    # -- how they end

    def _fail(
        self, context: StepContext, step: str | None, error: Exception
    ) -> None:
        record = context.operation.record
        record.status = "rolling_back"
        record.error_message = str(error) or type(error).__name__
        if step is not None and step not in record.steps_failed:
            record.steps_failed.append(step)
        context.save()

    def _end_superseded(self, context: StepContext, message: str) -> None:
        """Fail the operation without a newer version of the metadata."""
        record = context.operation.record
        record.error_message = message
        if context.move is not None:
            record.steps_failed = [context.move.step.name]
        record.status = "failed"
        record.completed_at = self._metadata.now()
        record.result_data = OperationResult(
            leftovers=leftovers.of_superseded(context)
        )
        context.save()

    # -- patience

    def _retry(self, context: StepContext, deed: Callable[[], None]) -> None:
        since: float | None = None
        deeds = context.deeds
        while True:
            try:
                deed()
                return
            except _AGAIN:
                now = self._site.clock.time()
                if since is None or context.deeds != deeds:
                    since, deeds = now, context.deeds
                if now - since >= STEP_RETRY_TIMEOUT:
                    raise
                context.pause(1.0)
                self._ask_superseded(context)

    def _ask_superseded(self, context: StepContext) -> None:
        """Raise NewerAtPeer where the peer holds newer metadata."""
        if context.forced or context.state.committed:
            return
        if context.discards is not None:
            # that the peer is ahead is what it is for; its steps look
            return
        group = context.group()
        try:
            held = self._metadata.peer_state(group)
        except (PeerSilent, PeerRefused, RequestRefused):
            return
        if held is not None and held.rank > group.rank:
            raise NewerAtPeer(
                f"superseded by {held.last_operation or 'a change'} at "
                f"{context.name(context.peer_id())}"
            )
