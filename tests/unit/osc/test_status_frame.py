"""The picture of ``status --watch``: it fits, problems first."""

from __future__ import annotations

import datetime

import pytest

from protectorclient.osc.formats import measure
from protectorclient.osc.live import frame as view
from protectorclient.osc.live.status_frame import Board, Entry, Glance, frame

AT = datetime.datetime(2026, 11, 3, 3, 0, 5, tzinfo=datetime.UTC)
TITLES = ("Name", "Primary", "Status", "In Sync", "Lag", "Ready")
NAMES = ("prod-web-app", "世界世界世界", "שלום-עולם", "x" * 60)


def group(name: str, ready: str = "yes", *reasons: str) -> Entry:
    cells = (name, "site-a", "failed over", "yes", "1m 5s of 15m", ready)
    return Entry(cells, name, ready, reasons)


def glance(*entries: Entry, notes: tuple[str, ...] = ()) -> Glance:
    return Glance(TITLES, entries, notes, AT, 5.0)


def drawn(found: Glance, width: int, height: int) -> list[str]:
    return view.plain(frame(found, width, height))


def test_a_few_groups_with_all_their_reasons() -> None:
    found = glance(
        group("web", "no", "There is no replication policy", "It is old"),
        group("db", "no", "There is no replication policy"),
        group("mail"),
    )
    assert drawn(found, 80, 24) == [
        "03:00:05 UTC, every 5s",
        "+------+---------+-------------+---------+--------------+-------+",
        "| Name | Primary | Status      | In Sync | Lag          | Ready |",
        "+------+---------+-------------+---------+--------------+-------+",
        "| web  | site-a  | failed over | yes     | 1m 5s of 15m | no    |",
        "| db   | site-a  | failed over | yes     | 1m 5s of 15m | no    |",
        "| mail | site-a  | failed over | yes     | 1m 5s of 15m | yes   |",
        "+------+---------+-------------+---------+--------------+-------+",
        "web, db: There is no replication policy",
        "web: It is old",
        "Ctrl-C stops watching.",
    ]


def test_forty_groups_are_counted_where_they_do_not_fit() -> None:
    bad = [group(f"bad-{n}", "no", f"reason {n}", "old") for n in range(3)]
    good = [group(f"app-{n:02}") for n in range(37)]
    found = drawn(glance(*bad, *good), 80, 24)
    assert len(found) == 24
    assert [line.split()[1] for line in found[4:8]] == [
        "bad-0",
        "bad-1",
        "bad-2",
        "app-00",
    ]
    assert "bad-2: reason 2" in found
    assert found[-3:] == [
        "and 3 more reasons",
        "and 27 more: 27 ready",
        "Ctrl-C stops watching.",
    ]


def test_a_narrow_terminal_shows_fewer_columns() -> None:
    found = drawn(glance(*(group(f"app-{n:02}") for n in range(40))), 40, 24)
    assert found[2] == "| Name   | Status      | In   | Ready |"
    assert found[-2] == "and 24 more: 24 ready"


def test_a_terminal_for_hardly_anything_shows_a_group() -> None:
    bad = [group(f"bad-{n}", "no", "why") for n in range(9)]
    found = drawn(glance(*bad), 40, 8)
    assert any("bad-0" in line for line in found)
    assert found[-2] == "and 8 more: 8 not ready"


@pytest.mark.parametrize("height", [1, 2, 5, 10, 24, 50])
@pytest.mark.parametrize("width", [1, 10, 40, 60, 80, 200])
def test_at_any_size_it_fits(width: int, height: int) -> None:
    bad = [group(name, "no", "word " * 30, "שלום " * 20) for name in NAMES]
    good = [group(f"{name}{n}") for n in range(10) for name in NAMES]
    found = glance(*bad, *good, notes=("warning: " + "site-a " * 40,))
    lines = drawn(found, width, height)
    assert len(lines) <= height
    assert max(map(measure.width, lines)) <= width


def test_what_was_seen_last_stays_when_nobody_answers() -> None:
    board = Board(glance(group("web")))
    assert view.plain(board(80, 24, view.UNICODE, True))[-1].startswith("Ctrl")
    board.lose("neither site answers")
    lines = view.plain(board(80, 24, view.UNICODE, True))
    assert any("| web " in line for line in lines)
    assert "this is of 03:00:05 UTC; now: neither site answers" in lines


def test_afterwards_all_of_it_stands_there() -> None:
    bad = [group(f"bad-{n}", "no", f"reason {n}") for n in range(40)]
    board = Board(glance(*bad, notes=("warning: site-b is dead",)))
    lines = view.plain(board(80, 10_000, view.UNICODE, False))
    assert len(lines) == 1 + 4 + 40 + 40
    assert "warning: site-b is dead" not in lines
