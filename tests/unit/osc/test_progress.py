"""The lines that a wait writes."""

from __future__ import annotations

import datetime
import json
from typing import Any

from protectorclient import exceptions
from protectorclient.osc.live import lines as progress
from protectorclient.polling import poller
from protectorclient.records.operation import Operation

KEY = poller.Key("site-a", "op-1")


def operation(status: str, percent: int, **more: object) -> Operation:
    return Operation.from_dict(
        {"id": "op-1", "status": status, "progress": percent, **more}
    )


def told(*events: poller.Event) -> list[str]:
    lines: list[str] = []
    report = progress.Reporter(lines.append)
    for event in events:
        report(event)
    return lines


def changes(*records: Operation) -> list[poller.Event]:
    previous = (None, *records)
    return [
        poller.Changed(at=0.0, key=KEY, operation=now, previous=before)
        for before, now in zip(previous, records, strict=False)
    ]


def test_steps_as_they_are_done() -> None:
    assert told(
        *changes(
            operation("pending", 0),
            operation("running", 5),
            operation("running", 20, steps_completed=["one", "two"]),
            operation("running", 30, steps_completed=["one", "two"]),
            operation("completed", 100, steps_completed=["one", "two", "end"]),
        )
    ) == [" 20% one, two", "100% end", "100% completed"]


def test_a_rollback_is_told_once() -> None:
    assert told(
        *changes(
            operation("running", 40),
            operation("rolling_back", 40, steps_failed=["two"]),
            operation("rolling_back", 30, steps_failed=["two"]),
            operation("failed", 30, steps_failed=["two"]),
        )
    ) == [" 40% two failed, rolling back", " 30% failed"]
    assert told(*changes(operation("rolling_back", 0))) == [
        "  0% a step failed, rolling back"
    ]


GONE = exceptions.SiteUnreachable(
    "no answer from http://site-a/: connection refused",
    site="site-a",
    brief="connection refused",
)


def lost(patience: float | None = None) -> poller.Lost:
    return poller.Lost(
        at=0.0, site="site-a", error=GONE, silent_for=1.0, patience=patience
    )


def back(polls: int = 3) -> poller.Regained:
    return poller.Regained(at=9.0, site="site-a", polls=polls, seconds=9.0)


def test_a_site_that_is_away_and_back() -> None:
    assert told(lost(), back(), lost(), back(1)) == [
        "site-a does not answer (connection refused); asking again",
        "site-a answers again, after 3 lost polls",
        "site-a does not answer (connection refused); asking again",
        "site-a answers again, after 1 lost poll",
    ]


def test_a_silence_says_how_long_it_is_given() -> None:
    still = poller.Silent(
        at=0.0, site="site-a", error=GONE, silent_for=153.0, patience=147.0
    )
    assert told(lost(300.0), still) == [
        "site-a does not answer (connection refused); asking again, for up to"
        " 5m",
        "site-a has not answered for 2m 33s (connection refused); asking"
        " again, for up to 2m 27s",
    ]


def ended(outcome: poller.Outcome, **fields: Any) -> poller.Ended:
    return poller.Ended(at=0.0, key=KEY, outcome=outcome, **fields)


def test_the_end_itself_is_for_the_command_to_tell() -> None:
    assert told(ended(poller.Outcome.COMPLETED)) == []


def test_every_change_where_that_is_the_result() -> None:
    lines: list[str] = []
    report = progress.Reporter(lines.append, every=True)
    for event in changes(
        operation("pending", 0, operation_type="failover"),
        operation("running", 5, operation_type="failover"),
        operation("running", 12, operation_type="failover"),
        operation("running", 12, operation_type="own"),
    ):
        report(event)
    report(ended(poller.Outcome.RUNNING))
    report(ended(poller.Outcome.UNKNOWN))
    last = operation("rolling_back", 5)
    for outcome in (poller.Outcome.RUNNING, poller.Outcome.UNKNOWN):
        report(ended(outcome, operation=last, silent_for=24.0))
    assert lines == [
        "  0% pending",
        "  5% validate_target_site goes on",
        " 12% validate_target_site goes on",
        " 12% running",
        "op-1: running",
        "op-1: unknown",
        "op-1: last seen rolling back 24s ago",
        "op-1: unknown, last seen rolling back 24s ago",
    ]


def test_several_operations_are_told_apart() -> None:
    lines: list[str] = []
    report = progress.Reporter(
        lines.append, label=lambda operation: f"{operation.id}: "
    )
    for event in changes(operation("completed", 100)):
        report(event)
    assert lines == ["op-1: 100% completed"]


def test_events_as_json() -> None:
    lines: list[str] = []
    when = datetime.datetime(2025, 11, 3, 10, tzinfo=datetime.UTC)
    journal = progress.EventLog(lines.append, lambda: when)
    gone = exceptions.SiteUnreachable("gone", site="site-a")
    for event in (
        *changes(operation("running", 5, steps_completed=["one"])),
        lost(),
        back(),
        ended(poller.Outcome.UNKNOWN, error=gone, lost=7),
    ):
        journal(event)
    changed, away, again, end = map(json.loads, lines)
    assert changed == {
        "event": "changed",
        "time": "2025-11-03T10:00:00Z",
        "site": "site-a",
        "operation_id": "op-1",
        "steps": ["one"],
        "operation": {
            "id": "op-1",
            "status": "running",
            "progress": 5,
            "steps_completed": ["one"],
        },
    }
    assert away["event"] == "lost"
    assert away["message"].endswith(": connection refused")
    assert (away["silent_seconds"], away["patience"]) == (1.0, None)
    assert (again["event"], again["lost_polls"]) == ("regained", 3)
    assert end["event"] == "ended"
    assert (end["outcome"], end["exit_code"]) == ("unknown", 12)
    assert (end["operation"], end["lost_polls"]) == (None, 7)
    assert "is not known" in end["message"]
