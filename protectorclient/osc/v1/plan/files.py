"""``protector plan init``, ``check``, ``show`` and ``render``."""

from __future__ import annotations

import argparse
import os
import pathlib
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import span
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command
from protectorclient.osc.v1.plan import options
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.plan.execution.state import RunState
    from protectorclient.plan.file.model import Plan
    from protectorclient.preflight.findings import Finding, Report


class InitPlan(command.Command):
    """Write a first recovery plan from the protected groups

    The plan has all groups in one wave, and the mappings that names and
    address ranges suggest. Edit it before it is used.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "plan", metavar="<file>", help="File to write; it must not exist"
        )
        parser.add_argument(
            "--name", metavar="<name>", help="Name of the plan"
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.plan import draft

        path = pathlib.Path(parsed_args.plan)
        answer = self.pair.reads.groups()
        for warning in answer.warnings:
            self.warn(warning)
        if not answer.value:
            raise exceptions.NotFound("there is no protection group")
        name = parsed_args.name or path.stem
        mapping, left = draft.suggest(self.pair, answer.value)
        for sentence in left:
            self.warn(f"not mapped: {sentence}")
        text = draft.draft(name, answer.value, mapping, left)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise PlanProblem(
                f"cannot write {path}: {error.strerror}"
            ) from error
        self.info(f"{path} holds {len(answer.value)} groups")
        self.next(fill(commands.CHECK_PLAN, plan=str(path)))


class CheckPlan(command.Lister):
    """Check all groups of a recovery plan

    The command checks each group as protection-group check does, and
    changes nothing at the sites. A table shows what is not ok; the other
    formats show every check. A plan without a problem is marked as
    verified, in a file beside it. The exit status is 3 if there is a
    problem, and 4 if there are warnings only and --strict is given.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_file(parser)
        options.add_action(parser)
        parser.add_argument(
            "--strict",
            action="store_true",
            help="End with exit status 4 if there are warnings only",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.osc.v1 import _findings
        from protectorclient.plan import verify
        from protectorclient.preflight import run

        unplanned = options.is_unplanned(parsed_args)
        found = options.load(self, parsed_args.plan)
        before = verify.verification(parsed_args.plan, found)
        self.info(f"{parsed_args.plan}: {before}")
        for line in before.difference:
            self.info(line)
        report = verify.check(
            self.pair,
            found,
            action=options.ACTIONS[parsed_args.action],
            unplanned=unplanned,
        )
        findings = [one for each in report.reports for one in each.findings]
        self.outcome = run.exit_code(findings, parsed_args.strict)
        if report.problems:
            self.outcome = ExitCode.PROBLEM
        for problem in report.problems:
            self.report(problem)
        if self.outcome is not ExitCode.PROBLEM:
            self._mark(parsed_args.plan, found)
        _findings.report_below(self, parsed_args, list(report.reports))
        wide = parsed_args.formatter != "table"
        show = _findings.data if wide else _findings.rows
        headers, _ = show(())
        title = ("wave", "protection_group")
        return (*(title if wide else ("Wave", "Group")), *headers), [
            (wave, each.group, *row)
            for wave, reports in report.waves
            for each in reports
            for row in show(each.findings if wide else _worth(each))[1]
        ]

    def _mark(self, path: str, found: Plan) -> None:
        from protectorclient.plan import verify

        try:
            verify.mark(path, found)
        except OSError as error:
            self.warn(
                f"{verify.path_of(path)} cannot be written:"
                f" {error.strerror}; the plan is not marked as verified"
            )


def _worth(report: Report) -> tuple[Finding, ...]:
    """Return what a person has to read: forty groups have 1,700 findings."""
    from protectorclient.preflight.findings import Finding, Severity

    bad = tuple(
        one for one in report.findings if one.severity is not Severity.OK
    )
    if bad:
        return bad
    count = len(report.findings)
    return (Finding("all", Severity.OK, "both", f"all {count} checks are ok"),)


class ShowPlan(command.Lister):
    """Show the order of a recovery plan, or how a run of it went

    Of a plan the command shows waves and groups; of the journal of a run it
    also shows what each group took, and the chain of groups that the run
    waited for longest. No site is asked.
    """

    nouns = "groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "plan",
            metavar="<file>",
            help="Plan, or journal of a run (a file)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.plan.execution import fold

        path = pathlib.Path(parsed_args.plan)
        if path.suffix == ".jsonl" or _is_journal(path):
            run = fold.read(path)
            return self._journal(run)
        return self._plan(parsed_args.plan)

    def _plan(self, path: str) -> columns.Output:
        from protectorclient.plan import verify

        found = options.load(self, path)
        checked = verify.verification(path, found)
        self.info(f"{found.name}: {checked}")
        for line in checked.difference:
            self.info(line)
        titles = ("Wave", "Group", "Critical", "Needs", "Limit", "Only")
        return titles, [
            (
                wave.name,
                entry.name,
                wave.critical and entry.critical,
                ", ".join(entry.needs),
                span(limit)
                if (limit := entry.timeout or wave.timeout)
                else "",
                ", ".join(entry.only or wave.only),
            )
            for wave, entry in found.entries()
        ]

    def _journal(self, run: RunState) -> columns.Output:
        from protectorclient.plan import timing

        self.info(
            f"{run.plan.name}: {run.action}, begun at"
            f" {_second(run.began_at)} by {run.began_by}"
        )
        if run.stop is not None:
            self.info(f"nothing more is begun: {run.stop[0]}")
        chain = timing.critical_path(run)
        if chain:
            self.afterwards.append(
                lambda: self.info(f"critical path: {timing.text(chain)}")
            )
        titles = (
            "Wave",
            "Group",
            "Status",
            "Began",
            "Took",
            "Limit",
            "Operation",
            "Why",
        )
        return titles, [
            (
                one.wave,
                one.name,
                str(one.status),
                columns.Text(one.began_at and _second(one.began_at)),
                columns.Text(timing.took(one)),
                columns.Text(timing.limit(run, one)),
                columns.Text(one.operation_id),
                columns.Text(one.why),
            )
            for one in run.groups.values()
        ]


def _second(stamp: str) -> str:
    """Leave the fraction of a second of a journal's time out."""
    return f"{stamp[:19]}Z"


def _is_journal(path: pathlib.Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(5) == b'{"n":'
    except OSError:
        return False


class RenderPlan(command.Command):
    """Write a recovery plan as a runbook with plain commands

    For a day when this tool is not at hand: the same steps in the same
    order, as Markdown or HTML on standard output. The groups that fit a
    pattern are asked for at the sites; without an answer the pattern stands
    for them.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_file(parser)
        options.add_action(parser)
        parser.add_argument(
            "--to",
            choices=("markdown", "html"),
            default="markdown",
            help="Write this form (default: markdown)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.plan import render

        unplanned = options.is_unplanned(parsed_args)
        found = options.load(self, parsed_args.plan)
        action = options.ACTIONS[parsed_args.action]
        placed: tuple[Any, ...] = ()
        if any(entry.is_pattern for _, entry in found.entries()):
            placed = self._placed(found, action)
        title = f"{found.name}: {parsed_args.action}"
        if unplanned:
            title += ", unplanned"
        chapters = render.chapters(found, placed, action, unplanned)
        write = render.as_html if parsed_args.to == "html" else render.markdown
        self.app.stdout.write(write(title, chapters))

    def _placed(self, found: Plan, action: str) -> tuple[Any, ...]:
        from protectorclient.plan.execution import begin

        try:
            resolved = begin.place(self.pair, found, action)
        except exceptions.ProtectorError as error:
            self.warn(f"the patterns stand as they are: {error}")
            return ()
        for problem in resolved.problems:
            self.warn(problem)
        return resolved.placed
