"""Rows in the order of their columns, and what is said of many."""

from __future__ import annotations

from typing import Any

import pytest

from protectorclient.osc import columns
from protectorclient.osc.formats import below, sorting
from protectorclient.osc.live import screen


def order(values: list[Any], *, descending: bool = False) -> list[Any]:
    rows = [(n, value) for n, value in enumerate(values)]
    found = sorting.ordered(rows, [1], descending=descending)
    return [values[n] for n, _ in found]


def test_numbers_are_numbers() -> None:
    assert order([10, 9, 2.5, 100]) == [2.5, 9, 10, 100]
    cells = [columns.Percent(value) for value in (100, 5, 20)]
    assert order(cells) == [cells[1], cells[2], cells[0]]


@pytest.mark.parametrize("nothing", [None, "", float("nan")])
def test_what_is_missing_is_last(nothing: Any) -> None:
    values = ["b", nothing, "a"]
    assert order(values) == ["a", "b", nothing]
    assert order(values, descending=True) == ["b", "a", nothing]
    cells = [columns.Text(value) for value in ("b", None, "a")]
    assert order(cells, descending=True) == [cells[0], cells[2], cells[1]]


def test_types_may_be_mixed() -> None:
    assert order(["x", 7, None, ["l"], True]) == [True, 7, ["l"], "x", None]


def test_names_are_sorted_as_they_are_read() -> None:
    names = {"1": "zebra", "2": "ant"}
    cells = [columns.NamedId(one, names, False) for one in ("1", "2")]
    assert order(cells) == [cells[1], cells[0]]


def test_the_first_column_counts_most_and_equals_keep_their_order() -> None:
    rows = [("b", 1, "x"), ("a", 2, "y"), ("b", 0, "z"), ("a", 2, "w")]
    assert sorting.ordered(rows, [0, 1]) == [
        rows[1],
        rows[3],
        rows[2],
        rows[0],
    ]
    assert sorting.ordered(rows, []) == rows


def test_what_is_true_of_many_is_said_once() -> None:
    told = [(f"app-{n}", "site-a is dead") for n in range(40)]
    told.insert(1, ("app-0", "old"))
    assert below.shared(told) == [
        "app-0, app-1, app-2 and 37 more: site-a is dead",
        "app-0: old",
    ]
    assert below.shared(told[:3]) == [
        "app-0, app-1: site-a is dead",
        "app-0: old",
    ]
    assert below.shared([(str(n), "x") for n in range(4)]) == ["0, 1, 2, 3: x"]


@pytest.mark.parametrize(
    ("environment", "wants"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"CLICOLOR": "0"}, False),
        ({"CLICOLOR": "1"}, True),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "0"}, False),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
    ],
)
def test_who_gets_colors(environment: dict[str, str], wants: bool) -> None:
    assert screen.wants_color(environment) is wants
