"""How findings look: rows on stdout, and below them what clears them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from protectorclient.osc import columns
from protectorclient.preflight.start import Finding, Severity, summary

if TYPE_CHECKING:
    from protectorclient.osc.command import Base

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
    """The table of findings, for people; without what clears them."""
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
    """All that is known of each finding, for programs."""
    return FIELDS, [
        tuple(finding.to_dict()[field] for field in FIELDS)
        for finding in findings
    ]


def output(findings: Sequence[Finding], formatter: str) -> columns.Output:
    """Programs get all that is known; a table is for people."""
    return rows(findings) if formatter == "table" else data(findings)


def tell_fixes(
    command: Base, findings: Iterable[Finding], group: str = ""
) -> None:
    """What clears each of them, below the table: for people.

    :param group: whose they are, where the table is of several.
    """
    of_group = f" of {group}" if group else ""
    for finding in findings:
        if finding.severity in _BAD and finding.steps:
            command.tell(f"{finding.id}{of_group} ({finding.site}):")
            command.next(*finding.steps)


def tell(command: Base, findings: Iterable[Finding]) -> None:
    """What is wrong, where stdout holds something else."""
    found = list(findings)
    for finding in found:
        if finding.severity in _BAD:
            command.tell(
                f"{finding.severity}: {finding.id} ({finding.site}):"
                f" {finding.message}"
            )
            command.next(*finding.steps)
    command.tell(summary(found))
