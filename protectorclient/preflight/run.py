"""Run the checks of the table on one group, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.pair.sites import Sites
from protectorclient.polling import garbage
from protectorclient.preflight.check_row import Check, Where
from protectorclient.preflight.checks import CHECKS
from protectorclient.preflight.context import (
    Context,
    Parameters,
    open_sites,
    said,
)
from protectorclient.preflight.findings import (
    Finding,
    Report,
    Severity,
    Skip,
    Verdict,
    summary,
)

__all__ = [
    "Finding",
    "Parameters",
    "Report",
    "Severity",
    "exit_code",
    "open_sites",
    "run_checks",
    "summary",
]

#: The site of a row that is about the pair.
BOTH = "both"


# the instances of a project are many objects, and they stay
@garbage.seldom()
def run_checks(
    pair: Sites,
    name: str,
    purpose: str = "failover",
    wanted: Parameters | None = None,
    *,
    sides: BothSites | None = None,
    alone: bool = True,
    only: Iterable[str] = (),
    seen: Callable[[Context], object] | None = None,
) -> Report:
    """Make the checks for one purpose on one group.

    :param purpose: what it is for, as ``--for`` takes it.
    :param wanted: what the action would be given.
    :param sides: what is known of the sites from groups checked before.
    :param alone: whether no other group is checked with the same sides: then
        the sites are asked for what concerns this one alone.
    :param only: ids; without any, all that belong to the purpose.
    :param seen: called with what was asked, when the checks are made.
    :raises NotFound: no site that answers knows the group.
    """
    chosen = [
        check
        for check in CHECKS
        if purpose in check.purposes and (not only or check.id in only)
    ]
    context = Context(
        pair,
        name,
        purpose,
        wanted or Parameters(),
        sides,
        compares=any(check.compares for check in chosen),
        alone=alone,
    )
    findings = [
        finding for check in chosen for finding in _findings(check, context)
    ]
    if seen is not None:
        seen(context)
    shown = context.located.group.name if context.located else name
    warnings = tuple(dict.fromkeys(context.warnings))
    return Report(shown, purpose, tuple(findings), warnings)


def exit_code(findings: Iterable[Finding], strict: bool = False) -> ExitCode:
    """Return what a command ends with that found these."""
    found = {finding.severity for finding in findings}
    # nothing could be asked: that is not well either
    if Severity.PROBLEM in found or found == {Severity.SKIPPED}:
        return ExitCode.PROBLEM
    if strict and Severity.WARNING in found:
        return ExitCode.WARNING
    return ExitCode.OK


def _findings(check: Check, context: Context) -> Iterable[Finding]:
    """Return what one check finds: a row for each place where it is made."""
    if check.where is Where.PAIR:
        yield _finding(check, context, BOTH, lambda: check.judge(context))
    elif check.where is Where.TARGET:
        name = context.target.name if context.target else BOTH
        yield _finding(check, context, name, lambda: check.judge(context))
    else:
        for side in _places(check, context):
            yield _finding(
                check, context, side.name, _at(check, context, side)
            )


def _at(
    check: Check, context: Context, side: SiteFacts
) -> Callable[[], Verdict]:
    return lambda: check.judge(context, side)


def _places(check: Check, context: Context) -> list[SiteFacts]:
    every = list(context.sides.values())
    if check.where is Where.EACH:
        return every
    if check.where is Where.ASKED:
        return [context.asked] if context.asked else every
    if context.purpose == "unplanned":
        # a dead primary is what it is for
        primary = context.source
        if primary is None:
            # nobody says who that is; of two sites the silent one may be
            silent = [side for side in every if side.silent]
            primary = silent[0] if len(silent) == 1 else None
        return [side for side in every if side is not primary]
    return every


def _finding(
    check: Check, context: Context, site: str, judge: Callable[[], Verdict]
) -> Finding:
    try:
        verdict = judge()
    except Skip as skip:
        return Finding(check.id, Severity.SKIPPED, site, str(skip))
    except exceptions.ProtectorError as error:
        return Finding(
            check.id, Severity.SKIPPED, site, _untold(error, context)
        )
    site = verdict.site or site
    if verdict.good:
        return Finding(
            check.id,
            Severity.OK,
            site,
            verdict.message,
            affected=verdict.affected,
        )
    advice = check.advice.naming(
        group=context.name, site=site, purpose=context.purpose
    )
    severity = verdict.severity or check.severity
    blocks = verdict.blocks
    if blocks is None:
        blocks = context.purpose in check.blocks
    return Finding(
        id=check.id,
        severity=severity,
        site=site,
        message=verdict.message,
        cause=verdict.cause or advice.cause,
        impact=check.impact,
        steps=verdict.steps or advice.short,
        affected=verdict.affected,
        blocks=blocks and severity is Severity.PROBLEM,
    )


def _untold(error: exceptions.ProtectorError, context: Context) -> str:
    """Say why a cloud gives no answer; a dead site is called dead."""
    side = context.sides.get(error.site or "")
    if side is not None and side.barred is not None:
        return said(side.barred, side)
    return str(error)
