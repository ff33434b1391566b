"""The state of operations that are followed, from the events."""

from __future__ import annotations

from typing import Any

from protectorclient import exceptions
from protectorclient.polling import events
from protectorclient.polling.progress_state import ProgressState
from protectorclient.records.operation import Operation

ONE, TWO = events.Key("site-a", "op-1"), events.Key("site-b", "op-2")
GONE = exceptions.SiteUnreachable("refused", site="site-a")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(key: events.Key, status: str = "running", **more: Any) -> Operation:
    return Operation.from_dict(
        {
            "id": key.operation_id,
            "protection_group_id": "pg-1",
            "operation_type": "failover",
            "status": status,
            **more,
        }
    )


def changed(key: events.Key, status: str = "running") -> events.Changed:
    return events.Changed(at=0, key=key, operation=record(key, status))


def ended(
    key: events.Key, outcome: events.Outcome, status: str = "completed"
) -> events.Ended:
    return events.Ended(
        at=0, key=key, outcome=outcome, operation=record(key, status)
    )


def test_what_runs_goes_on() -> None:
    clock = Clock()
    state = ProgressState([ONE, TWO], clock=clock)
    assert state.standing() == [
        "whether there is an operation op-1 is not known",
        "whether there is an operation op-2 is not known",
    ]
    for key in (ONE, TWO):
        state(changed(key))
        state.hear(key.site)
    assert state.standing() == ["op-1, op-2 go on"]
    assert [state.outcome(key.operation_id) for key in state.keys] == [
        "running",
        "running",
    ]


def test_of_a_site_that_is_lost_only_what_was_seen_is_known() -> None:
    clock = Clock()
    state = ProgressState([ONE, TWO], clock=clock)
    for key in (ONE, TWO):
        state(changed(key))
        state.hear(key.site)
    clock.now += 20
    state.hear("site-b")
    state(events.Lost(at=0, site="site-a", error=GONE))
    assert state.standing() == [
        "op-2 goes on",
        "op-1 was running when last seen 20s ago",
    ]
    clock.now += 3600
    assert state.outcome("op-1") == "unknown"
    state.hear("site-a")
    state(events.Regained(at=0, site="site-a", polls=1, seconds=1))
    assert state.outcome("op-1") == "running"


def test_what_was_known_before_is_the_last_record() -> None:
    known = {"op-1": (record(ONE, "completed"), "site-a")}
    state = ProgressState([ONE], known, clock=Clock())
    assert state.outcome("op-1") == "completed"
    assert state.left == ["op-1"], "its end was not seen"


def test_an_end_is_kept_with_its_error() -> None:
    state = ProgressState([ONE, TWO], clock=Clock())
    state(ended(TWO, events.Outcome.COMPLETED))
    state(ended(ONE, events.Outcome.ROLLED_BACK, "failed"))
    assert state.left == []
    assert [end.key for end in state.ends] == [TWO, ONE]
    assert state.outcome("op-1") == "rolled_back"
    (error,) = state.errors().values()
    assert isinstance(error, exceptions.OperationFailed)


def test_the_first_that_has_ended_is_kept_alone() -> None:
    state = ProgressState([ONE, TWO], clock=Clock())
    state(ended(ONE, events.Outcome.UNKNOWN))
    assert not state.any_ended
    state.keep_first()
    assert state.keys == (ONE, TWO), "nobody knows how it has ended"
    state(ended(TWO, events.Outcome.COMPLETED))
    assert state.any_ended
    state.keep_first()
    assert state.keys == (TWO,)
    assert [end.key for end in state.ends] == [TWO]
    assert state.errors() == {}


def test_one_that_begins_meanwhile_is_followed_too() -> None:
    state = ProgressState([ONE], clock=Clock())
    state.add(TWO, record(TWO))
    state.add(TWO, record(TWO, "completed"))
    assert state.keys == (ONE, TWO)
    assert state.records["op-2"][0].status == "running"


def test_earlier_operations_are_asked_for_by_a_frame_alone() -> None:
    asked: list[str] = []

    def history(site: str, operation: Operation) -> list[Operation]:
        asked.append(site)
        return []

    for wanted, expected in ((False, []), (True, ["site-a"])):
        state = ProgressState([ONE], history=history)
        state.estimates = wanted
        for _ in range(2):
            state(changed(ONE))
        assert asked == expected


def test_a_record_in_doubt_is_told_below_the_frame() -> None:
    state = ProgressState([ONE])
    doubt = events.Doubted(
        at=0, key=ONE, operation=record(ONE), message="op-1 is odd"
    )
    state(doubt)
    assert state.doubts == ["op-1 is odd"]
