"""How long it takes, by what it took before."""

from __future__ import annotations

import datetime

import pytest

from protectorclient.records.operation import Operation
from protectorclient.reports.own_history import band

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def operation(
    seconds: float,
    group: str = "web",
    kind: str = "failover",
    status: str = "completed",
) -> Operation:
    return Operation(
        id=f"op-{seconds}",
        protection_group_id=group,
        operation_type=kind,
        status=status,
        started_at=START,
        completed_at=START + datetime.timedelta(seconds=seconds),
    )


def test_five_of_its_own_are_a_band() -> None:
    found = band([operation(one) for one in (30, 10, 20, 50, 40)], "web")
    assert found is not None
    assert (found.low, found.high, found.samples) == (10.0, 50.0, 5)
    assert found.of_group
    assert found.middle == 30.0


def test_with_fewer_those_of_all_groups_count() -> None:
    own = [operation(one) for one in (10, 20)]
    other = [operation(one, "db", "failback") for one in (60, 70, 80)]
    assert band(own, "web") is None
    found = band([*own, *other], "web")
    assert found is not None
    assert (found.low, found.high, found.of_group) == (10.0, 80.0, False)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("sync_volumes", "completed"),
        ("test_cleanup", "completed"),
        ("failover", "failed"),
        ("failover", "running"),
    ],
)
def test_only_what_rebuilt_a_group_counts(kind: str, status: str) -> None:
    some = [operation(one, kind=kind, status=status) for one in range(9)]
    assert band(some, "web") is None


def test_of_many_the_newest_count() -> None:
    newest = [operation(10) for _ in range(20)]
    found = band([*newest, operation(1000)], "web")
    assert found is not None
    assert (found.high, found.samples) == (10.0, 20)
