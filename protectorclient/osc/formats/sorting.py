"""Sort rows by the columns that ``--sort-column`` names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from protectorclient.osc import columns
from protectorclient.osc.formats import values

Row = tuple[Any, ...]


def ordered(
    rows: Iterable[Iterable[Any]],
    by: Sequence[int],
    *,
    descending: bool = False,
) -> list[Row]:
    """Rows sorted by columns, of which the first counts most.

    What is missing stands at the end, in either direction. Rows that are
    equal keep their order.
    """
    found = [tuple(row) for row in rows]
    for n in reversed(by):
        keys = [_key(row[n]) for row in found]
        told = [i for i, key in enumerate(keys) if key is not None]
        told.sort(key=lambda i: keys[i] or (), reverse=descending)
        missing = [i for i, key in enumerate(keys) if key is None]
        found = [found[i] for i in (*told, *missing)]
    return found


def _key(cell: Any) -> tuple[int, Any] | None:
    """Return the sort key of a cell; None if it is missing.

    Numbers by their value, and before any text.
    """
    value = cell.sort_key() if isinstance(cell, columns.Cell) else cell
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, int | float):
        return 0, value
    return 1, str(values.text(value))
