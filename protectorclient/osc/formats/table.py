"""Fit tables into the terminal: short forms, then wrapped lines, then blocks.

cliff's own formatter breaks words wherever a column ends, and lets a table
with many columns run over the edge. Here a list that is too wide shows
short ids, then short times, then breaks lines at words, then leaves out its
border; where even that does not fit, each row becomes a block of lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from protectorclient.osc.formats import measure

#: The least that a column with sentences is narrowed to, as long as other
#: columns have a shorter form.
COMFORT = 24
#: The same when they have none any more.
LEAST = 12
#: Cells beside the names of the fields, below which a record is a block.
LEAST_BESIDE = 28
#: The first digits of an id are enough for the commands that read.
ID_DIGITS = 8
Rows = Sequence[Sequence[str]]

_ID = re.compile(
    r"(?:op-|req-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)
_TIME = re.compile(r"(\d{4})-(\d\d-\d\d)T(\d\d:\d\d):\d\dZ")
_SHORT_TIME = re.compile(r"(?:\d{4}-)?\d\d-\d\d \d\d:\d\d")
_MINUTES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def table(
    titles: Sequence[str],
    rows: Rows,
    limit: int | None,
    numeric: Sequence[bool] = (),
) -> list[str]:
    """Return the lines of a list.

    :param rows: texts, whose newlines are kept.
    :param limit: cells that a line may take; None for any number.
    :param numeric: which columns are numbers.
    """
    if limit is None:
        return _drawn(titles, rows, _natural(titles, rows), numeric)
    found = in_columns(titles, rows, limit, numeric)
    return blocks(titles, rows, limit) if found is None else found


def in_columns(
    titles: Sequence[str],
    rows: Rows,
    limit: int,
    numeric: Sequence[bool] = (),
) -> list[str] | None:
    """Return the lines of a list; None where its columns do not fit."""
    short = rows
    for shorten, least, in_names, gap in _ATTEMPTS:
        short = shorten(short)
        joints = [in_names and _is_prose(c) for c in _columns(titles, short)]
        count = len(titles)
        around = 3 * count + 1 if gap is None else gap * (count - 1)
        widths = _fitted(titles, short, limit - around, least, joints)
        if widths is not None:
            return _drawn(titles, short, widths, numeric, joints, gap)
    return None


def record(
    titles: Sequence[str], values: Sequence[str], limit: int | None
) -> list[str]:
    """Return the lines of one record, a field in each."""
    head = ("Field", "Value")
    rows = list(zip(titles, values, strict=True))
    natural = _natural(head, rows)
    if limit is None:
        return _drawn(head, rows, natural)
    beside = limit - natural[0] - 7
    ids = [m.group() for value in values for m in _ID.finditer(value)]
    if beside < max(LEAST_BESIDE, measure.widest(ids)):
        return blocks(titles, [values], limit)
    widths = [natural[0], min(natural[1], beside)]
    return _drawn(head, rows, widths)


def blocks(
    titles: Sequence[str], rows: Iterable[Sequence[str]], limit: int
) -> list[str]:
    """Return each row as lines of its own, for narrow terminals."""
    margin = measure.widest(titles) + 2
    beside = limit - margin
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        for title, value in zip(titles, row, strict=True):
            if not value:
                continue
            if beside >= measure.longest_word(value) or beside >= COMFORT * 2:
                parts = measure.wrapped(value, beside)
                lines.append(measure.padded(title, margin) + parts[0])
                lines += [" " * margin + part for part in parts[1:]]
            else:
                # an id that would not fit is whole without the indentation
                fits = measure.longest_word(value) <= limit - 2
                indent = "  " if fits else ""
                lines += measure.wrapped(title, limit)
                lines += [
                    indent + part
                    for part in measure.wrapped(value, limit - len(indent))
                ]
    return lines


# Widths


def _natural(titles: Sequence[str], rows: Rows) -> list[int]:
    return [
        measure.widest(
            line for text in (title, *column) for line in text.split("\n")
        )
        for title, column in zip(titles, _columns(titles, rows), strict=True)
    ]


def _fitted(
    titles: Sequence[str],
    rows: Rows,
    room: int,
    least: int,
    joints: Sequence[bool],
) -> list[int] | None:
    """Return the widths with which all fits; None where that cannot be.

    :param room: cells for what is in the columns.
    """
    columns = _columns(titles, rows)
    contents = _natural([""] * len(titles), rows)
    floors = [
        max(
            measure.longest_word(title),
            min(wide, least),
            *(_unbroken(text, joint) for text in column),
        )
        for title, wide, column, joint in zip(
            titles, contents, columns, joints, strict=True
        )
    ]
    widths = [
        max(floor, wide)
        for floor, wide in zip(floors, _natural(titles, rows), strict=True)
    ]
    # a heading takes two lines before a cell does
    for n, (floor, wide) in enumerate(zip(floors, contents, strict=True)):
        if sum(widths) > room:
            widths[n] = max(floor, wide)
    if sum(floors) > room:
        return None
    while sum(widths) > room:
        n = max(
            (n for n in range(len(widths)) if widths[n] > floors[n]),
            key=lambda n: widths[n],
        )
        widths[n] -= 1
    return widths


def _unbroken(text: str, joint: bool) -> int:
    """Return the cells below which a text loses its form."""
    if _SHORT_TIME.fullmatch(text):
        return len(text)
    return measure.longest_word(text, joints=joint)


def _is_prose(column: Iterable[str]) -> bool:
    """Return whether a column has sentences, not names alone."""
    return any(" " in text for text in column)


def _columns(titles: Sequence[str], rows: Rows) -> list[tuple[str, ...]]:
    if not rows:
        return [()] * len(titles)
    return list(zip(*rows, strict=True))


# Shorter forms


def _as_is(rows: Rows) -> Rows:
    return rows


def _short_ids(rows: Rows) -> Rows:
    """Shorten ids to the digits in which they differ."""
    return _each_column(rows, _ID, _prefixes)


def _short_times(rows: Rows) -> Rows:
    """Shorten times: leave out the seconds. They are in UTC."""
    return _each_column(
        rows,
        _TIME,
        lambda found: {text: _TIME.sub(r"\1-\2 \3", text) for text in found},
    )


def _this_year(rows: Rows) -> Rows:
    """Return the times without the year, where all are of one year."""
    return _each_column(
        rows,
        _MINUTES,
        lambda found: (
            {text: text[5:] for text in found}
            if len({text[:4] for text in found}) == 1
            else {}
        ),
    )


def _each_column(
    rows: Rows,
    pattern: re.Pattern[str],
    shorter: Callable[[set[str]], dict[str, str]],
) -> Rows:
    columns = []
    for column in zip(*rows, strict=True):
        found = {text for text in column if text}
        if found and all(pattern.fullmatch(text) for text in found):
            short = shorter(found)
            column = tuple(short.get(text, text) for text in column)
        columns.append(column)
    return list(zip(*columns, strict=True))


def _prefixes(ids: set[str]) -> dict[str, str]:
    for digits in range(ID_DIGITS, 37):
        short = {text: _prefix(text, digits) for text in ids}
        if len(set(short.values())) == len(ids):
            return short
    return {text: text for text in ids}


def _prefix(text: str, digits: int) -> str:
    kind, dash, rest = text.rpartition("op-")
    if not dash:
        kind, dash, rest = text.rpartition("req-")
    return kind + dash + rest[:digits]


#: What is tried in turn, each on what the one before has left: a shorter
#: form of the rows, the least width of a column, whether sentences may be
#: broken inside the names in them, the cells between columns where there is
#: no border.
_ATTEMPTS: tuple[tuple[Callable[[Rows], Rows], int, bool, int | None], ...] = (
    (_as_is, COMFORT, False, None),
    (_short_ids, COMFORT, False, None),
    (_short_times, COMFORT, False, None),
    (_as_is, LEAST, False, None),
    (_as_is, 0, False, None),
    (_this_year, 0, False, None),
    (_as_is, 0, True, None),
    (_as_is, 0, False, 2),
    (_as_is, 0, False, 1),
    (_as_is, 0, True, 2),
    (_as_is, 0, True, 1),
)


# Lines


def _drawn(
    titles: Sequence[str],
    rows: Rows,
    widths: Sequence[int],
    numeric: Sequence[bool] = (),
    joints: Sequence[bool] = (),
    gap: int | None = None,
) -> list[str]:
    none = (False,) * len(titles)
    numeric, joints = numeric or none, joints or none
    if gap is not None:
        between = " " * gap
        head = _row(titles, widths, numeric, none)
        rule = ["-" * wide for wide in widths]
        body = [_row(row, widths, numeric, joints) for row in rows]
        return [
            between.join(cells).rstrip(" ")
            for cells in (*head, rule, *(line for row in body for line in row))
        ]
    border = "+" + "+".join("-" * (wide + 2) for wide in widths) + "+"
    lines = [border, *_boxed(titles, widths, numeric, none), border]
    for row in rows:
        lines += _boxed(row, widths, numeric, joints)
    if rows:
        lines.append(border)
    return lines


def _boxed(
    texts: Sequence[str],
    widths: Sequence[int],
    numeric: Sequence[bool],
    joints: Sequence[bool],
) -> list[str]:
    return [
        "| " + " | ".join(cells) + " |"
        for cells in _row(texts, widths, numeric, joints)
    ]


def _row(
    texts: Sequence[str],
    widths: Sequence[int],
    numeric: Sequence[bool],
    joints: Sequence[bool],
) -> list[list[str]]:
    """Return the lines of a row, the cells of each filled up."""
    cells = [
        measure.wrapped(text, wide, joints=joint)
        for text, wide, joint in zip(texts, widths, joints, strict=True)
    ]
    height = max(map(len, cells))
    return [
        [
            measure.padded(cell[n] if n < len(cell) else "", wide, right=right)
            for cell, wide, right in zip(cells, widths, numeric, strict=True)
        ]
        for n in range(height)
    ]
