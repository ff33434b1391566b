"""``protector drill run``."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import shlex
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import HOOK_TIMEOUT, PROBES_TIMEOUT
from protectorclient.escape import ShellCommand, fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options, prompts, signals
from protectorclient.osc.v1 import _mappings
from protectorclient.osc.v1.evidence import options as reports
from protectorclient.osc.v1.plan import options as plan_options
from protectorclient.osc.v1.plan.asking import RunInterrupted, terminal
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.plan.execution.context import Tools
    from protectorclient.plan.execution.drills.options import DrillOptions
    from protectorclient.plan.execution.events import Event
    from protectorclient.plan.execution.state import RunState

HEADERS = ("Wave", "Group", "Verdict", "Took", "Operation", "Test", "Why")


def add_examination(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how each test is examined."""
    parser.add_argument(
        "--probe",
        metavar="[<members>=]<probe>",
        action="append",
        default=[],
        help="Ask the test instances, as protection-group test-failover "
        "--probe does (repeat for several)",
    )
    parser.add_argument(
        "--probe-timeout",
        metavar="<duration>",
        type=options.duration,
        default=PROBES_TIMEOUT,
        help="Ask for this long (default: 5m)",
    )
    parser.add_argument(
        "--verify-command",
        metavar="<command>",
        action="append",
        default=[],
        help="Run this program, without a shell, for each group; it gets the "
        "test instances as a list of JSON on standard input, and its exit "
        "status is the verdict (repeat for several)",
    )
    parser.add_argument(
        "--verify-timeout",
        metavar="<duration>",
        type=options.duration,
        default=HOOK_TIMEOUT,
        help="End a command that takes longer (default: 1m)",
    )
    parser.add_argument(
        "--no-fidelity",
        action="store_true",
        help="Do not compare the test instances with their sources",
    )
    parser.add_argument(
        "--isolated",
        action="store_true",
        help="Build the tests in networks of their own, of the same ranges "
        "and without a router",
    )
    reports.add_report(parser)
    parser.add_argument(
        "--reason", metavar="<text>", help="Keep this with the operations"
    )


def wanted(
    parsed_args: argparse.Namespace, *, keep: bool = False
) -> DrillOptions:
    """Return what the options ask for.

    :raises UsageProblem: one is wrong.
    """
    from protectorclient.plan.execution.drills.options import DrillOptions
    from protectorclient.plan.file.model import Hook
    from protectorclient.probes import spec

    spec.parse_all(parsed_args.probe)
    return DrillOptions(
        probes=tuple(parsed_args.probe),
        probe_timeout=parsed_args.probe_timeout,
        verify=tuple(
            Hook(_split(one), parsed_args.verify_timeout)
            for one in parsed_args.verify_command
        ),
        keep_on_failure=keep,
        isolated=parsed_args.isolated,
        fidelity=not parsed_args.no_fidelity,
    )


def _split(text: str) -> tuple[str, ...]:
    try:
        found = tuple(shlex.split(text))
    except ValueError as error:
        raise exceptions.UsageProblem(
            f"--verify-command '{text}': {error}"
        ) from error
    if not found:
        raise exceptions.UsageProblem("--verify-command is empty")
    return found


