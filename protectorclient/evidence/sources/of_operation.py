"""Fill the record of one operation, from what both sites say of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill as fill_line
from protectorclient.evidence import record as records
from protectorclient.evidence.sources import parts
from protectorclient.evidence.sources.sites import Sites, versions
from protectorclient.pair.reads import rebuilt
from protectorclient.reports import diagnosis
from protectorclient.reports import fidelity as comparing

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation
    from protectorclient.reports.operation_facts import Facts
    from protectorclient.reports.pair_reports import SitePair


def fill(
    pair: SitePair, operation_id: str, *, fidelity: bool = True
) -> records.Record:
    """Fill the record of an operation that has ended.

    :param fidelity: whether the instances that it has built are compared
        with their sources.
    :raises NotFound: both sites say that there is none.
    :raises OperationUnknown: one says so, the other says nothing.
    :raises GuardRefused: it has not ended.
    """
    sites = Sites(pair)
    facts = diagnosis.examine(operation_id, sites.asked)
    found, home = facts.operation, facts.home
    if found is None or home is None:
        # says who may know it, and does not answer
        found, _ = pair.operation(operation_id)
    if not found.is_finished or home is None:
        raise exceptions.GuardRefused(
            f"{found.operation_type} {found.id} is {found.status}: only what"
            " has ended is reported"
        ).then(fill_line(commands.WAIT, operation=found.id))
    group = _group(pair, sites, facts, found, home.site, fidelity)
    began = found.started_at or found.completed_at or found.updated_at
    if began is None:
        began = datetime.datetime.now(datetime.UTC)
    reason = found.parameters.get("reason")
    return records.Record(
        kind=records.Kind.OPERATION,
        id=found.id,
        name=group.name,
        scenario_type=parts.scenario(found),
        began_at=began,
        ended_at=found.completed_at,
        groups=(group,),
        sites=sites.records(),
        reason=str(reason) if reason else None,
        versions=versions(),
        clock_skew_seconds=sites.skew,
    )


def _group(
    pair: SitePair,
    sites: Sites,
    facts: Facts,
    found: Operation,
    site: str,
    fidelity: bool,
) -> records.Group:
    known = facts.group
    identity = str(found.protection_group_id)
    later = _clean_up_operation(facts, found)
    operations = [found] if later is None else [found, later]
    return records.Group(
        name=known.name if known else identity,
        id=identity,
        source=sites.name(found.source_site_id),
        target=sites.name(found.target_site_id),
        began_at=found.started_at,
        ended_at=found.completed_at,
        operations=tuple(
            parts.operation(sites, one, site) for one in operations
        ),
        instances=parts.instances(sites, found, site),
        steps=tuple(
            step for one in operations for step in parts.steps(one, site)
        ),
        fidelity=_fidelity(pair, sites, facts, found, site)
        if fidelity
        else None,
        mapped=tuple(parts.replacements(sites, found)),
        not_kept=parts.not_kept(found),
        rto=records.RecoveryTime(
            operation_seconds=parts.took(found),
            measured_by=records.Clock.SERVICE,
        ),
        rpo=parts.recovery_point(sites, found),
        clean_up=_clean_up(facts, found, later),
        failures=tuple(_failures(facts, found)),
    )


def _fidelity(
    pair: SitePair, sites: Sites, facts: Facts, found: Operation, site: str
) -> records.Fidelity | None:
    if found.operation_type not in rebuilt.BUILDS or (
        found.state != "completed"
    ):
        return None
    try:
        group = facts.group or str(found.protection_group_id)
        located = pair.locate(group, asked=sites.asked)
        scene = comparing.Scene(located, found, sites.asked, site)
        return parts.fidelity(scene.report())
    except exceptions.ProtectorError as error:
        return records.Fidelity(error=error.message)


def _clean_up_operation(facts: Facts, found: Operation) -> Operation | None:
    """Return the last clean-up of a test that was begun after it."""
    if found.operation_type != "test_failover" or facts.home is None:
        return None
    for one in facts.home.drills:
        if one.id == found.id or one.operation_type == "test_failover":
            return None
        if one.is_finished:
            return one
    return None


def _clean_up(
    facts: Facts, found: Operation, later: Operation | None
) -> records.CleanUp | None:
    if found.operation_type != "test_failover" or found.state != "completed":
        return None
    known = facts.home.drills if facts.home else ()
    newer = [one.id for one in known]
    if found.id not in newer or any(
        one.operation_type == "test_failover"
        for one in known[: newer.index(found.id)]
    ):
        # another test began since: this one was cleaned up before that
        return None
    if later is not None and later.state == "completed":
        return records.CleanUp(
            is_clean=True, operation_id=later.id, at=later.completed_at
        )
    group = facts.group.name if facts.group else "GROUP"
    return records.CleanUp(
        is_clean=False,
        operation_id=later.id if later else None,
        error=(later.error_message or f"test_cleanup is {later.status}")
        if later
        else "the test is not cleaned up",
        left=tuple(map(str, later.leftovers)) if later else (),
        advice=(fill_line(commands.TEST_CLEANUP, group=group),),
    )


def _failures(facts: Facts, found: Operation) -> Iterator[records.Failure]:
    """Yield why an operation failed, and what to type."""
    if found.state == "completed" and not found.leftovers:
        return
    says = diagnosis.diagnose(facts)
    message = says.verdict
    if found.error_message:
        message += f": {found.error_message}"
    yield records.Failure(
        part=records.Part.OPERATION,
        subject=found.id,
        message=message,
        advice=tuple(says.lines),
    )
