"""The lines that a wait writes."""

from __future__ import annotations

from protectorclient import exceptions, watch
from protectorclient.osc import progress
from protectorclient.v1.operations import Operation

KEY = watch.Key("site-a", "op-1")


def operation(status: str, percent: int, **more: object) -> Operation:
    return Operation.from_dict(
        {"id": "op-1", "status": status, "progress": percent, **more}
    )


def told(*events: watch.Event) -> list[str]:
    lines: list[str] = []
    report = progress.Reporter(lines.append)
    for event in events:
        report(event)
    return lines


def changes(*records: Operation) -> list[watch.Event]:
    previous = (None, *records)
    return [
        watch.Changed(at=0.0, key=KEY, operation=now, previous=before)
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


def lost() -> watch.Lost:
    error = exceptions.SiteUnreachable("connection refused", site="site-a")
    return watch.Lost(at=0.0, site="site-a", error=error)


def test_a_site_that_is_away_and_back() -> None:
    back = watch.Regained(at=9.0, site="site-a", polls=3, seconds=9.0)
    assert told(lost(), back) == [
        "no word from site-a, asking again: site-a: connection refused",
        "site-a answers again",
    ]
    assert told(back) == []


def test_the_first_answer_may_be_the_last() -> None:
    assert told(lost(), *changes(operation("completed", 100))) == [
        "no word from site-a, asking again: site-a: connection refused",
        "site-a answers again",
        "100% completed",
    ]


def test_the_end_itself_is_for_the_command_to_tell() -> None:
    ended = watch.Ended(at=0.0, key=KEY, outcome=watch.Outcome.COMPLETED)
    assert told(ended) == []