class RunDrill(command.Lister):
    """Drill one group, or all groups of a recovery plan

    The command checks, builds the tests, examines them, removes them, and
    reports: also after Ctrl-C and SIGTERM. Plan resume goes on with a drill
    that was killed. The exit status is 3 if a check blocks the group, or a
    probe, a comparison or a command that judges it fails; 10 if its test
    failover failed; 11 if a test could not be removed; and 14 if some of
    several groups have not passed.
    """

    nouns = "groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="?",
            help="Protection group (name or ID)",
        )
        parser.add_argument(
            "--plan",
            metavar="<file>",
            help="Drill all groups of this plan (a file of YAML)",
        )
        parser.add_argument(
            "--journal",
            metavar="<path>",
            help="Write the journal here (default: drill-RUN-ID.jsonl, or "
            "FILE.RUN-ID.jsonl)",
        )
        primary = parser.add_mutually_exclusive_group()
        primary.add_argument(
            "--retain-primary",
            action="store_true",
            help="Leave the primary's instances running (default)",
        )
        primary.add_argument(
            "--quiesce-primary",
            action="store_true",
            help="Stop the primary's instances until the tests are removed",
        )
        parser.add_argument(
            "--keep-on-failure",
            action="store_true",
            help="Leave the test of a group that fails; test-cleanup removes "
            "it",
        )
        add_examination(parser)
        options.add_mappings(parser)
        options.add_mapping_file(parser)
        options.add_yes(parser)

    #: What runs the drill; tests give their own.
    tools: Callable[..., Tools] | None = None

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        import uuid

        from protectorclient.drill import begin
        from protectorclient.plan.execution import begin as runs

        group, file = parsed_args.protection_group, parsed_args.plan
        if (group is None) == (file is None):
            raise exceptions.UsageProblem(
                "give a protection group, or --plan FILE"
            )
        chosen = wanted(parsed_args, keep=parsed_args.keep_on_failure)
        found = None if file is None else plan_options.load(self, file)
        run_id = uuid.uuid4().hex[:12]
        path = pathlib.Path(
            parsed_args.journal
            or (
                f"drill-{run_id}.jsonl"
                if file is None
                else runs.default_path(file, run_id)
            )
        )
        given = _mappings.given(parsed_args)
        folder = pathlib.Path(file).resolve().parent if file else None
        follower = Follower(self, parsed_args, path)
        try:
            happening = begin.begin(
                self.pair,
                group,
                plan=found,
                journal=path,
                options=chosen,
                retain_primary=not parsed_args.quiesce_primary,
                mappings=begin.Mappings(
                    given["network_mapping"],
                    given["flavor_mapping"],
                    given["mapping_file"],
                ),
                reason=parsed_args.reason,
                run_id=run_id,
                tools=follower.tools(self.tools, folder),
                confirm=lambda run: self._confirm(parsed_args, run),
            )
            return follower.follow(happening)
        except PlanProblem as error:
            plan_options.report_problems(self, error)
            raise

    def _confirm(self, parsed_args: argparse.Namespace, run: RunState) -> None:
        """Say what a drill stops, and ask."""
        stops = parsed_args.quiesce_primary
        names = [one.name for one in run.groups.values()]
        self.info(f"drill {run.run_id} of {', '.join(names)}")
        if not stops:
            self.info("production goes on")
            return
        said = (
            f"The instances of {len(names)} groups"
            if len(names) > 1
            else f"The instances of {names[0]}"
        )
        said += " are stopped at the primary until the tests are removed."
        self.report(said)
        if not parsed_args.yes and prompts.on_terminal():
            prompts.for_yes(f"{said} Stop them?", self.app.stderr)


