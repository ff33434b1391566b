"""``--probe``: ask the application of the rebuilt instances."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import PROBES_TIMEOUT, span
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import options
from protectorclient.osc.v1 import _wait

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.pair.moves.action import StartedOperation
    from protectorclient.probes.run import Report, Result, Target
    from protectorclient.probes.spec import Probe
    from protectorclient.records.operation import Operation

#: The fields that the record has more.
FIELDS = ("operation_seconds", "active_seconds", "answered_seconds", "probes")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--probe",
        metavar="[<members>=]<probe>",
        action="append",
        default=[],
        help="Ask the rebuilt instances when the operation has completed: "
        "tcp:PORT, http:[NAME:]PORT/PATH[=TEXT], https:... , "
        "https+insecure:... (the certificate is not checked) or "
        "console=TEXT; members are a shell pattern of their names, as in "
        "'web-?=tcp:443' (repeat for several; exit status 3 if one fails)",
    )
    parser.add_argument(
        "--probe-file",
        metavar="<file>",
        help="Read probes from this file of YAML or JSON: lines of a pattern "
        "of members and a probe, or a list of them",
    )
    parser.add_argument(
        "--probe-timeout",
        metavar="<duration>",
        type=options.duration,
        help="Ask for this long (default: 5m)",
    )


def wanted(parsed_args: argparse.Namespace) -> tuple[Probe, ...]:
    """Return what is asked, of the options and the file.

    :raises UsageProblem: one is wrong, or they are there without --wait.
    """
    texts, file = parsed_args.probe, parsed_args.probe_file
    if not (texts or file):
        if parsed_args.probe_timeout is not None:
            raise exceptions.UsageProblem("--probe-timeout goes with --probe")
        return ()
    from protectorclient.probes import spec

    found = spec.parse_all(texts)
    if file:
        found = tuple(dict.fromkeys((*found, *spec.load(file))))
    if not parsed_args.wait:
        raise exceptions.UsageProblem("--probe goes with --wait")
    return found


def ask(
    command: Command,
    parsed_args: argparse.Namespace,
    probes: tuple[Probe, ...],
    started: StartedOperation,
    operation: Operation,
    *,
    since: float,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Mapping[str, object]:
    """Ask the rebuilt instances, and say how each has answered.

    :param since: the moment of the request, by the clock.
    :returns: more fields of the operation's record.
    """
    from protectorclient.probes import run, sandbox

    done = round(clock() - since, 1)
    where = started.prepared.located.other
    try:
        targets, found = _targets(started, operation)
    except exceptions.ProtectorError as error:
        command.report(f"problem: nothing was probed: {error}")
        command.outcome = ExitCode.PROBLEM
        return {"operation_seconds": done, "probes": []}
    finder, kept = where.finder, [found]

    def servers() -> Sequence[Mapping[str, Any]]:
        """List them; the first time they are known already."""
        return kept.pop() if kept else finder.servers()

    asking = run.Run(
        targets,
        probes,
        servers=servers,
        console=finder.console_output,
        since=since,
        dial=sandbox.dial(where.access.instances),
        clock=clock,
        sleep=sleep,
    )
    timeout = parsed_args.probe_timeout
    try:
        report = asking.until(
            PROBES_TIMEOUT if timeout is None else timeout,
            functools.partial(_say, command),
        )
    except KeyboardInterrupt:
        report = asking.report()
        command.trouble = _wait.WaitInterrupted(
            f"interrupted; {operation.operation_type} {operation.id} has"
            " completed, and not all probes have been answered",
            fill(commands.SHOW_OPERATION, operation=operation.id),
        )
    _sum_up(command, operation, done, report)
    if not report.all_answer or report.inactive:
        command.outcome = ExitCode.PROBLEM
    return {
        "operation_seconds": done,
        "active_seconds": report.active_seconds,
        "answered_seconds": report.answered_seconds,
        "probes": [one.to_dict() for one in report.results],
    }


def _targets(
    started: StartedOperation, operation: Operation
) -> tuple[list[Target], Sequence[Mapping[str, Any]]]:
    """Find the instances that the operation has built, among all there."""
    from protectorclient.pair.reads import rebuilt
    from protectorclient.probes import console, run

    located = started.prepared.located
    asked = located.asked.anew()
    document = asked.facts(started.site.name).document(located.group.id)
    servers = asked.facts(located.other.name).servers
    found = rebuilt.find(
        operation,
        document,
        located.site_ids[located.current.name],
        located.site_ids[located.other.name],
        servers,
    )
    named = set(rebuilt.named(operation))
    targets = [
        run.Target(
            one.name,
            str(one.server["id"]) if one.server else None,
            is_new=one.server is not None
            and console.is_new(
                one.server.get("created"),
                operation.started_at,
                named=str(one.server["id"]) in named,
            ),
        )
        for one in found
    ]
    return targets, servers


def _say(command: Command, one: Result) -> None:
    if one.result == "answers" and one.seconds is not None:
        command.info(
            f"{one.member} {one.probe}: answers after {span(one.seconds)}"
        )
    elif one.result == "answers":
        command.info(f"{one.member} {one.probe}: answers")
    else:
        what = "not known" if one.result == "not_known" else "no answer"
        command.report(
            f"problem: {one.member} {one.probe}: {what}: {one.detail}"
        )


def _sum_up(
    command: Command, operation: Operation, done: float, report: Report
) -> None:
    for unused in report.unused:
        command.report(f"problem: no member fits the probe {unused}")
    for member, status in report.inactive.items():
        command.report(f"problem: {member} is not ACTIVE: {status}")

    for member in report.stopped:
        command.info(f"{member} is SHUTOFF: nothing answers there")

    def after(seconds: float | None) -> str:
        return "not known" if seconds is None else span(seconds)

    command.info(
        f"{operation.operation_type} done: {after(done)}; instances ACTIVE:"
        f" {after(report.active_seconds)}; application answers:"
        f" {after(report.answered_seconds)}"
    )
