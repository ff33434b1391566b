"""Phases, and what is said of how long things take."""

from __future__ import annotations

from typing import Any

import pytest

from protectorclient.polling import eta, phases
from protectorclient.records.operation import Operation


def operation(kind: str = "failover", **fields: Any) -> Operation:
    return Operation.from_dict(
        {"id": "op-1", "operation_type": kind, "status": "running", **fields}
    )


def past(seconds: int, group: str = "pg-1", **fields: Any) -> Operation:
    return operation(
        **{
            "id": f"op-{seconds}-{group}",
            "status": "completed",
            "protection_group_id": group,
            "started_at": "2025-11-03T10:00:00Z",
            "completed_at": f"2025-11-03T10:{seconds // 60:02}:"
            f"{seconds % 60:02}Z",
            **fields,
        }
    )


# The published page's four phases


@pytest.mark.parametrize("kind", ["failover", "failback", "test_failover"])
def test_four_phases(kind: str) -> None:
    names = [phase.name for phase in phases.plan(operation(kind))]
    assert names == [
        "Preparation",
        "Storage failover",
        "Instance recreation",
        "Finalization",
    ]


def test_the_reversal_is_there_when_it_was_asked_for() -> None:
    plain = operation("failback")
    asked = operation("failback", parameters={"reverse_replication": True})
    seen = operation("failback", steps_completed=["reverse_replication"])
    assert phases.plan(plain)[-1].steps == ("update_protection_group_state",)
    for one in (asked, seen):
        assert phases.plan(one)[-1].steps == (
            "reverse_replication",
            "update_protection_group_state",
        )


def test_steps_that_only_the_service_knows() -> None:
    found = phases.layout(
        operation(
            steps_completed=["validate_target_site", "bless", "get_it"],
            steps_failed=["promote_volumes_on_flasharray"],
        )
    )
    assert [step.name for step in found[0][1]] == [
        "validate_target_site",
        "get_latest_snapshot",
        "bless",
        "get_it",
    ]
    assert found[1][1][0].state == "failed"
    (single,) = phases.layout(operation("dance", steps_completed=["left"]))
    assert single == ("", [phases.Step("left", "done")])


@pytest.mark.parametrize(
    ("status", "done", "expected"),
    [
        ("pending", [], "create_snapshot"),
        ("running", ["create_snapshot"], "replicate_snapshot"),
        ("rolling_back", ["create_snapshot"], None),
        ("completed", ["create_snapshot"], None),
    ],
)
def test_the_step_that_runs(
    status: str, done: list[str], expected: str | None
) -> None:
    one = operation("sync_volumes", status=status, steps_completed=done)
    assert phases.current(one) == expected


# How much longer


def left(elapsed: float, *history: Operation) -> eta.Estimate | None:
    running = operation(protection_group_id="pg-1")
    return eta.remaining(running, history, elapsed)


def test_the_median_of_those_that_took_longer() -> None:
    history = [past(100), past(200), past(400)]
    assert left(0, *history) == eta.Estimate(3, True, 200)
    assert left(150, *history) == eta.Estimate(3, True, 150)
    assert left(390, *history) == eta.Estimate(3, True, 10)
    assert left(400, *history) == eta.Estimate(3, True, None)


def test_too_few_of_the_group_and_the_whole_site_counts() -> None:
    history = [past(100), past(200), past(300, "pg-2")]
    assert left(0, *history) == eta.Estimate(3, False, 200)
    assert left(0, past(60, "pg-9")) == eta.Estimate(1, False, 60)


def test_nothing_is_known_of_what_has_never_been() -> None:
    strangers = [
        past(100, operation_type="failback"),
        past(100, status="failed"),
        past(100, parameters={"force": True}),
        past(100, completed_at=None),
        past(100, completed_at="2025-11-03T09:00:00Z"),
        past(100, id="op-1"),
    ]
    assert left(0, *strangers) is None


def test_the_95th_percentile() -> None:
    assert eta.usual_limit([1.0] * 4) is None
    assert eta.usual_limit([float(n) for n in range(1, 101)]) == 95
    assert eta.usual_limit([1, 2, 3, 4, 50]) == 50
    assert eta.usual_limit([9.0, *[1.0] * 19]) == 1
