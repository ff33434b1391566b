"""Print wide columns below a table, one line each, to keep rows short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from protectorclient.osc.columns import Below
from protectorclient.osc.formats import formatters, measure, values

Row = tuple[Any, ...]


def parted(
    names: Sequence[str], rows: list[Row], width: int | None
) -> tuple[Sequence[str], list[Row], list[str]]:
    """Return the columns of the table, and the lines that stand below it.

    Each line begins with the first column of its row, or of all the rows
    of which it is true.

    :param width: cells that a line may take; None for any number.
    """
    apart = {
        n
        for row in rows
        for n, cell in enumerate(row)
        if isinstance(cell, Below)
    }
    if not apart:
        return names, rows, []
    kept = [n for n in range(len(names)) if n not in apart]
    told = [
        (formatters.plain(row[0]), line)
        for row in rows
        for n in sorted(apart)
        for line in values.human(row[n]).split("\n")
        if line
    ]
    lines = [
        part for said in shared(told) for part in measure.hanging(said, width)
    ]
    return (
        [names[n] for n in kept],
        [tuple(row[n] for n in kept) for row in rows],
        lines,
    )


def shared(sentences: Iterable[tuple[str, str]], most: int = 3) -> list[str]:
    """Join the same sentence about several things into one.

    :param sentences: names, and a sentence about each.
    :param most: so many are named.
    """
    names: dict[str, list[str]] = {}
    for name, text in sentences:
        names.setdefault(text, []).append(name)
    return [f"{_together(of, most)}: {text}" for text, of in names.items()]


def _together(names: Sequence[str], most: int) -> str:
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
