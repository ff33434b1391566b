"""The parts that the records of operations, plans and drills share."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterator

from protectorclient.evidence import record as records
from protectorclient.evidence.sources.sites import Sites, mapping, quietly
from protectorclient.pair.reads import rebuilt
from protectorclient.plan.execution.state import RunState
from protectorclient.polling import phases
from protectorclient.records.operation import Operation
from protectorclient.reports.fidelity import FidelityReport

_STEPS = {
    "done": records.StepState.DONE,
    "failed": records.StepState.FAILED,
    "running": records.StepState.RUNNING,
}


def plan(run: RunState, journal: pathlib.Path) -> records.Plan:
    """Return the plan of a run, and where its journal is."""
    return records.Plan(
        name=run.plan.name,
        run_id=run.run_id,
        journal=str(journal),
        hashes=run.plan.hashes(),
        waves=tuple(run.waves),
    )


def operation(
    sites: Sites, found: Operation, site: str | None
) -> records.Operation:
    """Return an operation.

    :param site: the name of the site that has run it.
    """
    return records.Operation(
        type=found.operation_type,
        id=found.id,
        request_id=found.request_id,
        site=site,
        source=sites.name(found.source_site_id),
        target=sites.name(found.target_site_id),
        status=found.status,
        started_at=found.started_at,
        completed_at=found.completed_at,
        error_message=found.error_message,
    )


def steps(found: Operation, site: str | None) -> Iterator[records.Step]:
    """Yield the steps of an operation; nobody has noted their times."""
    for _, several in phases.layout(found):
        for one in several:
            state = _STEPS.get(one.state, records.StepState.NOT_REACHED)
            if found.state == "completed" and one.state == "waiting":
                # this deployment has no such step
                continue
            yield records.Step(
                name=one.name,
                state=state,
                operation_id=found.id,
                site=site,
                message=found.error_message
                if state is records.StepState.FAILED
                else None,
            )


def replacements(
    sites: Sites, found: Operation
) -> Iterator[records.Replacement]:
    """Yield what the request has mapped."""
    for kind in ("network", "flavor"):
        given = mapping(found.parameters.get(f"{kind}_mapping"))
        for source, target in given.items():
            yield records.Replacement(
                kind=kind,
                source=sites.resource(kind, found.source_site_id, source),
                target=sites.resource(kind, found.target_site_id, str(target)),
            )


def not_kept(found: Operation) -> tuple[records.NotKept, ...]:
    """Return what the rebuilt instances did not get."""
    return tuple(
        records.NotKept(
            member=one.member,
            attribute=one.attribute,
            value=one.value,
            reason=one.reason,
        )
        for one in found.not_kept
    )


def recovery_point(sites: Sites, found: Operation) -> records.RecoveryPoint:
    """Return the recovery point of an operation, and its age then.

    A planned move replicates once more when it has begun: its recovery
    point is younger than the operation, and nothing is lost.
    """
    result = found.result_data or {}
    created = time(result.get("snapshot_created_at"))
    age = None
    if created is not None and found.started_at is not None:
        age = max(0.0, (found.started_at - created).total_seconds())
    identity = result.get("snapshot_id")
    return records.RecoveryPoint(
        id=str(identity) if identity else None,
        created_at=created,
        age_seconds=age,
        objective_seconds=sites.objective(str(found.protection_group_id)),
    )


def took(found: Operation) -> float | None:
    """Return the seconds of an operation, by the stamps of its service."""
    if found.started_at is None or found.completed_at is None:
        return None
    return max(0.0, (found.completed_at - found.started_at).total_seconds())


def instances(
    sites: Sites, found: Operation, speaker: str
) -> tuple[records.Instance, ...]:
    """Return the members, and what the operation has built of them."""
    if found.operation_type not in rebuilt.BUILDS:
        return ()
    target = sites.facts(found.target_site_id)
    group = str(found.protection_group_id)
    document = quietly(lambda: sites.by_name(speaker).document(group))
    if document is None:
        return ()
    servers = quietly(lambda: target.servers) if target else None
    members = rebuilt.find(
        found,
        document,
        str(found.source_site_id),
        str(found.target_site_id),
        servers or (),
    )
    return tuple(
        records.Instance(
            member=one.name,
            source_id=_identity(one.held),
            target_id=str(one.server["id"])
            if one.server
            else _identity(one.built),
        )
        for one in members
    )


def _identity(held: rebuilt.Item) -> str | None:
    found = held.get("instance_id")
    return str(found) if found else None


def fidelity(found: FidelityReport) -> records.Fidelity:
    """Return what a comparison of the instances has found."""
    return records.Fidelity(
        counts=found.counts,
        differences=tuple(
            records.Difference(
                member=one.member,
                attribute=one.attribute,
                service=one.service,
                verdict=one.verdict,
                source=one.source,
                target=one.target,
                reason=one.reason,
                is_accepted=one.is_accepted,
            )
            for one in found.comparisons
            if one.verdict != "equal"
        ),
    )


def scenario(found: Operation) -> records.Scenario:
    """Return what an operation was for."""
    asked = found.parameters
    if found.operation_type == "test_failover":
        if asked.get("isolated"):
            return records.Scenario.ISOLATED_TEST
        if asked.get("retain_primary"):
            return records.Scenario.TEST
        return records.Scenario.QUIESCED_TEST
    if found.operation_type == "failover":
        if asked.get("force"):
            return records.Scenario.UNPLANNED
        return records.Scenario.PLANNED
    known = set(records.Scenario)
    if found.operation_type in known:
        return records.Scenario(found.operation_type)
    return records.Scenario.OTHER


def time(stamp: object) -> datetime.datetime | None:
    """Return the time of a stamp."""
    if not isinstance(stamp, str):
        return None
    try:
        found = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
