"""Engines that write, push, clean or undo other things than they should."""

import copy
import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from fakeserver.engine.model.operation_record import Leftover
from fakeserver.engine.run import cleanup_source, commit, rollback
from fakeserver.engine.run.executor import Executor
from fakeserver.engine.run.steps import cleanup
from fakeserver.store import groups, operations
from tests.chaos import resumes

# -- the state of the group


def _writes(
    patch: pytest.MonkeyPatch, type_: str, change: Callable[[Any, Any], None]
) -> None:
    """The last step writes something else."""

    def written(right, context, group):
        result = right(context, group)
        change(context, group)
        return result

    resumes.instead(patch, commit._WRITERS, type_, written)


def counts_twice(patch: pytest.MonkeyPatch) -> None:
    def twice(context, group):
        group.doc["failover_count"] += 1

    _writes(patch, "failover", twice)


def loses_the_policy(patch: pytest.MonkeyPatch) -> None:
    def lost(context, group):
        group.doc["policy"] = None

    for type_ in ("failover", "failback"):
        _writes(patch, type_, lost)


def takes_the_default_policy(patch: pytest.MonkeyPatch) -> None:
    def default(context, group):
        group.doc["policy"] |= {"replication_interval": 300, "rpo_minutes": 5}

    for type_ in ("failover", "failback", "test_failover"):
        _writes(patch, type_, default)


def takes_members_for_protected(patch: pytest.MonkeyPatch) -> None:
    def protected(context, group):
        for member in group.doc["members"]:
            member["status"] = "protected"

    _writes(patch, "failover", protected)


def forgets_what_a_drill_stopped(patch: pytest.MonkeyPatch) -> None:
    def nothing(context, group):
        group.doc["tests"][-1]["stopped"] = []

    _writes(patch, "test_failover", nothing)


# -- after the state is written


def pushes_a_stale_document(patch: pytest.MonkeyPatch) -> None:
    """The members as they were when the operation was taken up."""

    def stale(right, context):
        group = context.group_to_change()
        group.doc["members"] = context.held
        context.metadata.deliver(group)
        group = context.group_to_change()
        context.metadata.delivered(group)
        with context.site.db.transaction() as tx:
            groups.save(tx, group)

    resumes.instead(patch, cleanup_source, "push", stale)


def takes_the_push_for_done(patch: pytest.MonkeyPatch) -> None:
    def believed(right, context):
        group = context.group()
        context.metadata.delivered(group)
        with context.site.db.transaction() as tx:
            groups.save(tx, group)

    resumes.instead(patch, cleanup_source, "push", believed)


def does_not_clean_the_source(patch: pytest.MonkeyPatch) -> None:
    resumes.instead(patch, cleanup_source, "clean", lambda right, context: [])


def takes_a_test_for_cleaned(patch: pytest.MonkeyPatch) -> None:
    """What is left of a step that was begun is taken for done."""
    resumes.instead(patch, cleanup, "_each", lambda right, context, what: [])


# -- the way back


def _does_not_undo(patch: pytest.MonkeyPatch, kind: str) -> None:
    right = rollback.UNDO[kind]
    resumes.know(patch)

    def undone(context, effect):
        if not context.resumed:
            right.undo(context, effect)

    patch.setitem(rollback.UNDO, kind, rollback.UndoAction(undone, right.noun))


def leaves_the_source_stopped(patch: pytest.MonkeyPatch) -> None:
    _does_not_undo(patch, "stop")


def leaves_the_volumes_promoted(patch: pytest.MonkeyPatch) -> None:
    _does_not_undo(patch, "promote")


def leaves_the_replication_turned(patch: pytest.MonkeyPatch) -> None:
    _does_not_undo(patch, "link")


def rolls_back_forwards(patch: pytest.MonkeyPatch) -> None:
    """A rollback that begins with what was done first."""
    patch.setattr(rollback, "reversed", iter, raising=False)


def names_no_leftovers(patch: pytest.MonkeyPatch) -> None:
    """A rollback that gives up, and says nothing of what is left."""
    patch.setattr(
        rollback,
        "named",
        lambda context, effect, why: [Leftover("", "", "", "", why)],
    )


# -- who asked for it


def begins_again_by_itself(patch: pytest.MonkeyPatch) -> None:
    """What was rolled back after a restart is tried once more."""

    def again(right, context, leftovers, in_error):
        before = copy.deepcopy(context.state)
        right(context, leftovers, in_error=in_error)
        if in_error:
            return
        old = context.operation
        id_ = f"op-{uuid.UUID(old.id[3:]).int ^ 1:032x}"
        record = dataclasses.replace(
            old.record,
            id=id_,
            status="pending",
            steps_completed=[],
            steps_failed=[],
            result_data=None,
            completed_at=None,
        )
        state = dataclasses.replace(
            before,
            lineage=id_,
            announced=True,
            snapshot_id=None,
            stopped=None,
            undo_until=None,
            stale=None,
        )
        with context.site.db.transaction() as tx:
            operations.add(
                tx,
                operations.Operation(
                    id_,
                    old.project_id,
                    old.group_id,
                    old.type,
                    old.request_id,
                    record,
                    state,
                ),
            )

    resumes.instead(patch, cleanup_source, "end_rollback", again)


def forgets_old_requests(patch: pytest.MonkeyPatch) -> None:
    """A request that comes again is known while its operation runs."""
    right = operations.by_request

    def running(*asked):
        found = right(*asked)
        return None if found is None or found.finished else found

    patch.setattr(operations, "by_request", running)


def does_not_ask_the_peer(patch: pytest.MonkeyPatch) -> None:
    """A resume that does not ask whether the peer has moved on."""
    patch.setattr(Executor, "_ask_superseded", lambda self, context: None)
