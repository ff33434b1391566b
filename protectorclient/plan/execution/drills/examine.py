"""What a drill does with the test of a group before it is removed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from protectorclient import exceptions
from protectorclient.plan.execution import probing
from protectorclient.plan.execution.scripts import Script, Task, until
from protectorclient.plan.execution.state import GroupState
from protectorclient.plan.file import model
from protectorclient.probes import run as probes

if TYPE_CHECKING:
    from protectorclient.plan.execution.context import Context

T = TypeVar("T")


class Interruption(Exception):
    """The drill was interrupted while something was asked."""


def group(context: Context, one: GroupState) -> Script[str | None]:
    """Ask the probes, compare the instances, run the commands that judge.

    :returns: why the test is not what it should be; a sentence, or None.
    """
    try:
        found = yield from _Examination(context, one).run()
    except Interruption:
        return "interrupted before all was examined"
    return found


class _Examination:
    def __init__(self, context: Context, one: GroupState) -> None:
        assert context.state.drill is not None
        self._context, self._group = context, one
        self._options = context.state.drill
        wave = next(each for each in context.waves if each.name == one.wave)
        self._probes: Sequence[str] = (
            *self._options.probes,
            *wave.probes,
            *one.entry.probes,
        )
        self._commands: Sequence[model.Hook] = (
            *self._options.verify,
            *wave.verify,
            *one.entry.verify,
        )

    def run(self) -> Script[str | None]:
        context, one = self._context, self._group
        if context.state.interrupted:
            raise Interruption
        context.write("examining", group=one.id)
        why = [
            f"check {found['id']}: {found['message']}"
            for found in one.drill.findings
            if found["severity"] == "problem"
        ]
        # both at once: what is compared must not make the answer late
        looking = context.tools.pool.submit(self._look)
        comparing: Task[Any] | None = None
        if self._options.fidelity:
            compare = context.tools.compare
            comparing = context.tools.pool.submit(
                lambda: compare(context.pair, one.operation_id)
            )
        why += yield from self._probed(looking)
        if comparing is not None:
            why += yield from self._compared(comparing)
        for command in self._commands:
            why += yield from self._judge(command)
        return "; ".join(why) or None

    def _done(self, task: Task[T]) -> Script[T]:
        """Wait for a task, and no longer than until an interruption."""
        state = self._context.state
        yield from until(lambda: task.is_over() or state.interrupted)
        if not task.is_over():
            raise Interruption
        return task.result()

    def _look(self) -> probes.Report:
        context, one = self._context, self._group
        pace = context.tools.pace
        return context.tools.look(
            context.pair,
            one,
            context.records.get(one.operation_id or ""),
            self._probes,
            timeout=self._options.probe_timeout,
            since=one.drill.posted_at(context.mark()),
            clock=pace.clock,
            sleep=pace.sleep,
        )

    def _probed(self, task: Task[probes.Report]) -> Script[list[str]]:
        context, one = self._context, self._group
        try:
            report = yield from self._done(task)
        except exceptions.ProtectorError as error:
            context.write(
                "probed",
                group=one.id,
                passed=False,
                results=[],
                error=str(error),
            )
            return [f"its instances cannot be asked: {error}"]
        results = probing.results_of(report)
        failed = [each for each in results if not each["passed"]]
        context.write(
            "probed",
            group=one.id,
            passed=not failed,
            results=results,
            active_seconds=report.active_seconds,
            answered_seconds=report.answered_seconds,
            instances=[list(one) for one in report.instances],
            **context.mark(),
        )
        if not failed:
            return []
        first = failed[0]
        what = f"{first.get('member', '')} {first.get('probe', '')}".strip()
        return [f"a probe failed: {what}: {first['detail']}"]

    def _compared(self, task: Task[Any]) -> Script[list[str]]:
        found = yield from self._done(task)
        self._context.write("compared", group=self._group.id, **found)
        if found.get("new"):
            count = found["new"]
            nouns = "attribute differs" if count == 1 else "attributes differ"
            return [f"{count} {nouns} from the source"]
        if found.get("error"):
            return [f"it is not compared with its source: {found['error']}"]
        return []

    def _judge(self, command: model.Hook) -> Script[list[str]]:
        """Run a command; its exit status is the verdict."""
        context, one = self._context, self._group
        task = context.tools.pool.submit(functools.partial(self._run, command))
        try:
            result = yield from self._done(task)
        except exceptions.ProtectorError as error:
            context.write(
                "verified",
                group=one.id,
                run=list(command.run),
                passed=False,
                error=str(error),
            )
            return [f"{command.run[0]} was not run: {error}"]
        context.write(
            "verified",
            group=one.id,
            run=list(command.run),
            passed=result.is_good,
            status=result.status,
            seconds=result.seconds,
            output=result.output,
            error=result.error,
        )
        return [] if result.is_good else [f"verify: {result.error}"]

    def _run(self, command: model.Hook) -> Any:
        context, one = self._context, self._group
        record = context.records.get(one.operation_id or "")
        if record is None:
            record, _ = context.pair.anew().operation(one.operation_id or "")
        given = context.tools.instances(
            context.pair, one.id, record, one.site or ""
        )
        run: Callable[..., Any] = context.tools.run_hook
        return run(
            command,
            given,
            run_id=context.state.run_id,
            attempt=1,
            folder=context.tools.folder,
            more={
                "PROTECTOR_GROUP": one.name,
                "PROTECTOR_GROUP_ID": one.id,
                "PROTECTOR_OPERATION_ID": one.operation_id or "",
            },
        )
