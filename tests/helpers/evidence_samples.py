"""Records of drills, for the tests of the reports."""

from __future__ import annotations

import dataclasses
import datetime
import enum
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


def worst() -> r.Record:
    """Return a drill in which each kind of thing went wrong, and all else
    is there too."""
    bad = group(
        "bad",
        checks=(
            r.Check(
                name="quota",
                state=r.CheckState.PROBLEM,
                site="site-b",
                message="8 cores are needed, 4 are left",
                advice=("ask for more", "openstack quota show"),
                blocks=True,
            ),
            r.Check(
                name="clock", state=r.CheckState.WARNING, message="12 s off"
            ),
            r.Check(name="image", state=r.CheckState.NOT_KNOWN),
        ),
        steps=(
            *steps()[:4],
            r.Step(
                name="create_test_instances",
                state=r.StepState.FAILED,
                site="site-a",
                began_at=after(48),
                ended_at=after(70),
                message="No valid host was found",
            ),
            r.Step(
                name="record_test_resources", state=r.StepState.NOT_REACHED
            ),
        ),
        probes=(
            r.Probe(
                member="web-1",
                probe="tcp:443",
                state=r.ProbeState.FAILS,
                detail="refused",
            ),
            r.Probe(
                member="web-1",
                probe="console=login:",
                state=r.ProbeState.NOT_KNOWN,
            ),
        ),
        verify=(
            r.Verify(
                command=("./verify.sh", "--all"),
                passed=False,
                status=3,
                output="row 7 is missing\n",
            ),
            r.Verify(command=("./gone",), passed=False, error="not found"),
        ),
        fidelity=r.Fidelity(
            counts={"equal": 20, "differs": 2, "not_comparable": 1},
            differences=(
                r.Difference(
                    member="web-1",
                    attribute="flavor",
                    service="Nova",
                    verdict="differs",
                    source={"name": "m1.large", "ram": 8192},
                    target={"name": "m2.large", "ram": 16384},
                    reason="no equal one",
                ),
                r.Difference(
                    member="web-1",
                    attribute="tags",
                    service="Nova",
                    verdict="differs",
                    source=["a"],
                    is_accepted=True,
                ),
                r.Difference(
                    member="web-1",
                    attribute="key_pair",
                    service="Nova",
                    verdict="not_comparable",
                ),
            ),
        ),
        not_kept=(
            r.NotKept(
                member="web-1",
                attribute="availability_zone",
                value="az-3",
                reason="there is none at site-b",
            ),
        ),
        rto=r.RecoveryTime(objective_seconds=60.0, operation_seconds=75.0),
        rpo=r.RecoveryPoint(age_seconds=5400.0, objective_seconds=900.0),
        clean_up=r.CleanUp(
            is_clean=False,
            left=("instance web-1-test at site-b",),
            error="site-b does not answer",
            advice=("openstack protector protection-group test-cleanup bad",),
        ),
    )
    return drill(
        group("good", begin=3.0),
        bad,
        group(
            "lost",
            begin=10.0,
            not_known="neither site answers",
            rto=r.RecoveryTime(),
            rpo=r.RecoveryPoint(),
            steps=(
                r.Step(
                    name="validate_target_site",
                    state=r.StepState.RUNNING,
                    began_at=after(11),
                ),
            ),
            probes=(),
            verify=(),
            fidelity=None,
            clean_up=None,
        ),
        r.Group(name="left-out", id="pg-x", skipped="an order of jane@ops"),
        name="city",
        plan=r.Plan(
            name="city",
            run_id="0123456789ab",
            journal="city.yaml.0123456789ab.jsonl",
            hashes={"plan": "ab" * 32},
            waves=("first", "second"),
        ),
        decisions=(
            r.Decision(
                at=after(60),
                what="approved",
                subject="second",
                by="joe@ops",
                reason="the database answers",
            ),
        ),
        sites=(
            r.Site(name="site-a", id="id-a", api_version="1.2"),
            r.Site(name="site-b", id="id-b", error="it does not answer"),
        ),
        clock_skew_seconds=47.0,
        failures=(
            r.Failure(
                part=r.Part.RUN,
                subject="interrupt",
                message="the run was interrupted",
                advice=("openstack protector plan resume city.jsonl",),
            ),
        ),
        gaps=(r.Gap(message="Licences were not looked at."),),
        attestation=r.Attestation(
            result="fail",
            by="jane@ops",
            at=after(4000),
            note="The application was slow.",
        ),
    )


def hostile(text: str) -> r.Record:
    """Return the worst drill with a text in the place of every other."""

    def replaced(value: Any) -> Any:
        if isinstance(value, enum.Enum):
            return value
        if isinstance(value, str):
            return text
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(
                value,
                **{
                    one.name: replaced(getattr(value, one.name))
                    for one in dataclasses.fields(value)
                },
            )
        if isinstance(value, tuple | list):
            return type(value)(replaced(one) for one in value)
        if isinstance(value, dict):
            return (
                {text: replaced(next(iter(value.values())))} if value else {}
            )
        return value

    found: r.Record = replaced(worst())
    return found


def many(count: int = 60) -> r.Record:
    """Return a drill of many groups in waves; a few did not pass."""
    groups = []
    for number in range(count):
        more: dict[str, Any] = {}
        if number == 7:
            more["probes"] = (
                r.Probe(
                    member="web-1", probe="tcp:80", state=r.ProbeState.FAILS
                ),
            )
        if number == 11:
            more["rpo"] = r.RecoveryPoint(
                age_seconds=1300.0, objective_seconds=900.0
            )
        begin = (number // 6) * 95.0 + number % 6 * 3
        name = f"tier-{number // 12 + 1}-app-{number:02d}"
        groups.append(
            group(name, begin, wave=f"wave {number // 12 + 1}", **more)
        )
    return drill(
        *groups,
        name="city",
        ended_at=after(1100),
        plan=r.Plan(name="city", run_id="0123456789ab"),
        rto_objective_seconds=1800.0,
    )


def trend(groups: int = 4, drills: int = 7) -> list[Any]:
    """Return drills of some groups over a year and a half."""
    from protectorclient.evidence.html import trend

    return [
        trend.Point(
            group=f"app-{number}",
            at=BEGAN + datetime.timedelta(days=90 * n, hours=n),
            verdict="failed" if (n, number) == (2, 1) else "passed",
            rto=r.Objective(
                objective_seconds=900.0,
                achieved_seconds=None
                if (n, number) == (2, 1)
                else 300.0 + 97 * ((n * 7 + number * 3) % 5),
            ),
            rpo=r.Objective(
                objective_seconds=900.0,
                achieved_seconds=120.0 + 211 * ((n * 3 + number) % 5),
            ),
        )
        for number in range(groups)
        for n in range(drills if number else 1)
    ]
