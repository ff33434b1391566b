"""Run ``--check`` and ``--dry-run`` of the commands that start operations."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns
from protectorclient.osc.v1 import _findings

if TYPE_CHECKING:
    from protectorclient._http.dry_run import OutgoingRequest
    from protectorclient.osc.command import Command
    from protectorclient.pair.guards import Expect
    from protectorclient.pair.moves.action import PreparedAction
    from protectorclient.preflight.run import Parameters


def is_wanted(parsed_args: argparse.Namespace) -> bool:
    """Return whether the command only checks, and sends nothing."""
    return bool(parsed_args.check or parsed_args.dry_run)


def expected(parsed_args: argparse.Namespace) -> Expect:
    """Return what the options ``--expect-*`` require."""
    from protectorclient.pair.guards import Expect

    return Expect(
        primary=parsed_args.expect_primary,
        version=parsed_args.expect_version,
        max_recovery_point_age=parsed_args.max_recovery_point_age,
    )


def show(
    command: Command,
    parsed_args: argparse.Namespace,
    purpose: str,
    wanted: Parameters,
    prepare: Callable[[], PreparedAction],
    report_impact: Callable[[PreparedAction], object] = lambda action: None,
) -> columns.Output:
    """Make the checks, and with ``--dry-run`` show the request too.

    :param purpose: what is checked, as ``--for`` takes it.
    :param wanted: what the action would be given.
    :param prepare: makes the action ready.
    :param report_impact: writes what the action moves and loses.
    """
    from protectorclient.preflight import run

    if parsed_args.check:
        command.show_list(
            parsed_args, f"--check has no output as {parsed_args.formatter}"
        )
    report = run.run_checks(
        command.pair,
        parsed_args.protection_group,
        purpose,
        wanted,
        sides=command.pair.remember(),
    )
    command.outcome = run.exit_code(report.findings)
    if parsed_args.check:
        for warning in report.warnings:
            command.warn(warning)
        command.trouble = _unexpected(command, parsed_args, purpose)
        command.aliases = columns.CHECK_ALIASES
        _findings.report_below(command, parsed_args, [report])
        return _findings.output(report.findings, parsed_args.formatter)
    _findings.report(command, report.findings)
    try:
        action = prepare()
    except (exceptions.NotFound, exceptions.NotUnique) as error:
        if command.outcome is not ExitCode.PROBLEM:
            raise
        # the checks have found it already; there is no request to show
        command.report(str(error))
        command.printer = lambda: None
        return (), ()
    for warning in action.warnings:
        command.warn(warning)
    report_impact(action)
    outgoing = [action.outgoing()]
    fields = _fields(outgoing[0])
    if getattr(parsed_args, "sync_first", False):
        from protectorclient.pair.moves import first_sync

        first = first_sync.of(action).outgoing()
        outgoing.insert(0, first)
        fields["sync_first"] = _fields(first)
    if parsed_args.formatter == "table":
        command.printer = lambda: _print(command, outgoing)
    return tuple(fields), tuple(fields.values())


def _fields(outgoing: OutgoingRequest) -> dict[str, object]:
    return {
        "method": outgoing.method,
        "url": outgoing.url,
        "headers": dict(outgoing.headers),
        "body": dict(outgoing.body),
    }


def _unexpected(
    command: Command, parsed_args: argparse.Namespace, purpose: str
) -> exceptions.ProtectorError | None:
    """Return the refusal of ``--expect-*``, for below the table."""
    from protectorclient.pair import guards

    expect = expected(parsed_args)
    if not expect:
        return None
    unplanned = purpose == "unplanned"
    try:
        located = command.pair.locate(
            parsed_args.protection_group, unplanned=unplanned
        )
        asked = located.other if unplanned else located.current
        guards.hold(expect, located, asked)
    except exceptions.ProtectorError as error:
        return error
    return None


def _print(command: Command, outgoing: Sequence[OutgoingRequest]) -> None:
    """Print requests as they go over the wire."""
    for number, one in enumerate(outgoing):
        if number:
            command.write("")
        command.write(f"{one.method} {one.url}")
        for name, value in one.headers.items():
            command.write(f"{name}: {value}")
        command.write("")
        command.write(one.content)
