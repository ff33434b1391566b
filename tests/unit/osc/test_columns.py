"""What people read, and what programs get, of the same value."""

from __future__ import annotations

from protectorclient.osc import columns
from protectorclient.records.operation import Operation

LONG = "a" * 36


def human(field: str, value: object, **names: str) -> str:
    cell = columns.cell(field, value, names, full=True)
    return str(getattr(cell, "human_readable", lambda: cell)())


def test_a_status_of_many_words() -> None:
    cell = columns.Words("OUT_OF_SYNC")
    assert cell.human_readable() == "OUT OF SYNC"
    assert cell.machine_readable() == "OUT_OF_SYNC"


def test_what_is_missing_is_an_empty_cell() -> None:
    for field in ("name", "progress", "error_message", "source_site_id"):
        cell = columns.cell(field, None, {})
        assert cell.human_readable() == ""
        assert cell.machine_readable() is None


def test_progress_is_in_percent() -> None:
    assert human("progress", 55) == "55%"
    assert columns.cell("progress", 55, {}).machine_readable() == 55


def test_an_id_with_its_name() -> None:
    cell = columns.cell("source_site_id", "1", {"1": "site-a"})
    assert cell.human_readable() == "site-a"
    assert cell.machine_readable() == "1"
    assert human("source_site_id", "1", **{"1": "site-a"}) == "site-a (1)"
    assert human("source_site_id", "2", **{"1": "site-a"}) == "2"


def test_a_list_has_one_item_a_line() -> None:
    assert human("steps_completed", ["one", "two"]) == "one\ntwo"
    assert human("steps_completed", []) == ""


def test_a_mapping_fits_beside_the_names_of_the_fields() -> None:
    assert human("flavor_mapping", {"a": "b"}) == "a -> b"
    assert human("network_mapping", {LONG: LONG}) == f"{LONG}\n  -> {LONG}"
    assert human("network_mapping", None) == ""


def test_an_object_is_indented() -> None:
    value = {
        "force": True,
        "network_mapping": {LONG: LONG},
        "instances": ["x", "y"],
        "leftovers": [],
        "note": None,
        "inner": {"key": {"deep": 1}},
    }
    assert human("result_data", value).splitlines() == [
        "force: True",
        "network_mapping:",
        f"  {LONG}",
        f"    -> {LONG}",
        "instances:",
        "  x",
        "  y",
        "leftovers: none",
        "note: ",
        "inner:",
        "  key:",
        "    deep: 1",
    ]


def test_a_list_of_objects() -> None:
    value = [{"id": "1", "name": None, "tags": ["a", "b"], "in": {"x": 1}}]
    assert human("things", value) == "id=1, tags=a, b, in=x=1"


def test_what_is_left_behind() -> None:
    left = {"id": "1", "kind": "volume", "name": "x", "site": "", "why": ""}
    assert human("things", [left]) == "volume x"
    left.update(site="site-b", why="it is in use")
    assert human("things", [left]) == "volume x at site-b: it is in use"


def test_sentences_keep_their_lines_and_names_are_one() -> None:
    assert human("error_message", "one\ntwo") == "one\ntwo"
    assert human("name", "one\ntwo") == "one\\ntwo"


def test_items_are_described_by_their_command() -> None:
    cell = columns.Items([{"name": "x"}], lambda item: str(item["name"]))
    assert cell.human_readable() == "x"
    assert cell.machine_readable() == [{"name": "x"}]
    assert columns.Items(None, str).human_readable() == ""


def test_what_is_missing_sorts_last() -> None:
    cells = [columns.Text(value) for value in ("b", None, "a")]
    assert [cell.machine_readable() for cell in sorted(cells)] == [
        "a",
        "b",
        None,
    ]
    assert columns.Text("a").__lt__("b") is NotImplemented


def test_known_fields_come_first_and_unknown_ones_stay() -> None:
    record = Operation.from_dict({"novel": 1, "status": "running", "id": "x"})
    assert columns.in_order(record) == {
        "id": "x",
        "status": "running",
        "novel": 1,
    }
    titles, _ = columns.shown(record)
    assert titles == ("id", "status", "novel")


def test_a_list_of_records() -> None:
    titles, rows = columns.listed(
        [{"id": "1", "size": 3}], {"ID": "id", "Size": "size", "Gone": "gone"}
    )
    assert titles == ("ID", "Size", "Gone")
    identity, size, gone = rows[0]
    assert identity.machine_readable() == "1"
    assert size == 3
    assert gone.machine_readable() is None


def test_cells_of_the_commands_own() -> None:
    output = columns.replaced((("a", "b"), (1, 2)), {"b": 3})
    assert output == (("a", "b"), (1, 3))


def test_a_span_has_the_two_units_that_matter() -> None:
    assert columns.span(0) == "0s"
    assert columns.span(-5) == "0s"
    assert columns.span(59.6) == "1m"
    assert columns.span(3725) == "1h 2m"
    assert columns.span(200_000) == "2d 7h"


def test_a_whole_number_is_shown_as_one() -> None:
    sent = {"id": "op-1", "progress": 100.0}
    names, cells = columns.shown(Operation.from_dict(sent))
    progress = dict(zip(names, cells, strict=True))["progress"]
    assert progress.human_readable() == "100%"
    assert repr(progress.machine_readable()) == "100"
    _, [row] = columns.listed([sent], {"P": "progress"})
    assert repr(row[0].machine_readable()) == "100"
