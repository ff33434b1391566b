"""Run a plan: waves in order, groups side by side, each act in the journal.

One thread decides and writes; what takes time runs in others. The runner
can be killed at any instant: what is in the journal and at the two sites is
all that the next one needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from protectorclient.exit_codes import ExitCode
from protectorclient.plan.execution import events, orders
from protectorclient.plan.execution.context import Context
from protectorclient.plan.execution.drills import cleaning
from protectorclient.plan.execution.ends import outcome, rollback
from protectorclient.plan.execution.scripts import Script, until
from protectorclient.plan.execution.state import GroupState, GroupStatus
from protectorclient.plan.execution.wave_script import WaveScript
from protectorclient.polling import events as polling
from protectorclient.polling import poller
from protectorclient.records.operation import Operation

#: Seconds between two looks, while no operation runs.
TICK = 0.25


class Runner(Context):
    """Runs a plan from its journal."""

    #: Whether the waves may begin.
    _is_entered = False

    # -- the loop

    def run(self) -> Iterator[events.Event]:
        """Run to the end of the plan; yield what happens.

        :raises JournalNotWritten: a line is not on disk; operations go on.
        """
        self.scheduler.add(self._plan())
        while not self.scheduler.is_over:
            fresh = self._look()
            yield from self._drain()
            if self.scheduler.is_over:
                break
            if not fresh:
                self.tools.pace.sleep(TICK)
                continue
            followed = poller.follow(
                fresh,
                self._fetch,
                pace=self.tools.pace,
                find_new=self._look,
                find_outcome=self._outcome,
                cancelled=lambda: self.scheduler.is_over,
            )
            for event in followed:
                self._hear(event)
                yield from self._drain()
            yield from self._drain()
        yield from self._drain()

    def _drain(self) -> Iterator[events.Event]:
        while self.news:
            yield self.news.popleft()

    def _look(self) -> list[poller.Key]:
        """Carry out orders, go on with the scripts, return what runs."""
        if not self.state.interrupted and self.tools.interrupted():
            self.interrupt()
        self._take_orders()
        self.scheduler.run()
        if self.scheduler.is_over:
            return []
        return [
            key
            for operation_id, key in self.keys.items()
            if operation_id not in self.ends
        ]

    def _fetch(self, site: str, ids: Sequence[str]) -> Mapping[str, Operation]:
        return self.handle(site).client.operations.fetch(ids)

    def _outcome(self, site: str, operation: Operation) -> polling.Outcome:
        return self.handle(site).client.operations.outcome(operation)

    def _hear(self, event: polling.Event) -> None:
        if isinstance(event, polling.Ended):
            self.ends[event.key.operation_id] = event
        elif isinstance(event, polling.Changed):
            record = event.operation
            self.records[record.id] = record
            self._note_steps(record)
            self.announce(
                events.Progressed,
                group=record.protection_group_id,
                operation_id=record.id,
                progress=record.progress,
                step=record.steps_completed[-1]
                if record.steps_completed
                else None,
            )
        elif isinstance(event, polling.Lost):
            self.announce(events.SiteLost, site=event.site, why=event.reason)
        elif isinstance(event, polling.Regained):
            self.announce(
                events.SiteRegained, site=event.site, seconds=event.seconds
            )

    def _note_steps(self, record: Operation) -> None:
        """Have the journal of a drill say when each step was done."""
        group = self.state.groups.get(record.protection_group_id or "")
        if self.state.drill is None or group is None:
            return
        fresh = [
            step
            for step in record.steps_completed
            if (record.id, step) not in group.drill.steps
        ]
        for number, step in enumerate(fresh, 1):
            # of several at once, nobody saw the first ones end
            self.write(
                "step",
                group=group.id,
                operation_id=record.id,
                step=step,
                is_seen=number == len(fresh),
            )

    def interrupt(self) -> None:
        """Begin nothing more; a drill examines nothing more, and removes
        its tests."""
        self.write("interrupted")
        self.stop("interrupted", ExitCode.INTERRUPTED)

    # -- orders

    def _take_orders(self) -> None:
        for given in orders.read(self.journal.path):
            if given.key in self.state.orders_done:
                continue
            self.write(
                "order",
                verb=given.verb,
                subject=given.subject,
                attempt=given.attempt,
                reason=given.reason,
                by=given.by,
                given_at=given.at,
            )
            self._carry_out(given)

    def _carry_out(self, given: orders.Order) -> None:
        if given.verb == "approve":
            self._approve(given)
            return
        group = self.state.groups.get(given.subject)
        if group is None:
            return
        if given.verb == "skip" and not (
            group.status.is_under_way or group.status is GroupStatus.DONE
        ):
            why = f"skipped by {given.by}: {given.reason}"
            self.write(
                "group-ended",
                group=group.id,
                status=GroupStatus.SKIPPED,
                why=why,
            )
        elif (
            given.verb == "retry"
            and self.state.drill is None
            and group.status.can_be_retried
        ):
            self._retry(group)

    def _approve(self, given: orders.Order) -> None:
        wave = self.state.waves.get(given.subject)
        if wave is None:
            return
        if wave.gate is None:
            self.answer(given.subject, "yes", given.by, given.reason)
        elif wave.back_gate is not None and given.attempt:
            self.write(
                "rollback-answered",
                wave=wave.name,
                answer="yes",
                by=given.by,
                reason=given.reason,
            )

    def _retry(self, group: GroupState) -> None:
        """Have a group moved once more, by the script of its wave."""
        self.write("retry", group=group.id, attempt=group.attempt + 1)
        self.begun.discard(group.id)
        # somebody may have mended what it failed for
        self.forget(group.wave)
        if self._is_entered:
            self._begin_waves()

    def _begin_waves(self) -> None:
        """Begin the script of each wave that is not over and has none."""
        self._is_entered = True
        for number, wave in enumerate(self.waves):
            if (
                wave.name not in self.live
                and not self.state.waves[wave.name].is_over
            ):
                self.scheduler.add(WaveScript(self, number).run())

    # -- the plan

    def _plan(self) -> Script[None]:
        plan, state = self.state.plan, self.state
        self._stop_again()
        if state.unplanned and not self.is_stopped:
            yield from self.prove_death(list(state.groups.values()))
        if not self.is_stopped:
            why = yield from self.hooks(
                "plan", plan.hooks, "before", outcome.summary(state)
            )
            if why is not None:
                self.stop(why, ExitCode.SOME_FAILED)
        self._begin_waves()
        yield from until(self._waves_are_over)
        self._is_entered = False
        failed = self.is_stopped or not self._is_good()
        if failed and self._wants_rollback():
            yield from rollback.roll_back(self)
        if state.drill is not None:
            yield from self._remove_tests()
        occasion = "on_failure" if failed else "after"
        why = yield from self.hooks(
            "plan", plan.hooks, occasion, outcome.summary(state)
        )
        if why is not None:
            self.stop(why, ExitCode.SOME_FAILED)
        self.write(
            "ended",
            code=int(outcome.exit_code(state)),
            counts=outcome.counts(state),
        )
        # operations that have taken too long go on without a runner
        self.scheduler.stop()

    def _remove_tests(self) -> Script[None]:
        """Remove what the drill has built; run the hooks for after it."""
        yield from cleaning.clean(self)
        document = outcome.summary(self.state)
        groups = self.state.groups.values()
        scopes = [
            *((f"group {one.name}", one.entry.hooks) for one in groups),
            *((f"wave {one.name}", one.hooks) for one in self.waves),
            ("plan", self.state.plan.hooks),
        ]
        for scope, given in scopes:
            yield from self.hooks(scope, given, "after_cleanup", document)

    def _stop_again(self) -> None:
        """Stop where a critical group has failed and nobody retries it."""
        if self.state.form.on_failure == "continue" or self.is_stopped:
            return
        for one in self.state.groups.values():
            if one.status is GroupStatus.FAILED and self.state.is_critical(
                one
            ):
                self.stop(
                    f"group {one.name} has failed before: {one.why}. Retry"
                    " it, or skip it",
                    ExitCode.SOME_FAILED,
                )
                return

    def _waves_are_over(self) -> bool:
        return all(one.is_over for one in self.state.waves.values())

    def _is_good(self) -> bool:
        return all(
            one.status is GroupStatus.DONE
            for one in self.state.groups.values()
        )

    def _wants_rollback(self) -> bool:
        state = self.state
        return (
            state.form.on_failure == "rollback"
            and not state.unplanned
            and any(
                one.status is GroupStatus.FAILED
                and self.state.is_critical(one)
                for one in state.groups.values()
            )
        )
