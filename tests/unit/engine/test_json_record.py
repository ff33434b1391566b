"""The records that the engine keeps as JSON."""

import json

import pytest

from fakeserver.engine.model.group_state import GroupState, SharedVersion
from fakeserver.engine.model.member_plan import (
    FlavorPlan,
    MemberPlan,
    NetworkPlan,
)
from fakeserver.engine.model.operation_record import (
    Leftover,
    MemberNotRebuilt,
    OperationRecord,
    OperationResult,
    RemovedInstance,
)
from fakeserver.engine.model.operation_state import (
    OldCopy,
    OldVolume,
    OperationState,
    Port,
    StoppedInstance,
)
from fakeserver.storage.driver import Link
from fakeserver.store.effects import EffectDetail

PLAN = MemberPlan(
    "m",
    FlavorPlan("f", "m1.small", 1, 2048, 20),
    [NetworkPlan("n", "web", "10.0.0.0/24", None)],
    ["flash-async"],
)
OLD = OldCopy(
    "i",
    "web-1",
    running=True,
    addresses=[Port("n", "10.0.0.7")],
    volumes=[OldVolume("v", "web-1-root", "pg-1", snapshot="pg-1.op")],
)
RECORDS = [
    OperationState(),
    OperationState(
        source="a",
        target="b",
        back_to_operation={"id": "op", "type": "failover", "site_id": "a"},
        plan=[PLAN],
        discards=4,
        undo_until=1762164000.5,
        stopped=[StoppedInstance("i", "web-1")],
        stale=[OLD],
        not_rebuilt=[MemberNotRebuilt("m", "no host")],
        left=[OldCopy(None, "web-2")],
        given_up=["b"],
    ),
    OperationResult(
        instances=["i"],
        leftovers=[Leftover("volume", "v", "web-1-root", "site-a", "busy")],
        not_rebuilt=[MemberNotRebuilt("m", "no host")],
        stale_removed=[RemovedInstance("i", "web-1", ["pg-1.op"])],
    ),
    GroupState(),
    GroupState(base=SharedVersion(3, "c" * 64), created_at="2025"),
    EffectDetail(before=Link("g", "a", "b", True, 300.0, False, ("pg-1",))),
    EffectDetail(
        site="a", id="i", name="web-1", addresses={"web": "10.0.0.7"}
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: type(one).__name__)
def test_what_is_written_is_read(record):
    text = json.dumps(record.to_json())
    assert type(record).from_json(json.loads(text)) == record


def test_keys_that_are_not_known_are_kept():
    """Also inside of another record."""
    document = OperationState(plan=[PLAN], stale=[OLD]).to_json()
    document["later"] = {"x": [1]}
    document["plan"][0]["flavor"]["gpus"] = 2
    document["stale"][0]["volumes"][0]["encrypted"] = True
    assert OperationState.from_json(document).to_json() == document


def test_the_keys_are_those_of_older_folders():
    assert OperationState(stopped=[StoppedInstance("i", "web-1")]).to_json()[
        "stopped"
    ] == [["i", "web-1"]]
    assert OLD.to_json() == {
        "instance_id": "i",
        "name": "web-1",
        "running": True,
        "addresses": [["n", "10.0.0.7"]],
        "volumes": [
            {
                "id": "v",
                "name": "web-1-root",
                "array_name": "pg-1",
                "snapshot": "pg-1.op",
            }
        ],
    }
    assert PLAN.to_json()["networks"] == [
        {"id": "n", "name": "web", "cidr": "10.0.0.0/24", "fixed_ip": None}
    ]


def test_what_is_not_known_yet_has_no_key():
    assert "snapshot_id" not in OperationState().to_json()
    assert EffectDetail(name="pg-1").to_json() == {"name": "pg-1"}


def test_a_state_keeps_what_was_decided_alone():
    """Most of it is for moves; a sync has nothing of that."""
    assert OperationState().to_json() == {}
    assert OperationState(source="a", announced=True, plan=[]).to_json() == {
        "source": "a",
        "announced": True,
    }


def test_a_document_is_a_copy():
    state = OperationState(given_up=["a"])
    state.to_json()["given_up"].append("b")
    assert state.given_up == ["a"]


def test_a_record_without_a_key_that_it_needs_is_refused():
    with pytest.raises(TypeError, match="why"):
        MemberNotRebuilt.from_json({"member_id": "m"})


def test_the_record_of_an_operation_keeps_the_order_of_its_keys():
    """It is sent as it is written."""
    record = OperationRecord(
        *("op", "g", "failover", "running", 10, "a", "b"),
        *("2025", None, "2025", None, [], [], {}, "req-1"),
    )
    assert " ".join(record.to_json()) == (
        "id protection_group_id operation_type status progress "
        "source_site_id target_site_id started_at completed_at updated_at "
        "error_message steps_completed steps_failed parameters request_id "
        "result_data"
    )
