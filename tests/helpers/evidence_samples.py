"""Records of drills, for the tests of the reports."""

from __future__ import annotations

import datetime
from typing import Any

from protectorclient.evidence import record as r

BEGAN = datetime.datetime(2026, 3, 4, 2, 30, tzinfo=datetime.UTC)
#: The steps of a test failover, with the seconds that each takes.
STEPS = (
    ("validate_target_site", 4),
    ("get_latest_snapshot", 6),
    ("clone_volumes_on_flasharray", 21),
    ("manage_volumes_into_cinder", 17),
    ("create_test_instances", 48),
    ("record_test_resources", 2),
)


def after(seconds: float) -> datetime.datetime:
    """Return a moment so many seconds after the drill began."""
    return BEGAN + datetime.timedelta(seconds=seconds)


def steps(begin: float = 0.0) -> tuple[r.Step, ...]:
    """Return the steps of a test that went well."""
    found = []
    for name, seconds in STEPS:
        found.append(
            r.Step(
                name=name,
                state=r.StepState.DONE,
                operation_id="op-1",
                site="site-a",
                began_at=after(begin),
                ended_at=after(begin + seconds),
            )
        )
        begin += seconds
    return tuple(found)


def group(name: str = "prod-web-app", begin: float = 0.0, **more: Any) -> Any:
    """Return a group that passes; `more` replaces fields."""
    fields: dict[str, Any] = {
        "name": name,
        "id": f"pg-{name}",
        "source": "site-a",
        "target": "site-b",
        "began_at": after(begin),
        "ended_at": after(begin + 140),
        "operations": (
            r.Operation(
                type="test_failover",
                id=f"op-test-{name}",
                request_id=f"req-test-{name}",
                site="site-a",
                source="site-a",
                target="site-b",
                status="completed",
                started_at=after(begin + 1),
                completed_at=after(begin + 99),
            ),
            r.Operation(
                type="test_cleanup",
                id=f"op-clean-{name}",
                request_id=f"req-clean-{name}",
                site="site-a",
                status="completed",
                started_at=after(begin + 120),
                completed_at=after(begin + 139),
            ),
        ),
        "instances": (
            r.Instance(member="web-1", source_id="s-1", target_id="t-1"),
        ),
        "checks": (
            r.Check(
                name="peer-reachable",
                state=r.CheckState.OK,
                site="both",
                message="both sites answer",
            ),
        ),
        "steps": steps(begin),
        "probes": (
            r.Probe(
                member="web-1",
                probe="tcp:443",
                state=r.ProbeState.ANSWERS,
                seconds=112.5,
            ),
        ),
        "verify": (
            r.Verify(
                command=("./verify.sh",), passed=True, status=0, seconds=3.0
            ),
        ),
        "fidelity": r.Fidelity(
            counts={
                "equal": 30,
                "differs_as_mapped": 1,
                "differs": 0,
                "not_comparable": 0,
            },
            differences=(
                r.Difference(
                    member="web-1",
                    attribute="networks[net-primary-web]",
                    service="Neutron",
                    verdict="differs_as_mapped",
                    source="net-primary-web",
                    target="net-secondary-web",
                ),
            ),
        ),
        "mapped": (
            r.Replacement(
                kind="network",
                source="net-primary-web",
                target="net-secondary-web",
            ),
        ),
        "rto": r.RecoveryTime(
            objective_seconds=900.0,
            operation_seconds=99.0,
            active_seconds=104.0,
            answered_seconds=112.5,
        ),
        "rpo": r.RecoveryPoint(
            id="rp-1",
            created_at=after(begin - 120),
            age_seconds=120.0,
            objective_seconds=900.0,
        ),
        "clean_up": r.CleanUp(
            is_clean=True, operation_id=f"op-clean-{name}", at=after(139)
        ),
    }
    return r.Group(**{**fields, **more})


def drill(*groups: r.Group, **more: Any) -> r.Record:
    """Return the record of a drill; of one good group where none is
    given."""
    fields: dict[str, Any] = {
        "kind": r.Kind.DRILL,
        "id": "drill-0001",
        "name": "prod-web-app",
        "scenario_type": r.Scenario.TEST,
        "began_at": BEGAN,
        "ended_at": after(140),
        "groups": groups or (group(),),
        "rto_objective_seconds": 900.0,
        "sites": (
            r.Site(name="site-a", id="id-a", region="RegionOne"),
            r.Site(name="site-b", id="id-b", region="RegionOne"),
        ),
        "operator": "night@control-1",
        "reason": "quarterly drill",
        "versions": {"python-protectorclient": "0.1.0", "python": "3.11.2"},
        "clock_skew_seconds": 0.4,
    }
    return r.Record(**{**fields, **more})
