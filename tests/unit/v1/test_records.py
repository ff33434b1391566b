"""Records: typed, frozen, tolerant of what differs."""

import dataclasses
import datetime
from collections.abc import Iterator

import pytest

from protectorclient.records.base import Record
from protectorclient.records.consistency_group import ConsistencyGroup
from protectorclient.records.member import Flavor, Member
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup

#: As the published page prints it.
PRINTED = {
    "id": "op-456abc78",
    "operation_type": "failover",
    "status": "completed",
    "progress": 100,
    "steps_completed": ["validate_target_site", "get_latest_snapshot"],
    "steps_failed": [],
    "error_message": None,
    "started_at": "2025-11-03T10:00:00Z",
    "completed_at": "2025-11-03T10:07:43Z",
    "result_data": {
        "instances_created": 3,
        "volumes_managed": 5,
        "current_primary_site": "site-b",
    },
}


def test_an_operation_as_printed() -> None:
    operation = Operation.from_dict(PRINTED)
    assert operation.started_at == datetime.datetime(
        2025, 11, 3, 10, tzinfo=datetime.UTC
    )
    assert operation.completed_at is not None
    assert operation.started_at is not None
    took = operation.completed_at - operation.started_at
    assert took == datetime.timedelta(minutes=7, seconds=43)
    assert operation.steps_completed == (
        "validate_target_site",
        "get_latest_snapshot",
    )
    assert operation.steps_failed == ()
    assert operation.is_finished
    assert operation.leftovers == ()
    assert operation.extra == {}
    assert operation.to_dict() == PRINTED


def test_what_is_missing_has_defaults() -> None:
    operation = Operation.from_dict({"id": "op-1"})
    assert operation.status == ""
    assert operation.progress == 0
    assert operation.started_at is None
    assert operation.parameters == {}
    assert operation.result_data is None
    assert not operation.is_finished


def test_what_is_unknown_is_kept() -> None:
    operation = Operation.from_dict({"id": "op-1", "colour": {"is": "red"}})
    assert operation.extra == {"colour": {"is": "red"}}
    assert operation.to_dict()["colour"] == {"is": "red"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("progress", "half"),
        ("progress", True),
        ("status", 5),
        ("started_at", "yesterday"),
        ("started_at", 5),
        ("steps_completed", "one"),
        ("steps_completed", [1]),
        ("parameters", []),
    ],
)
def test_a_value_that_does_not_fit_is_kept_aside(
    field: str, value: object
) -> None:
    operation = Operation.from_dict({"id": "op-1", field: value})
    assert getattr(operation, field) == getattr(Operation(), field)
    assert operation.extra == {field: value}


def test_null_is_the_default() -> None:
    operation = Operation.from_dict(
        {"id": "op-1", "progress": None, "steps_failed": None, "status": None}
    )
    assert operation == Operation(id="op-1")


def test_a_time_without_a_zone_is_utc() -> None:
    operation = Operation.from_dict({"started_at": "2025-11-03T10:00:00"})
    assert operation.started_at is not None
    assert operation.started_at.tzinfo is datetime.UTC


def test_nested_records() -> None:
    member = Member.from_dict(
        {
            "id": "m-1",
            "instance_name": "web-1",
            "flavor": {"id": "f", "name": "m1.large", "gpu": 1},
            "networks": [{"id": "n", "name": "net", "cidr": "10.0.0.0/24"}],
            "volumes": [{"id": "v", "size": 20}, {"id": "w"}],
        }
    )
    assert isinstance(member.flavor, Flavor)
    assert member.flavor.extra == {"gpu": 1}
    assert member.networks[0].cidr == "10.0.0.0/24"
    assert [volume.id for volume in member.volumes] == ["v", "w"]
    assert member.name == "web-1"


def test_records_are_frozen_and_copies() -> None:
    group = ProtectionGroup.from_dict({"id": "pg-1", "network_mapping": {}})
    with pytest.raises(dataclasses.FrozenInstanceError):
        group.name = "other"  # type: ignore[misc]
    group.to_dict()["network_mapping"]["a"] = "b"
    assert group.to_dict() == {"id": "pg-1", "network_mapping": {}}


def test_repr_is_short_of_what_is_raw() -> None:
    assert "extra" not in repr(Operation.from_dict({"secret": "x"}))