def add_resuming(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``plan resume`` that are for drills."""
    reports.add_report(parser)
    parser.add_argument(
        "--only-clean",
        action="store_true",
        help="Of a drill: examine nothing more, and remove its tests",
    )


def is_drill(path: pathlib.Path) -> bool:
    """Return whether a journal is that of a drill."""
    from protectorclient.plan.execution import fold

    return fold.read(path).drill is not None


def resume(
    command: command.Command,
    parsed_args: argparse.Namespace,
    path: pathlib.Path,
) -> columns.Output:
    """Go on with a drill from its journal."""
    from protectorclient.drill import begin

    follower = Follower(command, parsed_args, path)
    return follower.follow(
        begin.resume(
            command.pair,
            path,
            only_clean=parsed_args.only_clean,
            adopt=parsed_args.adopt,
            tools=follower.tools(None, path.resolve().parent),
        )
    )


class Follower:
    """Writes what happens in a drill, and hears Ctrl-C.

    :param parsed_args: with the options of a report.
    :param path: the journal; a timer knows it later.
    :raises EvidenceProblem: the report cannot be written where it is to be.
    """

    def __init__(
        self,
        command: command.Command,
        parsed_args: argparse.Namespace,
        path: pathlib.Path | None = None,
    ) -> None:
        self._command, self.path = command, path
        self._writer = reports.writer(parsed_args)
        self._noted: Callable[[], bool] = lambda: False
        self._names: dict[str, str] = {}

    def tools(
        self,
        made: Callable[..., Tools] | None,
        folder: pathlib.Path | None,
    ) -> Tools:
        """Return what the runner uses of the world outside."""
        from protectorclient.plan.execution.context import Tools

        return (made or Tools)(
            ask=terminal(self._command),
            folder=str(folder) if folder else None,
            interrupted=lambda: self._noted(),
        )

    def follow(self, happening: Iterator[Event]) -> columns.Output:
        """Write it; return the groups as rows."""
        command = self._command
        try:
            with contextlib.ExitStack() as stack:
                for event in happening:
                    self._hear(event, stack)
        except KeyboardInterrupt as error:
            if not self._names:
                raise RunInterrupted(
                    "interrupted; nothing was begun", command.again()
                ) from error
            raise RunInterrupted(
                "interrupted twice; what was built may still be there",
                self._resuming(),
            ) from error
        except exceptions.ProtectorError as error:
            if self._names:
                error.then(self._resuming())
            raise
        self._report()
        return self._output()

    def _report(self) -> None:
        """Write the report; that it cannot be written is no exit status."""
        if self.path is None:
            return
        if self._writer is None:
            from protectorclient.evidence.sources.sites import Sites

            reports.warn_of_skew(self._command, Sites(self._command.pair).skew)
            return
        from protectorclient.drill import record

        found = record.of_journal(self._command.pair, self.path)
        try:
            self._writer.write(self._command, found)
        except exceptions.ProtectorError as error:
            self._command.warn(f"there is no report: {error}")

    def _resuming(self) -> ShellCommand:
        return fill(commands.RESUME_PLAN, journal=str(self.path))

    def _hear(self, event: Event, stack: contextlib.ExitStack) -> None:
        from protectorclient.osc.live import plan_lines
        from protectorclient.plan.execution import events

        command = self._command
        if not self._names:
            run = self._state()
            self._names = {one.id: one.name for one in run.groups.values()}
            # from here on there is something to remove
            self._noted = stack.enter_context(signals.noting())
        if isinstance(event, events.RunEnded):
            command.outcome = ExitCode(int(event.fields["code"]))
        line = plan_lines.text(event, self._names)
        if line is None:
            return
        urgent = isinstance(event, events.Stopped) or (
            isinstance(event, events.Cleaned)
            and event.fields["result"] in ("failed", "kept")
        )
        (command.report if urgent else command.info)(line)

    def _state(self) -> RunState:
        from protectorclient.plan.execution import fold

        assert self.path is not None
        return fold.read(self.path)

    def _output(self) -> columns.Output:
        from protectorclient.plan import timing

        if self.path is None:
            return HEADERS, []
        run, command = self._state(), self._command
        left = [
            one
            for one in run.groups.values()
            if one.drill.result in ("failed", "kept")
            or "test-cleanup" in (one.why or "")
        ]
        for one in left:
            command.afterwards.append(
                lambda name=one.name: command.next(  # type: ignore[misc]
                    fill(commands.TEST_CLEANUP, group=name)
                )
            )
        return HEADERS, [
            (
                one.wave,
                one.name,
                verdict(one),
                columns.Text(timing.took(one)),
                columns.Text(one.operation_id),
                columns.Text(one.drill.result),
                columns.Text(one.why or one.drill.error),
            )
            for one in run.groups.values()
        ]


def verdict(one: Any) -> str:
    """Return the verdict of a group of a drill, in a word."""
    from protectorclient.plan.execution.state import GroupStatus

    if one.drill.result == "failed":
        return "failed"
    if one.status is GroupStatus.SKIPPED and one.code is not None:
        # a check has kept it back
        return "failed"
    return {
        GroupStatus.DONE: "passed",
        GroupStatus.FAILED: "failed",
        GroupStatus.SKIPPED: "skipped",
        GroupStatus.UNKNOWN: "not known",
    }.get(one.status, "not drilled")
