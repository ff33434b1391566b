"""Print the findings of checks, and below them the commands that help."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from protectorclient.osc import columns
from protectorclient.preflight.findings import Finding, Severity, summary

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.preflight.findings import Report

HEADERS = ("Check", "Site", "Result", "Blocks", "Detail")
#: What a program gets.
FIELDS = (
    "id",
    "severity",
    "blocks",
    "site",
    "message",
    "cause",
    "impact",
    "fix",
    "affected",
)
#: What is to be cleared.
_BAD = (Severity.PROBLEM, Severity.WARNING)


class Blocks(columns.Cell):
    """Whether the action is refused for it."""

    def human_readable(self) -> str:
        return "yes" if self._value else ""


def rows(findings: Iterable[Finding], *before: str) -> columns.Output:
    """Return the table of findings, for people; without what clears them."""
    return HEADERS, [
        (
            *before,
            finding.id,
            finding.site,
            str(finding.severity),
            Blocks(finding.blocks),
            columns.Prose(finding.message),
        )
        for finding in findings
    ]


def data(findings: Iterable[Finding]) -> columns.Output:
    """Return all that is known of each finding, for programs."""
    return FIELDS, [
        tuple(finding.to_dict()[field] for field in FIELDS)
        for finding in findings
    ]


def output(findings: Sequence[Finding], formatter: str) -> columns.Output:
    """Programs get all that is known; a table is for people."""
    return rows(findings) if formatter == "table" else data(findings)


def report_below(
    command: Command,
    parsed_args: argparse.Namespace,
    reports: Sequence[Report],
) -> None:
    """Have the steps of the findings, and their count, printed below.

    A program has the steps in its output.
    """

    def write() -> None:
        if parsed_args.formatter == "table":
            several = len(reports) > 1
            for report in reports:
                name = report.group if several else ""
                _report_steps(command, report.findings, name)
        command.report(
            summary([one for report in reports for one in report.findings])
        )

    command.afterwards.append(write)


def _report_steps(
    command: Command, findings: Iterable[Finding], group: str
) -> None:
    """Print what clears each finding.

    :param group: whose they are, where the table is of several.
    """
    of_group = f" of {group}" if group else ""
    for finding in findings:
        if finding.severity in _BAD and finding.steps:
            command.report(f"{finding.id}{of_group} ({finding.site}):")
            command.next(*finding.steps)


def report(command: Command, findings: Iterable[Finding]) -> None:
    """Write what is wrong to stderr, where stdout holds something else."""
    found = list(findings)
    for finding in found:
        if finding.severity in _BAD:
            command.report(
                f"{finding.severity}: {finding.id} ({finding.site}):"
                f" {finding.message}"
            )
            command.next(*finding.steps)
    command.report(summary(found))
