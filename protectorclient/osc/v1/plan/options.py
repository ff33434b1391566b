"""Options and errors that the commands of plans share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import command
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.plan.file.model import Plan

#: As options take them, and as the service calls them.
ACTIONS = {
    "failover": "failover",
    "failback": "failback",
    "test-failover": "test_failover",
}


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a plan's file."""
    parser.add_argument("plan", metavar="<file>", help="Plan (a file of YAML)")


def add_journal(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a journal."""
    parser.add_argument(
        "journal", metavar="<journal>", help="Journal of a run (a file)"
    )


def add_action(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what a plan is run for."""
    parser.add_argument(
        "--action",
        choices=tuple(ACTIONS),
        default="failover",
        help="Use the plan for this action (default: failover)",
    )
    parser.add_argument(
        "--type",
        choices=("planned", "unplanned"),
        default="planned",
        help="Choose a planned run (default), or an unplanned failover for "
        "a primary that is down",
    )


def is_unplanned(parsed_args: argparse.Namespace) -> bool:
    """Return whether an unplanned failover is meant.

    :raises UsageProblem: of another action.
    """
    unplanned = bool(parsed_args.type == "unplanned")
    if unplanned and parsed_args.action != "failover":
        raise exceptions.UsageProblem(
            "--type unplanned goes with --action failover"
        )
    return unplanned


def load(command: command.Command, path: str) -> Plan:
    """Read a plan; write each of its problems but the first to stderr."""
    from protectorclient import plan

    try:
        return plan.load(path)
    except PlanProblem as error:
        report_problems(command, error)
        raise


def report_problems(command: command.Command, error: PlanProblem) -> None:
    """Write the problems of a plan that its error does not show."""
    for problem in error.problems[1:]:
        command.report(problem)
