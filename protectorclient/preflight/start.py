"""Making the checks of the table on a group, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable

from protectorclient.exit_codes import ExitCode
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.sites import Sites
from protectorclient.preflight import run_checks
from protectorclient.preflight.checks import CHECKS
from protectorclient.preflight.context import Context, Wanted, open_sides
from protectorclient.preflight.findings import (
    Finding,
    Report,
    Severity,
    summary,
)

__all__ = [
    "Finding",
    "Report",
    "Severity",
    "Wanted",
    "exit_code",
    "open_sides",
    "run",
    "summary",
]


def run(
    pair: Sites,
    name: str,
    purpose: str = "failover",
    wanted: Wanted | None = None,
    *,
    sides: BothSites | None = None,
    only: Iterable[str] = (),
) -> Report:
    """Make the checks for one purpose on one group.

    :param purpose: what it is for, as ``--for`` takes it.
    :param wanted: what the action would be given.
    :param sides: what is known of the sites from groups checked before.
    :param only: ids; without any, all that belong to the purpose.
    :raises NotFound: no site that answers knows the group.
    """
    context = Context(pair, name, purpose, wanted or Wanted(), sides)
    chosen = [
        check
        for check in CHECKS
        if purpose in check.purposes and (not only or check.id in only)
    ]
    findings = [
        finding
        for check in chosen
        for finding in run_checks.findings(check, context)
    ]
    shown = context.located.group.name if context.located else name
    warnings = tuple(dict.fromkeys(context.warnings))
    return Report(shown, purpose, tuple(findings), warnings)


def exit_code(findings: Iterable[Finding], strict: bool = False) -> ExitCode:
    """What a command ends with that found these."""
    found = {finding.severity for finding in findings}
    # nothing could be asked: that is not well either
    if Severity.PROBLEM in found or found == {Severity.SKIPPED}:
        return ExitCode.PROBLEM
    if strict and Severity.WARNING in found:
        return ExitCode.WARNING
    return ExitCode.OK
