"""The formats of ``-f``: what fits, what is escaped, what is exact."""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from protectorclient.escape import escaped
from protectorclient.osc import columns
from protectorclient.osc.formats import formatters, measure, table

UUIDS = (
    "b6597342-4258-5897-a61d-770962b702ee",
    "1d8423c2-d3ed-5ebf-b67a-8dfcac5399e0",
    "1d8423c2-a023-5f2c-841b-2a988373790a",
)
WHEN = "2026-11-27T03:05:28Z"
NASTY = "a\x1b]0;b\x07\x9b31m\x7f\u202ec\u2066\u2028\u2029\ud800"
SPELT = "a\\x1b]0;b\\x07\\x9b31m\\x7f\\u202ec\\u2066\\u2028\\u2029\\ud800"


def args(name: str, *argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    formatters.FORMATS[name]().add_argument_group(parser)
    return parser.parse_args(argv)


def listed(name: str, titles: Sequence[str], rows: Any, *argv: str) -> str:
    out = io.StringIO()
    made: Any = formatters.FORMATS[name]()
    made.emit_list(titles, rows, out, args(name, *argv))
    return out.getvalue()


def shown(name: str, titles: Sequence[str], row: Any, *argv: str) -> str:
    out = io.StringIO()
    made: Any = formatters.FORMATS[name]()
    made.emit_one(titles, row, out, args(name, *argv))
    return out.getvalue()


# Escaping


def test_what_steers_a_terminal_is_spelt_out() -> None:
    assert escaped(NASTY) == SPELT
    assert escaped("a\tb\nc\rd") == "a\\tb\\nc\\rd"
    assert escaped("a\nb\x1b", keep="\n") == "a\nb\\x1b"
    assert escaped("\ufeffname") == "name"
    assert escaped("שלום 世界 é") == "שלום 世界 é"


@pytest.mark.parametrize("name", ["table", "csv", "value", "shell"])
def test_no_format_for_people_has_a_raw_control_character(name: str) -> None:
    cells = (NASTY, columns.Text(NASTY), columns.Lines([NASTY]))
    titles = ("one", "two", NASTY)
    if name != "csv":
        found = shown(name, titles, cells)
    else:
        found = listed(name, titles, [cells])
    assert escaped(found, keep="\n") == found
    assert "\\x1b" in found


def test_json_and_yaml_carry_the_text_exactly() -> None:
    text = NASTY.removesuffix("\ud800") + "\t\n"
    assert json.loads(listed("json", ("a",), [(text,)])) == [{"a": text}]
    assert yaml.safe_load(shown("yaml", ("a",), (text,))) == {"a": text}


def test_value_has_one_row_a_line() -> None:
    found = listed("value", ("a", "b"), [("x\ny", "\t"), ("z", None)])
    assert found == "x\\ny \\t\nz \n"


def test_csv_quotes_lines_and_formulas() -> None:
    row = ("x\ny", "=1+2", "-x", "@x", "+x", -5, 'a"b', None)
    for mode in ("all", "minimal", "nonnumeric", "none"):
        found = listed("csv", "abcdefgh", [row], "--quote", mode)
        assert list(csv.reader(io.StringIO(found)))[1] == [
            "x\ny",
            "=1+2",
            "-x",
            "@x",
            "+x",
            "-5",
            'a"b',
            "",
        ]
        assert '"=1+2","-x","@x","+x"' in found
    assert ",-5," in listed("csv", "abcdefgh", [row])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text 1.5",
        "$(touch PWNED)",
        "`touch PWNED`",
        'a"; touch PWNED; "',
        "a'; touch PWNED; '",
        "back\\slash\\'",
        "tab\tline\nbell\x07\x9b",
        "$HOME ! é 世",
    ],
)
def test_a_shell_evaluates_the_text_and_runs_nothing(
    text: str, tmp_path: Any
) -> None:
    script = shown("shell", ("a name; touch PWNED",), (text,))
    run = subprocess.run(
        ["bash", "-c", f'{script}printf %s "$a_name__touch_pwned"'],
        cwd=tmp_path,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("steering", ["", "\t", "\x1b[2J", "\u202e"])
@pytest.mark.parametrize(
    "text",
    ["'; touch PWNED; '", "\\'; touch PWNED; \\'", "it's", "'", "\\"],
)
def test_no_shell_runs_a_text_that_steers_and_quotes(
    text: str, steering: str, shell: str, tmp_path: Any
) -> None:
    """Not every ``sh`` knows ``$'...'``; one word it must be there, too."""
    script = shown("shell", ("name", "other"), (text + steering, "behind"))
    run = subprocess.run(
        [shell, "-c", f'{script}printf %s "$other"'],
        cwd=tmp_path,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert (run.stdout, run.stderr) == (b"behind", b"")
    assert not list(tmp_path.iterdir())


# Values


def test_programs_get_values_and_not_words() -> None:
    cells = (
        columns.Text(None),
        columns.Percent(55),
        columns.Lines(["a", "b"]),
        {"k": None},
        True,
        float("nan"),
    )
    assert shown("value", "abcdef", cells) == (
        '\n55\n["a", "b"]\n{"k": null}\nTrue\n\n'
    )
    assert json.loads(shown("json", "abcdef", cells)) == {
        "a": None,
        "b": 55,
        "c": ["a", "b"],
        "d": {"k": None},
        "e": True,
        "f": None,
    }
    assert listed("csv", "abcdef", [cells]).splitlines()[1] == (
        '"",55,"[""a"", ""b""]","{""k"": null}",True,""'
    )


def test_not_a_number_is_null_wherever_it_is() -> None:
    deep = {"a": [float("inf"), {"b": float("nan")}]}
    found = shown("json", ("x",), (deep,), "--noindent")
    assert found == '{"x": {"a": [null, {"b": null}]}}\n'
    assert "nan" not in shown("yaml", ("x",), (deep,))


# Tables


def lines(*wanted: str) -> str:
    return "".join(f"{line}\n" for line in wanted)


def test_a_table_that_fits_is_left_as_it_is() -> None:
    found = listed("table", ("ID", "N"), [(UUIDS[0], 7), (UUIDS[1], 12)])
    assert found == lines(
        "+--------------------------------------+----+",
        "| ID                                   |  N |",
        "+--------------------------------------+----+",
        f"| {UUIDS[0]} |  7 |",
        f"| {UUIDS[1]} | 12 |",
        "+--------------------------------------+----+",
    )


def test_ids_are_short_before_words_are_broken() -> None:
    rows = [(UUIDS[0], "a sentence of seven words, not more")]
    found = listed("table", ("ID", "Text"), rows, "--max-width", "50")
    assert found == lines(
        "+----------+-------------------------------------+",
        "| ID       | Text                                |",
        "+----------+-------------------------------------+",
        "| b6597342 | a sentence of seven words, not more |",
        "+----------+-------------------------------------+",
    )


def test_short_ids_are_as_long_as_tells_them_apart() -> None:
    rows = [(UUIDS[1], "x" * 60), (UUIDS[2], "y" * 50)]
    found = listed("table", ("ID", "Text"), rows)
    assert "| 1d8423c2-d |" in found
    assert "| 1d8423c2-a |" in found
    operation = listed("table", ("ID", "T"), [(f"op-{UUIDS[0]}", "x" * 55)])
    assert "| op-b6597342 |" in operation


def test_lines_are_broken_at_words_and_not_inside_names() -> None:
    rows = [("prod-web-app", "one two three four five", "test_failover")]
    found = listed("table", ("Name", "Text", "Type"), rows, "--max-width=46")
    assert found == lines(
        "+--------------+-------------+---------------+",
        "| Name         | Text        | Type          |",
        "+--------------+-------------+---------------+",
        "| prod-web-app | one two     | test_failover |",
        "|              | three four  |               |",
        "|              | five        |               |",
        "+--------------+-------------+---------------+",
    )


def test_what_cannot_be_a_table_is_a_block_with_whole_ids() -> None:
    rows = [(UUIDS[0], "x" * 30, WHEN), (UUIDS[1], "y" * 30, None)]
    found = listed("table", ("ID", "Name", "At"), rows, "--max-width=50")
    assert found == lines(
        f"ID    {UUIDS[0]}",
        f"Name  {'x' * 30}",
        f"At    {WHEN}",
        "",
        f"ID    {UUIDS[1]}",
        f"Name  {'y' * 30}",
    )


@pytest.mark.parametrize("width", [20, 40, 60, 80, 132])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    rows = [
        (UUIDS[0], "שלום-世界" * 3, "word " * 30, WHEN, "failed_over", 55),
        (UUIDS[1], "prod", "x" * 200, WHEN, None, 1),
    ]
    titles = ("ID", "Name", "A Long Title", "At", "Status", "Progress")
    for found in (
        listed("table", titles, rows, f"--max-width={width}"),
        shown("table", titles, rows[0], f"--max-width={width}"),
        shown("table", titles, rows[1], f"--max-width={width}"),
    ):
        assert max(map(measure.width, found.splitlines())) <= width


def test_wide_characters_keep_the_border_straight() -> None:
    found = listed("table", ("Name",), [("世界",), ("אבגד",)])
    assert len({measure.width(line) for line in found.splitlines()}) == 1


def test_any_width_when_asked_for() -> None:
    rows = [("word " * 60,)]
    found = listed("table", ("Text",), rows, "--max-width", "0")
    assert len(found.splitlines()) == 5


def test_columns_says_how_wide_the_terminal_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    found = listed("table", ("Text",), [("word " * 60,)])
    assert max(map(len, found.splitlines())) <= 50
    monkeypatch.delenv("COLUMNS")
    found = listed("table", ("Text",), [("word " * 60,)])
    assert 70 < max(map(len, found.splitlines())) <= 80


def test_an_empty_list_is_nothing_unless_it_is_asked_for() -> None:
    assert listed("table", ("ID", "Name"), []) == ""
    assert listed("table", ("ID",), [], "--print-empty") == lines(
        "+----+", "| ID |", "+----+"
    )
    assert listed("json", ("ID",), []) == "[]\n"
    assert listed("csv", ("ID",), []) == '"ID"\n'


def test_a_record_too_narrow_for_its_ids_is_a_block() -> None:
    titles = ("current_primary_site_id", "name")
    found = shown("table", titles, (UUIDS[0], "x"), "--max-width=60")
    assert found == lines(
        "current_primary_site_id",
        f"  {UUIDS[0]}",
        "name                     x",
    )


def test_the_id_of_an_operation_is_whole_on_a_phone() -> None:
    identity = f"op-{UUIDS[0]}"
    record = (("id", "status"), (identity, "ok"))
    found = shown("table", *record, "--max-width=40")
    assert found == lines("id", identity, "status  ok")


def test_a_border_is_left_out_before_rows_are_blocks() -> None:
    rows = [
        (f"op-{one}", "test_failover", "prod-web-app", "completed", WHEN)
        for one in UUIDS[:2]
    ]
    titles = ("ID", "Type", "Protection Group", "Status", "Started At")
    found = listed("table", titles, rows, "--max-width=64")
    when = f"{WHEN[5:10]} {WHEN[11:16]}"
    assert found == lines(
        "ID           Type           Protection    Status     Started At",
        "                            Group",
        "-----------  -------------  ------------  ---------  -----------",
        f"op-{UUIDS[0][:8]}  test_failover  prod-web-app  completed  {when}",
        f"op-{UUIDS[1][:8]}  test_failover  prod-web-app  completed  {when}",
    )


def test_words_that_do_not_fit_are_cut_and_nothing_is_lost() -> None:
    for cells in (1, 2, 3, 7):
        parts = measure.wrapped("  abc世界 de", cells)
        assert "".join(parts).replace(" ", "") == "abc世界de"


def test_a_sentence_below_a_table_hangs() -> None:
    assert measure.hanging("prod: one two three four", 14) == [
        "prod: one two",
        "  three four",
    ]
    assert table.COMFORT > table.LEAST
