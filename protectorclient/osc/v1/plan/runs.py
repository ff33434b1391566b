"""``protector plan run``, ``resume``, ``watch``, and orders to a run."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, prompts
from protectorclient.osc.v1.drill import run as drills
from protectorclient.osc.v1.plan import options
from protectorclient.osc.v1.plan.asking import (
    RunInterrupted,
    terminal,
    what_happens,
)
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.plan.execution.events import Event
    from protectorclient.plan.execution.state import RunState


def _output(run: RunState) -> columns.Output:
    """Return the groups of a run as rows."""
    from protectorclient.plan import timing

    titles = ("Wave", "Group", "Status", "Took", "Operation", "Why")
    return titles, [
        (
            one.wave,
            one.name,
            str(one.status),
            columns.Text(timing.took(one)),
            columns.Text(one.operation_id),
            columns.Text(one.why),
        )
        for one in run.groups.values()
    ]


def _follow(
    command: command.Command,
    path: pathlib.Path,
    happening: Iterator[Event],
) -> columns.Output:
    """Write what happens in a run; return its groups when it is over."""
    from protectorclient.osc.live import plan_lines
    from protectorclient.plan.execution import events, fold

    names: dict[str, str] = {}
    code: int | None = None
    try:
        for event in happening:
            if not names and path.exists():
                run = fold.read(path)
                names = {one.id: one.name for one in run.groups.values()}
            if isinstance(event, events.RunEnded):
                code = int(event.fields["code"])
            line = plan_lines.text(event, names)
            if line is None:
                continue
            if isinstance(event, events.Stopped):
                command.report(line)
            else:
                command.info(line)
            if isinstance(event, events.GateOpened):
                command.next(_fill(commands.APPROVE_PLAN, path))
    except KeyboardInterrupt as error:
        if not names:
            raise RunInterrupted(
                "interrupted; nothing was begun", command.again()
            ) from error
        raise RunInterrupted(
            "interrupted; operations that were begun go on",
            _fill(commands.RESUME_PLAN, path),
        ) from error
    except exceptions.ProtectorError as error:
        if names:
            error.then(_fill(commands.RESUME_PLAN, path))
        raise
    run = fold.read(path)
    if code is not None:
        command.outcome = ExitCode(code)
    if command.outcome is not ExitCode.OK:
        command.afterwards.append(lambda: _advise(command, run, path))
    return _output(run)


def _advise(
    command: command.Command, run: RunState, path: pathlib.Path
) -> None:
    """Write what goes on from here."""
    from protectorclient.plan.execution.state import GroupStatus

    for one in run.groups.values():
        if one.status is GroupStatus.FAILED:
            command.next(
                fill(commands.RETRY_PLAN, journal=str(path), group=one.name),
                fill(commands.SKIP_PLAN, journal=str(path), group=one.name),
            )
            break
    command.next(_fill(commands.RESUME_PLAN, path))


def _fill(line: Any, path: pathlib.Path) -> Any:
    return fill(line, journal=str(path))


class RunPlan(command.Lister):
    """Run a recovery plan

    Waves begin in order, and the groups of a wave move side by side. Each
    act is in the journal before it is done; a run that was killed goes on
    with plan resume. The exit status is 3 if a check blocks a group, 5 if
    the primary answers, 8 if the time is over, 13 if a gate is not
    approved, and 14 if some groups have failed or were skipped.
    """

    nouns = "groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_file(parser)
        options.add_action(parser)
        parser.add_argument(
            "--journal",
            metavar="<path>",
            help="Write the journal here (default: FILE.RUN-ID.jsonl)",
        )
        parser.add_argument(
            "--retain-primary",
            action="store_true",
            help="Leave the primary's instances running in a test failover",
        )
        parser.add_argument(
            "--reverse-replication",
            action="store_true",
            help="Replicate to the other site again after a failback",
        )
        parser.add_argument(
            "--reason", metavar="<text>", help="Keep this with the operations"
        )
        parser.add_argument(
            "--yes",
            action="store_true",
            help="Do not ask for the plan's name on a terminal",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        import uuid

        from protectorclient.plan.execution import begin
        from protectorclient.plan.execution.context import Tools

        unplanned = options.is_unplanned(parsed_args)
        found = options.load(self, parsed_args.plan)
        self._say_whether_verified(parsed_args.plan, found)
        run_id = uuid.uuid4().hex[:12]
        path = pathlib.Path(
            parsed_args.journal or begin.default_path(parsed_args.plan, run_id)
        )
        folder = pathlib.Path(parsed_args.plan).resolve().parent
        tools = Tools(ask=terminal(self), folder=str(folder))
        try:
            return _follow(
                self,
                path,
                begin.begin(
                    self.pair,
                    found,
                    action=options.ACTIONS[parsed_args.action],
                    unplanned=unplanned,
                    journal=path,
                    run_id=run_id,
                    options={
                        "reason": parsed_args.reason,
                        "retain_primary": parsed_args.retain_primary,
                        "reverse_replication": (
                            parsed_args.reverse_replication
                        ),
                    },
                    tools=tools,
                    confirm=lambda run: self._confirm(parsed_args, run),
                ),
            )
        except PlanProblem as error:
            options.report_problems(self, error)
            raise

    def _say_whether_verified(self, path: str, found: Any) -> None:
        from protectorclient.plan import verify

        checked = verify.verification(path, found)
        if checked.state != "verified":
            self.warn(f"{path}: {checked}")

    def _confirm(self, parsed_args: argparse.Namespace, run: RunState) -> None:
        """Show what the whole plan moves, and ask for its name."""
        name = run.plan.name
        how = ", unplanned" if run.unplanned else ""
        self.info(f"{run.action} of plan {name}{how}:")
        for wave in run.waves:
            groups = ", ".join(one.name for one in run.of_wave(wave))
            self.info(f"  {wave}: {groups}")
        if parsed_args.yes or not prompts.on_terminal():
            return
        if run.action == "test_failover" and parsed_args.retain_primary:
            return
        known = self.pair.reads.groups().value
        said = what_happens(
            [one for one in known if one.id in run.groups],
            run.unplanned,
            datetime.datetime.now(datetime.UTC),
        )
        prompts.for_name(name, said, self.app.stderr)


class ResumePlan(command.Lister):
    """Go on with the run of a plan from its journal

    A copy of the journal is enough. Both sites are read first; if somebody
    else has moved a group since, the command ends with 5, and --adopt goes
    on with the groups as they are. A drill removes its tests in the end.
    """

    nouns = "groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_journal(parser)
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="Go on although a group is not as the journal has it",
        )
        drills.add_resuming(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.plan.execution import begin
        from protectorclient.plan.execution.context import Tools

        path = pathlib.Path(parsed_args.journal)
        if drills.is_drill(path):
            return drills.resume(self, parsed_args, path)
        folder = path.resolve().parent
        tools = Tools(ask=terminal(self), folder=str(folder))
        return _follow(
            self,
            path,
            begin.resume(
                self.pair, path, adopt=parsed_args.adopt, tools=tools
            ),
        )


class WatchPlan(command.Command):
    """Watch the run of a plan from its journal

    On a terminal the command draws waves, groups and gates in place;
    elsewhere it writes a line for each event, or with --events a JSON
    object. No site is asked. The exit status is that of the run, and 8
    if no runner goes on with it.
    """

    #: Pauses between two looks; tests give their own.
    sleep: Callable[[float], object] = staticmethod(time.sleep)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_journal(parser)
        parser.add_argument(
            "--events",
            action="store_true",
            help="Write each event as one line of JSON",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.osc.live import display

        path = pathlib.Path(parsed_args.journal)
        try:
            if not parsed_args.events and display.may_draw(
                self, self.app.stdout
            ):
                self._draw(path)
            else:
                self._write_lines(path, parsed_args.events)
        except KeyboardInterrupt as error:
            raise RunInterrupted("no longer watching; the run goes on") from (
                error
            )

    def _draw(self, path: pathlib.Path) -> None:
        from protectorclient.osc.live import plan_frame, screen
        from protectorclient.plan.execution import fold

        held = [fold.read(path)]

        def draw(width: int, height: int, signs: Any, footer: bool) -> Any:
            now = datetime.datetime.now(datetime.UTC)
            return plan_frame.frame(held[0], now, width, height, footer=footer)

        with screen.Screen(draw, self.app.stdout):
            while not self._is_over(path, held[0]):
                self.sleep(1.0)
                held[0] = fold.read(path)

    def _write_lines(self, path: pathlib.Path, as_events: bool) -> None:
        from protectorclient.osc.live import plan_lines
        from protectorclient.plan.execution import events, fold, journal

        seen = 0
        while True:
            entries = list(journal.read(path))
            run = fold.fold(iter(entries), str(path))
            names = {one.id: one.name for one in run.groups.values()}
            for entry in entries[seen:]:
                event = events.of(entry)
                if as_events:
                    self.app.stdout.write(f"{plan_lines.as_json(event)}\n")
                    continue
                line = plan_lines.text(event, names)
                if line is not None:
                    self.write(f"{str(entry['at'])[:19]}Z {line}")
            self.app.stdout.flush()
            seen = len(entries)
            if self._is_over(path, run):
                return
            self.sleep(1.0)

    def _is_over(self, path: pathlib.Path, run: RunState) -> bool:
        from protectorclient.plan.execution import fold, journal
        from protectorclient.plan.execution.ends import outcome

        if run.ended_at is not None:
            self.outcome = outcome.exit_code(run)
            return True
        if journal.is_running(path):
            return False
        # it may have ended between the two looks
        again = fold.read(path)
        if again.ended_at is not None:
            self.outcome = outcome.exit_code(again)
            return True
        self.outcome = ExitCode.RUNNING
        self.report("no runner goes on with this run")
        self.next(_fill(commands.RESUME_PLAN, path))
        return True
