"""Remove the tests of a drill, however the drill has ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protectorclient import durations, exceptions
from protectorclient.mapping.model import drill_of
from protectorclient.plan.execution import history
from protectorclient.plan.execution.drills.options import reason
from protectorclient.plan.execution.scripts import Script, until
from protectorclient.plan.execution.state import GroupState, GroupStatus
from protectorclient.plan.file import model
from protectorclient.polling.events import Outcome

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import (
        PreparedAction,
        StartedOperation,
    )
    from protectorclient.plan.execution.context import Context

#: Seconds before it is tried again: the first time, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


#: What is the same at the next try.
_FINAL = (
    exceptions.BadRequest,
    exceptions.Forbidden,
    exceptions.NotFound,
    exceptions.VersionNotSupported,
)


def send(action: PreparedAction) -> StartedOperation:
    """Send an action of a drill; where the service knows no reasons, without
    one.

    A request that was refused has begun nothing.
    """
    try:
        return action.send()
    except exceptions.BadRequest:
        # some say no more than that
        if action.options.get("reason") is None:
            raise
    options = {**action.options, "reason": None}
    return dataclasses.replace(action, options=options).send()


def clean(context: Context) -> Script[None]:
    """Remove the test of each group of the drill, the last wave first.

    A test that cannot be removed is named in the journal, and tried again
    by the next resume.
    """
    left = [
        one
        for wave in reversed(context.waves)
        for one in context.state.of_wave(wave.name)
        if one.drill.result is None or one.drill.result == "failed"
    ]
    scripts = _CleanUp(context)
    most = context.state.form.parallel or model.PARALLEL
    under_way: list[str] = []

    def one_by_one(one: GroupState) -> Script[None]:
        try:
            yield from scripts.group(one)
        finally:
            under_way.remove(one.id)

    for one in left:
        yield from until(lambda: len(under_way) < most)
        under_way.append(one.id)
        context.scheduler.add(one_by_one(one))
    yield from until(lambda: not under_way)


def _rest(clock: Callable[[], float], seconds: float) -> Script[None]:
    end = clock() + seconds
    yield from until(lambda: clock() >= end)


class _CleanUp:
    #: Whether the last try has met what no other try changes.
    _is_final = False

    def __init__(self, context: Context) -> None:
        self._context = context

    def group(self, one: GroupState) -> Script[None]:
        context = self._context
        if one.request_id is None:
            # nothing was ever sent for it
            return
        if one.status is GroupStatus.FAILED and one.operation_id is None:
            # the service has refused it: nothing was built
            context.write("cleaned", group=one.id, result="nothing")
            return
        if one.status is GroupStatus.RUNNING and one.operation_id and one.site:
            # a limit of time is over: what runs cannot be removed yet
            yield from until(context.follow(one.operation_id, one.site))
        if self._stays(one):
            context.write("cleaned", group=one.id, result="kept")
            return
        began = context.tools.pace.clock()
        pause = FIRST_PAUSE
        while True:
            why = yield from self._once(one)
            if why is None:
                return
            context.write("clean-failed", group=one.id, why=why)
            clock = context.tools.pace.clock
            if (
                self._is_final
                or clock() - began >= durations.CLEAN_UP_PATIENCE
            ):
                context.write(
                    "cleaned", group=one.id, result="failed", why=why
                )
                return
            yield from _rest(clock, pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _stays(self, one: GroupState) -> bool:
        """Return whether the test stays for somebody who looks at it."""
        state = self._context.state
        return (
            state.drill is not None
            and state.drill.keep_on_failure
            and not state.interrupted
            and one.status is GroupStatus.FAILED
            and one.outcome == Outcome.COMPLETED.value
        )

    def _once(self, one: GroupState) -> Script[str | None]:
        """Try once.

        :returns: why the test is still there; None where it is not.
        """
        context, state = self._context, self._context.state
        drill, self._is_final = one.drill, False
        # one that was begun, and whose end nobody has seen, is asked first
        attempt = drill.attempt
        if not attempt or drill.error is not None or drill.result:
            attempt += 1
        site = one.site or ""
        request_id = state.request_id(
            one.id, "back-test_cleanup", site, attempt
        )
        context.write(
            "clean-posting",
            group=one.id,
            attempt=attempt,
            request_id=request_id,
        )
        task = context.tools.pool.submit(lambda: self._send(one, request_id))
        yield from until(task.is_over)
        try:
            found = task.result()
        except exceptions.NothingToClean:
            left = yield from self._networks_left(one)
            context.write("cleaned", group=one.id, **self._nothing(one, left))
            return None
        except exceptions.ProtectorError as error:
            self._is_final = isinstance(error, _FINAL)
            return str(error)
        identity = found.operation.id
        context.write(
            "clean-started",
            group=one.id,
            operation_id=identity,
            site=found.site,
        )
        yield from until(context.follow(identity, found.site))
        end = context.ends[identity]
        if end.operation is not None:
            context.write(
                "operation", group=one.id, record=end.operation.to_dict()
            )
        if end.outcome is not Outcome.COMPLETED:
            said = (end.operation and end.operation.error_message) or str(
                end.error or ""
            )
            return f"{identity} is {end.outcome.value}: {said}"
        left = yield from self._networks_left(one)
        if left:
            return f"networks of the test are still there: {', '.join(left)}"
        context.write(
            "cleaned", group=one.id, result="removed", operation_id=identity
        )
        return None

    def _networks_left(self, one: GroupState) -> Script[list[str]]:
        """Return the networks that still have the tag of an isolated test.

        A site that does not say it now has told its engine before.
        """
        context, drill = self._context, self._context.state.drill
        line = one.drill.operations.get(one.operation_id or "")
        if drill is None or not drill.isolated or line is None:
            return []
        target = str(line["record"].get("target_site_id"))

        def ask() -> list[str]:
            # a finder keeps the answers that it got
            handles = context.pair.anew().handles
            site = next(
                (o for o in handles if context.site_id(o.name) == target), None
            )
            return [
                str(network.get("name"))
                for network in (site.finder.every_network() if site else ())
                if drill_of(network) == one.operation_id
            ]

        task = context.tools.pool.submit(ask)
        yield from until(task.is_over)
        try:
            return task.result()
        except exceptions.ProtectorError:
            return []

    def _nothing(self, one: GroupState, left: list[str]) -> dict[str, Any]:
        """Say what the service means by having nothing to clean up."""
        if not left and one.outcome == Outcome.LEFTOVERS.value:
            line = one.drill.operations.get(one.operation_id or "") or {}
            result = (line.get("record") or {}).get("result_data") or {}
            left = [str(each) for each in result.get("leftovers") or ()]
        if left:
            return {
                "result": "failed",
                "why": f"{one.operation_id} has left something behind",
                "left": list(left),
            }
        return {"result": "nothing"}

    def _send(self, one: GroupState, request_id: str) -> history.SiteOperation:
        context = self._context
        own = history.find(context.pair, context.site_id, one.id, [request_id])
        if own is not None:
            return own
        verdict = "pass" if one.status is GroupStatus.DONE else "fail"
        if one.why:
            verdict += f": {one.why}"
        prepared = context.pair.anew().prepare(
            "test_cleanup",
            one.id,
            reason=reason(context.state.run_id, verdict),
        )
        started = send(dataclasses.replace(prepared, request_id=request_id))
        return history.SiteOperation(
            started.operation, context.site_id(started.site.name)
        )