@pytest.mark.parametrize(
    ("leftovers", "expected"),
    [
        (None, ()),
        ([], ()),
        (["a"], ("a",)),
        ([{"id": "a"}], ({"id": "a"},)),
        ("a", ("a",)),
    ],
)
def test_leftovers(leftovers: object, expected: tuple[object, ...]) -> None:
    data = {"result_data": {"leftovers": leftovers}}
    assert Operation.from_dict(data).leftovers == expected


#: what a service tells of a point, and whether a failover to b finds it
POINTS = [
    ({"complete": True}, True),
    ({"complete": True, "site_id": "b", "current": True}, True),
    ({"complete": True, "site_id": None}, True),
    ({"complete": False, "site_id": "b", "current": True}, False),
    ({"complete": True, "site_id": "a", "current": True}, False),
    ({"complete": True, "site_id": "b", "current": False}, False),
]


@pytest.mark.parametrize(("told", "found"), POINTS)
def test_a_recovery_point_of_the_way_that_is_asked(
    told: dict[str, object], found: bool
) -> None:
    """A service that tells less than ours is taken at its word."""
    group = ConsistencyGroup.from_dict({"recovery_points": [told]})
    assert (group.latest_at("b") is not None) is found
    # where the site's id is not known, any may be there
    assert (group.latest_at(None) is not None) is (
        found or told.get("site_id") == "a"
    )


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (100.0, 100),
        (55.5, 55),
        (99.99, 99),
        (-1, 0),
        (-0.5, 0),
        (140, 100),
        (1e300, 100),
        ("55", 55),
        (" 55.5 ", 55),
        ("100%", 100),
        ("140", 100),
        ("-3", 0),
        (0, 0),
        (None, 0),
        (float("nan"), 0),
        (float("inf"), 0),
        pytest.param(10**400, 0, id="a large one"),
        (True, 0),
        ("", 0),
        ("half", 0),
        ("１２", 0),
        ([55], 0),
        ({"percent": 55}, 0),
    ],
)
def test_progress_is_whole_percent(sent: object, read: int) -> None:
    operation = Operation.from_dict({"id": "op-1", "progress": sent})
    assert operation.progress == read
    assert type(operation.progress) is int


@pytest.mark.parametrize(
    ("sent", "read"),
    [(8.0, 8), ("8", 8), (8.5, 0), ("8.5", 0), (float("nan"), 0), ("x", 0)],
)
def test_a_whole_number_may_be_written_otherwise(
    sent: object, read: int
) -> None:
    found = (
        Operation.from_dict({"progress": 1}),
        Flavor.from_dict({"vcpus": sent}),
    )
    assert (found[1].vcpus or 0) == read


@pytest.mark.parametrize(
    ("sent", "unprotected"),
    [
        ({}, True),
        ({"status": "COMPLETED"}, True),
        ({"status": "failed"}, False),
        ({"status": "running"}, False),
        ({"operation_type": "failover"}, False),
        ({"parameters": {"reverse_replication": True}}, False),
        ({"parameters": {"reverse_replication": False}}, True),
        # a service that keeps no parameters has the step
        ({"steps_completed": ["reverse_replication"]}, False),
    ],
)
def test_a_failback_that_leaves_the_replication_stopped(
    sent: dict[str, object], unprotected: bool
) -> None:
    operation = Operation.from_dict(
        {"operation_type": "failback", "status": "completed", **sent}
    )
    assert operation.leaves_unprotected is unprotected


def _kinds(base: type[Record]) -> Iterator[type[Record]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


@pytest.mark.parametrize("kind", [*_kinds(Record)])
def test_an_empty_object_has_every_field(kind: type[Record]) -> None:
    """Records are made without __init__, which would fill the rest in."""
    made = kind.from_dict({})
    assert made == kind()
    for field in dataclasses.fields(kind):
        default = field.default_factory
        if default is not dataclasses.MISSING:
            other = kind.from_dict({})
            assert getattr(made, field.name) == default()
            assert getattr(made, field.name) is not getattr(other, field.name)


@pytest.mark.parametrize(
    ("sent", "progress"),
    [(55, 55), (55.0, 55), ("55", 55), (True, 0), ([5], 0), (None, 0)],
)
def test_a_value_of_another_type_is_read_or_left(
    sent: object, progress: int
) -> None:
    made = Operation.from_dict({"id": "op-1", "progress": sent})
    assert made.progress == progress
    assert made.to_dict() == {"id": "op-1", "progress": sent}
