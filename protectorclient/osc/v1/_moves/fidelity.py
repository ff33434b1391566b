"""``--fidelity``: compare the rebuilt instances with their sources."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode

if TYPE_CHECKING:
    from protectorclient.fidelity.comparison import Comparison
    from protectorclient.osc.command import Command
    from protectorclient.records.operation import Operation
    from protectorclient.reports.fidelity import FidelityReport

HEADERS = ("Member", "Attribute", "Source", "Target", "Verdict")
#: What a program gets.
FIELDS = (
    "member",
    "attribute",
    "service",
    "verdict",
    "source",
    "target",
    "reason",
    "is_accepted",
)


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fidelity",
        action="store_true",
        help="Compare the test instances with their sources when the test has "
        "completed, as 'drill verify' does (exit status 3 if any differs)",
    )


def is_wanted(parsed_args: argparse.Namespace) -> bool:
    """Return whether the instances are compared.

    :raises UsageProblem: nobody waits for them.
    """
    wanted = bool(getattr(parsed_args, "fidelity", False))
    if wanted and not parsed_args.wait:
        raise exceptions.UsageProblem("--fidelity goes with --wait")
    return wanted


def is_listed(one: Comparison) -> bool:
    """Return whether a comparison is shown: it is not equal, nor known."""
    return one.verdict != "equal" and not one.is_accepted


def summary(found: FidelityReport) -> str:
    """Return how often there is each verdict, for people."""
    told = ", ".join(
        f"{count} {verdict.replace('_', ' ')}"
        for verdict, count in found.counts.items()
    )
    accepted = sum(one.is_accepted for one in found.comparisons)
    return (
        f"{found.protection_group} at {found.target}, compared with"
        f" {found.source}: {told}; {accepted} in the baseline"
    )


def compare(command: Command, operation: Operation) -> Mapping[str, object]:
    """Compare them, and write what differs.

    :returns: more fields of the operation's record.
    """
    from protectorclient.preflight.drift.members import said

    try:
        found = command.pair.fidelity(operation)
    except exceptions.ProtectorError as error:
        command.report(f"problem: nothing was compared: {error}")
        command.outcome = ExitCode.PROBLEM
        return {"fidelity": None}
    for one in found.new:
        why = f" ({one.reason})" if one.reason else ""
        command.report(
            f"problem: {one.attribute} of {one.member} is"
            f" {said(one.target)}, and {said(one.source)} at"
            f" {found.source}{why}"
        )
    command.info(summary(found))
    if found.new:
        command.outcome = ExitCode.PROBLEM
    return {"fidelity": found.to_dict()}
