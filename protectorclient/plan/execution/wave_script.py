"""What a run does with one wave: its checks, its gate, its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protectorclient.exit_codes import ExitCode
from protectorclient.plan.execution import group_script
from protectorclient.plan.execution.ends import outcome
from protectorclient.plan.execution.preflight import check_wave
from protectorclient.plan.execution.scripts import Script, done, until
from protectorclient.plan.execution.state import GroupState, GroupStatus
from protectorclient.plan.file import model, order

if TYPE_CHECKING:
    from protectorclient.plan.execution.context import Context

#: A group in one of these was not moved; those that need it are not either.
_NOT_MOVED = (
    GroupStatus.FAILED,
    GroupStatus.SKIPPED,
    GroupStatus.UNKNOWN,
    GroupStatus.MOVED_BACK,
)


class WaveScript:
    """The script of one wave of a run.

    :param number: of the wave, among those of this use of the plan.
    """

    def __init__(self, runner: Context, number: int) -> None:
        self._runner = runner
        self._wave = runner.waves[number]
        self._own = runner.state.waves[self._wave.name]
        self._needs = order.needs_of(runner.waves, number)

    def run(self) -> Script[None]:
        """Go through the wave, from where its journal has left it."""
        self._runner.live.add(self._wave.name)
        try:
            yield from self._run()
        finally:
            self._runner.live.discard(self._wave.name)

    def _run(self) -> Script[None]:
        own, runner = self._own, self._runner
        yield from until(lambda: runner.is_stopped or self._may_enter())
        if own.phase == "open":
            # taken up again: those that have not begun are checked again
            yield from self._check()
        elif not own.is_over:
            yield from self._enter()
        if own.phase == "open":
            yield from self._move_groups()
        yield from self._leave()

    def _groups(self) -> list[GroupState]:
        return self._runner.state.of_wave(self._wave.name)

    def _may_enter(self) -> bool:
        waves = self._runner.state.waves
        return all(waves[name].is_over for name in self._needs)

    # -- before its groups

    def _enter(self) -> Script[None]:
        """Check the groups, ask at the gate, run the hooks; open the wave."""
        wave, own, runner = self._wave, self._own, self._runner
        if not runner.is_stopped and own.gate is None:
            yield from self._check()
        if wave.gate is not None and not runner.is_stopped:
            yield from self._pass_gate(wave.gate)
            yield from self._check()
        if runner.is_stopped:
            return
        why = yield from self._hooks("before")
        if why is not None and not wave.critical:
            self._give_up(why)
        elif not runner.is_stopped:
            runner.write("wave-began", wave=wave.name)

    def _hooks(self, occasion: str) -> Script[str | None]:
        """Run hooks of the wave; one that fails stops a critical wave."""
        wave, runner = self._wave, self._runner
        why = yield from runner.hooks(
            f"wave {wave.name}",
            wave.hooks,
            occasion,
            outcome.summary(runner.state, wave.name),
        )
        if why is not None and wave.critical:
            runner.stop(why, ExitCode.SOME_FAILED)
        return why

    def _give_up(self, why: str) -> None:
        """Skip the groups of an optional wave whose hook fails."""
        for one in self._groups():
            if one.status is GroupStatus.WAITING:
                self._runner.write(
                    "group-ended",
                    group=one.id,
                    status=GroupStatus.SKIPPED,
                    why=why,
                )
        self._runner.write("wave-ended", wave=self._wave.name, phase="failed")

    def _check(self) -> Script[None]:
        """Check what has not begun; stop where a critical group is blocked."""
        wave, runner = self._wave, self._runner
        waiting = [
            one for one in self._groups() if one.status is GroupStatus.WAITING
        ]
        if not waiting or runner.is_stopped:
            return
        if runner.state.unplanned:
            yield from runner.prove_death(waiting)
            if runner.is_stopped:
                return
        # what was known at the wave before may not hold any more
        runner.forget(wave.name)
        task = runner.tools.pool.submit(
            lambda: check_wave(
                runner.pair_of(wave.name),
                runner.state,
                wave,
                waiting,
                runner.site_ids,
            )
        )
        found = yield from done(task)
        if runner.is_stopped:
            return
        runner.write(
            "checked",
            wave=wave.name,
            blocked=found.blocked,
            warnings=found.warnings,
        )
        for identity, findings in found.findings.items():
            runner.write("findings", group=identity, findings=findings)
        for one in waiting:
            why = found.blocked.get(one.name)
            if why is None:
                continue
            if runner.state.is_critical(one):
                runner.stop(
                    f"wave '{wave.name}', group {one.name}: {why}",
                    ExitCode.PROBLEM,
                )
            else:
                runner.write(
                    "group-ended",
                    group=one.id,
                    status=GroupStatus.SKIPPED,
                    why=why,
                    code=int(ExitCode.PROBLEM),
                )

    def _pass_gate(self, gate: model.Gate) -> Script[None]:
        wave, own, runner = self._wave, self._own, self._runner
        yield from runner.ask(wave.name, gate)
        if own.gate != "yes" and not runner.is_stopped:
            runner.stop(
                f"the gate of wave '{wave.name}' is not approved"
                f" ({own.gate_by})",
                ExitCode.NOT_CONFIRMED,
            )

    # -- its groups

    def _move_groups(self) -> Script[None]:
        """Begin groups as places get free, and wait for all of them."""
        while not self._is_over_time():
            self._begin()
            self._skip_dependents()
            if self._is_complete():
                return
            yield self._has_changed

    def _has_changed(self) -> bool:
        return (
            self._is_complete() or self._is_over_time() or bool(self._next())
        )

    def _begin(self) -> None:
        for one in self._next():
            self._runner.begun.add(one.id)
            self._runner.active.add(one.id)
            script = group_script.run(self._runner, one)
            self._runner.scheduler.add(script)

    def _next(self) -> list[GroupState]:
        """Return the groups that can begin now; first what runs already."""
        runner = self._runner
        groups = [
            one
            for one in self._groups()
            if one.id not in self._runner.begun and not one.status.is_over
        ]
        found = [one for one in groups if one.status.is_under_way]
        if runner.is_stopped:
            return found
        most = (
            self._wave.parallel or runner.state.form.parallel or model.PARALLEL
        )
        free = most - self._under_way() - len(found)
        ready = [
            one
            for one in groups
            if one.status is GroupStatus.WAITING and self._may_begin(one)
        ]
        return found + ready[: max(0, free)]

    def _under_way(self) -> int:
        return sum(one.id in self._runner.active for one in self._groups())

    def _may_begin(self, group: GroupState) -> bool:
        return all(
            one.status is GroupStatus.DONE
            for one in self._runner.state.needed_by(group)
        )

    def _skip_dependents(self) -> None:
        """Skip groups that need one that has not moved."""
        for one in self._groups():
            if one.status is not GroupStatus.WAITING:
                continue
            for other in self._runner.state.needed_by(one):
                if other.status in _NOT_MOVED:
                    self._runner.write(
                        "group-ended",
                        group=one.id,
                        status=GroupStatus.SKIPPED,
                        why=f"it needs {other.name}, which has not moved",
                    )
                    break

    def _is_complete(self) -> bool:
        """Return whether nothing of the wave runs or can begin."""
        runner = self._runner
        for one in self._groups():
            if one.id in runner.active and not self._is_late(one):
                return False
            if one.id in self._runner.begun or one.status.is_over:
                continue
            if one.status.is_under_way or not runner.is_stopped:
                return False
        return True

    # -- its time

    def _is_over_time(self) -> bool:
        """Stop where the wave, or the plan, takes too long."""
        runner, wave = self._runner, self._wave
        limit = runner.state.form.timeout
        if (
            wave.timeout
            and runner.has_taken(self._own.began_at) >= wave.timeout
        ):
            what, over = f"wave '{wave.name}'", wave.timeout
        elif limit and runner.has_taken(runner.state.began_at) >= limit:
            what, over = "the plan", limit
        else:
            return False
        runner.stop(
            f"{what} takes longer than {over:g} s; its operations go on",
            ExitCode.RUNNING,
        )
        return True

    def _is_late(self, group: GroupState) -> bool:
        """Stop where the operation of a group takes too long."""
        limit, runner = group.entry.timeout, self._runner
        if (
            not limit
            or group.status is not GroupStatus.RUNNING
            or runner.has_taken(group.began_at) < limit
        ):
            return False
        runner.stop(
            f"group {group.name} takes longer than {limit:g} s; its"
            f" operation {group.operation_id} goes on",
            ExitCode.RUNNING,
        )
        return True

    # -- after its groups

    def _leave(self) -> Script[None]:
        own, wave, runner = self._own, self._wave, self._runner
        if own.is_over:
            return
        why: str | None = None
        groups = self._groups()
        all_over = all(one.status.is_over for one in groups)
        failed = any(
            one.status in (GroupStatus.FAILED, GroupStatus.UNKNOWN)
            and runner.state.is_critical(one)
            for one in groups
        )
        if own.phase == "open" and all_over:
            why = yield from self._hooks("on_failure" if failed else "after")
        phase = "failed" if failed else "done"
        # a wave whose hook has stopped the run is not over: a resume runs
        # the hook again
        if not all_over or (why is not None and wave.critical):
            phase = "stopped"
        runner.write("wave-ended", wave=wave.name, phase=phase)
