"""What a run does with one group: its action, its probes, its hooks."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode, code_for
from protectorclient.plan.execution import history
from protectorclient.plan.execution.drills import cleaning, examine
from protectorclient.plan.execution.ends import outcome
from protectorclient.plan.execution.preflight import mapping_of
from protectorclient.plan.execution.scripts import Script, done, until
from protectorclient.plan.execution.state import GroupState, GroupStatus
from protectorclient.polling.events import Ended, Outcome

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import (
        PreparedAction,
        StartedOperation,
    )
    from protectorclient.plan.execution.context import Context

#: The exit status of an operation that ended so.
_CODES = {
    Outcome.PARTIAL: ExitCode.LEFTOVERS,
    Outcome.ROLLED_BACK: ExitCode.ROLLED_BACK,
    Outcome.LEFTOVERS: ExitCode.LEFTOVERS,
    Outcome.OTHER: ExitCode.LEFTOVERS,
    Outcome.RUNNING: ExitCode.RUNNING,
    Outcome.UNKNOWN: ExitCode.UNKNOWN,
}


def run(context: Context, group: GroupState) -> Script[None]:
    """Move a group, and do what belongs to it.

    Who begins it has put the group among `Context.active`.
    """
    try:
        yield from _GroupScript(context).move(group)
    finally:
        context.active.discard(group.id)


class _GroupScript:
    def __init__(self, runner: Context) -> None:
        self._runner = runner

    def move(self, group: GroupState) -> Script[None]:
        runner = self._runner
        scope = f"group {group.name}, attempt {group.attempt}"
        given = group.entry.hooks
        if group.status is GroupStatus.WAITING:
            if given.before:
                error = yield from runner.hooks(
                    scope, given, "before", self._document(group)
                )
                if error is not None:
                    self._not_begun(group, error)
                    return
            if runner.is_stopped or group.status is not GroupStatus.WAITING:
                # an order may have skipped it meanwhile
                return
        if group.status in (GroupStatus.WAITING, GroupStatus.POSTING):
            yield from self._start(group)
        if group.status is GroupStatus.RUNNING:
            assert group.operation_id is not None and group.site is not None
            yield from until(runner.follow(group.operation_id, group.site))
            self._note_end(group, runner.ends[group.operation_id])
        failed = group.status is not GroupStatus.CLOSING
        why: str | None = "a probe failed"
        if not failed and runner.state.drill is not None:
            why = yield from examine.group(runner, group)
            failed = why is not None
        elif not failed:
            failed = not (yield from self._probe(group))
        if group.status in (GroupStatus.WAITING, GroupStatus.SKIPPED):
            return
        error = yield from runner.hooks(
            scope,
            given,
            "on_failure" if failed else "after",
            self._document(group),
        )
        if not failed and error is not None:
            failed = True
            self._end(group, GroupStatus.FAILED, error, ExitCode.SOME_FAILED)
        elif not failed:
            runner.write(
                "group-ended", group=group.id, status=GroupStatus.DONE
            )
        elif group.status is GroupStatus.CLOSING:
            self._end(group, GroupStatus.FAILED, str(why), ExitCode.PROBLEM)
        if failed and runner.state.is_critical(group):
            self._on_failure(group)

    def _not_begun(self, group: GroupState, why: str) -> None:
        """Stop before a critical group whose hook fails; a resume runs the
        hook again. Give an optional group up."""
        if self._runner.state.is_critical(group):
            self._runner.stop(why, ExitCode.SOME_FAILED)
        elif group.status is GroupStatus.WAITING:
            self._end(group, GroupStatus.FAILED, why, ExitCode.SOME_FAILED)

    def _on_failure(self, group: GroupState) -> None:
        runner = self._runner
        if runner.state.form.on_failure == "continue":
            return
        runner.stop(
            f"group {group.name} of wave '{group.wave}' failed: {group.why}",
            ExitCode.SOME_FAILED,
        )

    # -- its operation

    def _start(self, group: GroupState) -> Script[None]:
        """Start the group's operation, or find that it was started."""
        runner, state = self._runner, self._runner.state
        task = runner.tools.pool.submit(lambda: self._prepare(group))
        yield from until(task.is_over)
        try:
            own, prepared = task.result()
        except (exceptions.PrimaryAnswers, exceptions.NotProvenDead) as error:
            runner.primary_answers(error)
            return
        except exceptions.ProtectorError as error:
            self._refused(group, error)
            return
        certain = (
            state.drill is not None and group.status is GroupStatus.POSTING
        )
        if runner.is_stopped and own is None and not certain:
            return
        if group.status is GroupStatus.SKIPPED:
            return
        # a drill that was cut while it sent a request sends it again, under
        # the same id: only then is it certain what is to be removed
        if own is not None:
            self._adopt(group, own)
            return
        assert prepared is not None
        site = runner.site_id(prepared.site.name)
        request_id = state.request_id(
            group.id, state.action, site, group.attempt
        )
        runner.write(
            "posting",
            group=group.id,
            attempt=group.attempt,
            request_id=request_id,
            site=site,
            action=state.action,
            **runner.mark(),
        )
        action = dataclasses.replace(prepared, request_id=request_id)
        sending = runner.tools.pool.submit(lambda: self._send(group, action))
        yield from until(sending.is_over)
        try:
            found = sending.result()
        except exceptions.ProtectorError as error:
            self._refused(group, error)
            return
        runner.write(
            "started",
            group=group.id,
            operation_id=found.operation.id,
            site=found.site,
        )

    def _prepare(
        self, group: GroupState
    ) -> tuple[history.SiteOperation | None, PreparedAction | None]:
        """Look for an operation of the run's own; else prepare one."""
        own = self._own(group)
        if own is not None:
            return own, None
        state = self._runner.state
        options = state.options
        return None, self._runner.pair_of(group.wave).prepare(
            state.action,
            group.id,
            unplanned=state.unplanned,
            mapping_file=mapping_of(state, group),
            retain_primary=bool(options.get("retain_primary")),
            reverse_replication=bool(options.get("reverse_replication")),
            reason=options.get("reason"),
            isolated=state.drill is not None and state.drill.isolated,
        )

    def _own(self, group: GroupState) -> history.SiteOperation | None:
        """Return the operation that this attempt has started already."""
        state = self._runner.state
        sites = history.sites_of(state)
        return self._find(group, state.request_ids(group, sites))

    def _find(
        self, group: GroupState, wanted: Collection[str]
    ) -> history.SiteOperation | None:
        """Return the operation of a group that has one of the request ids."""
        runner = self._runner
        return history.find(
            runner.pair,
            runner.site_id,
            group.id,
            wanted,
            unplanned=runner.state.unplanned,
        )

    def _started(self, started: StartedOperation) -> history.SiteOperation:
        site = self._runner.site_id(started.site.name)
        return history.SiteOperation(started.operation, site)

    def _send(
        self, group: GroupState, action: PreparedAction
    ) -> history.SiteOperation:
        try:
            is_drill = self._runner.state.drill is not None
            started = cleaning.send(action) if is_drill else action.send()
        except exceptions.Conflict:
            # another runner of this journal was faster
            own = self._own(group)
            if own is None:
                raise
            return own
        return self._started(started)

    def _adopt(self, group: GroupState, own: history.SiteOperation) -> None:
        self._runner.write(
            "posting",
            group=group.id,
            attempt=group.attempt,
            request_id=own.operation.request_id,
            site=own.site,
            action=self._runner.state.action,
            found=True,
        )
        self._runner.write(
            "started",
            group=group.id,
            operation_id=own.operation.id,
            site=own.site,
        )

    def _refused(
        self, group: GroupState, error: exceptions.ProtectorError
    ) -> None:
        unknown = isinstance(error, exceptions.OutcomeUnknown)
        self._end(
            group,
            GroupStatus.UNKNOWN if unknown else GroupStatus.FAILED,
            str(error),
            code_for(error),
        )

    def _note_end(self, group: GroupState, end: Ended) -> None:
        runner = self._runner
        if runner.state.drill is not None and end.operation is not None:
            runner.write(
                "operation",
                group=group.id,
                record=end.operation.to_dict(),
                **runner.mark(),
            )
        if end.outcome is Outcome.COMPLETED:
            runner.write("moved", group=group.id, outcome=end.outcome.value)
            return
        unknown = end.outcome in (Outcome.UNKNOWN, Outcome.RUNNING)
        record = end.operation
        why = f"its operation {end.key.operation_id} {_ENDINGS[end.outcome]}"
        said = (record and record.error_message) or (
            str(end.error) if end.error else ""
        )
        self._end(
            group,
            GroupStatus.UNKNOWN if unknown else GroupStatus.FAILED,
            f"{why}: {said}" if said else why,
            _CODES[end.outcome],
            outcome=end.outcome.value,
        )

    def _end(
        self,
        group: GroupState,
        status: GroupStatus,
        why: str,
        code: int,
        **more: Any,
    ) -> None:
        self._runner.write(
            "group-ended",
            group=group.id,
            status=status,
            why=why,
            code=int(code),
            **more,
        )

    # -- its applications

    def _probe(self, group: GroupState) -> Script[bool]:
        """Make the probes of a group; they end its move."""
        runner = self._runner
        wave = next(one for one in runner.waves if one.name == group.wave)
        wanted = (*wave.probes, *group.entry.probes)
        if not wanted:
            return True
        probe = runner.tools.probe
        record = runner.records.get(group.operation_id or "")
        task = runner.tools.pool.submit(
            lambda: probe(runner.pair, group, record, wanted)
        )
        results = yield from done(task)
        failed = [one for one in results if not one.get("passed")]
        runner.write(
            "probed", group=group.id, passed=not failed, results=list(results)
        )
        return not failed

    def _document(self, group: GroupState) -> dict[str, Any]:
        """Return a group and its operation as a document for hooks."""
        record = self._runner.records.get(group.operation_id or "")
        return {
            **outcome.summary(self._runner.state, group.wave),
            "group": {"id": group.id, "name": group.name},
            "attempt": group.attempt,
            "operation": record.to_dict() if record is not None else None,
        }


#: What a message says of the end of an operation.
_ENDINGS = {
    Outcome.PARTIAL: "could not rebuild every member",
    Outcome.ROLLED_BACK: "failed and was rolled back",
    Outcome.LEFTOVERS: "failed and left something behind",
    Outcome.OTHER: "ended in a status that is not known",
    Outcome.RUNNING: "still runs",
    Outcome.UNKNOWN: "has no known end",
}
