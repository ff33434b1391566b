"""Columns that a table has below it, one line each, to keep rows short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protectorclient.osc.columns import Below
from protectorclient.osc.formats import formatters, measure, values

Row = tuple[Any, ...]


def parted(
    names: Sequence[str], rows: list[Row], width: int | None
) -> tuple[Sequence[str], list[Row], list[str]]:
    """The columns of the table, and the lines that stand below it.

    Each line begins with the first column of its row.

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
    lines = []
    for row in rows:
        for text in (values.human(row[n]) for n in sorted(apart)):
            for line in filter(None, text.split("\n")):
                said = f"{formatters.plain(row[0])}: {line}"
                lines += measure.hanging(said, width)
    return (
        [names[n] for n in kept],
        [tuple(row[n] for n in kept) for row in rows],
        lines,
    )
