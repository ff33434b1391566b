"""Write a cell's value for programs: the same in every format."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from cliff import columns


def exact(cell: Any) -> Any:
    """Return what JSON and YAML carry: the value, with what they lack as
    null."""
    return _finite(machine(cell))


def text(cell: Any) -> str | int | float | bool:
    """Return what ``value`` and ``csv`` carry: a text, or a number as it is.

    Null is empty; a list or an object is JSON in one line.
    """
    value = exact(cell)
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def machine(cell: Any) -> Any:
    """Return the value in a cell."""
    if isinstance(cell, columns.FormattableColumn):
        return cell.machine_readable()
    return cell


def human(cell: Any) -> str:
    """Return what the table shows of a cell."""
    if isinstance(cell, columns.FormattableColumn):
        shown = cell.human_readable()
    else:
        shown = cell
    return "" if shown is None else str(shown)


def _finite(value: Any) -> Any:
    """Replace what JSON or YAML lack: NaN, infinity, kinds of text."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
