"""Show an operation as a table that fits one screen.

``watch`` shows the head of what is too long, so that the ids of what was
made stand last, and are counted. Programs get the record as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from protectorclient.osc import columns
from protectorclient.osc.formats import measure

#: In this order; what is not named here stands between the two.
FIRST = (
    "id",
    "operation_type",
    "protection_group_id",
    "protection_group_name",
    "status",
    "outcome",
    "progress",
    "error_message",
    "steps_failed",
    "steps_completed",
    "result_data",
)
LAST = (
    "source_site_id",
    "target_site_id",
    "site",
    "started_at",
    "completed_at",
    "updated_at",
    "parameters",
    "request_id",
)
#: So many leftovers, or pairs of a mapping, are shown one by one.
MOST = 5
_WHOLE_ID = re.compile(
    r"(?:op-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)


def arranged(output: columns.Output) -> columns.Output:
    """Return the fields of an operation as a table has them."""
    fields = dict(zip(*output, strict=True))
    order = [name for name in FIRST if name in fields]
    order += [name for name in fields if name not in (*FIRST, *LAST)]
    order += [name for name in LAST if name in fields]
    kinds = {
        "steps_failed": Steps,
        "steps_completed": Steps,
        "result_data": Digest,
        "parameters": Digest,
    }
    for name, kind in kinds.items():
        if isinstance(fields.get(name), columns.Cell):
            fields[name] = kind(fields[name].machine_readable(), name)
    return tuple(order), tuple(fields[name] for name in order)


class Steps(columns.Cell):
    """Names of steps, side by side."""

    def __init__(self, value: Any, field: str) -> None:
        super().__init__(value)

    def human_readable(self) -> str:
        return ", ".join(columns.one_line(item) for item in self._value or ())


class Digest(columns.Cell):
    """An object of the record without its ids."""

    def __init__(self, value: Any, field: str) -> None:
        super().__init__(value)
        self._field = field

    def human_readable(self) -> str:
        return "\n".join(self._lines(dict(self._value or {})))

    def _lines(self, fields: dict[str, Any]) -> Iterator[str]:
        if "leftovers" in fields:
            yield from _listed("leftovers", fields.pop("leftovers") or ())
        lost = fields.pop("not_kept", None)
        if isinstance(lost, list | tuple) and lost:
            yield "not_kept:"
            yield from (f"  {line}" for line in columns.losses(lost))
        short: list[str] = []
        long: list[str] = []
        counted: list[str] = []
        for key, value in fields.items():
            name = columns.one_line(key)
            if isinstance(value, Mapping):
                long += _pairs(name, value)
            elif isinstance(value, list | tuple) and _are_ids(value):
                counted.append(f"{name} ({len(value)})")
            elif isinstance(value, list | tuple):
                long += _listed(name, value)
            elif isinstance(value, str) and _WHOLE_ID.fullmatch(value):
                counted.append(name)
            else:
                text = f"{name}: {columns.one_line(value)}"
                fits = measure.width(text) <= columns.CELL_WIDTH
                (short if fits else long).append(text)
        yield from _packed(short)
        yield from long
        if counted:
            yield f"ids with -c {self._field}: {', '.join(counted)}"


def _are_ids(items: Sequence[Any]) -> bool:
    return bool(items) and all(
        isinstance(item, str) and _WHOLE_ID.fullmatch(item) for item in items
    )


def _listed(name: str, items: Iterable[Any]) -> Iterator[str]:
    """Return a list: names alone in one line, leftovers one a line."""
    items = list(items)
    if not items:
        yield f"{name}: none"
        return
    if all(_is_named(item) for item in items):
        named = (columns.one_line(item["name"]) for item in items)
        yield f"{name}: {', '.join(named)}"
        return
    yield f"{name}:"
    yield from (f"  {columns.one_line(item)}" for item in items[:MOST])
    if len(items) > MOST:
        yield f"  and {len(items) - MOST} more"


def _is_named(item: Any) -> bool:
    return isinstance(item, Mapping) and "name" in item and "kind" not in item


def _pairs(name: str, mapping: Mapping[str, Any]) -> Iterator[str]:
    """Return a mapping, with the first digits of its ids."""
    if not mapping:
        yield f"{name}: none"
        return
    arrow = " -> " if name.endswith("_mapping") else ": "
    told = [
        f"{_short(key)}{arrow}{_short(value)}"
        for key, value in mapping.items()
    ]
    if len(told) == 1:
        yield f"{name}: {told[0]}"
        return
    yield f"{name}:"
    yield from (f"  {one}" for one in told[:MOST])
    if len(told) > MOST:
        yield f"  and {len(told) - MOST} more"


def _short(value: Any) -> str:
    text = columns.one_line(value)
    return text[:8] if _WHOLE_ID.fullmatch(text) else text


def _packed(parts: Iterable[str]) -> Iterator[str]:
    """Short ones side by side."""
    line = ""
    for part in parts:
        wider = f"{line}, {part}" if line else part
        if line and measure.width(wider) > columns.CELL_WIDTH:
            yield line
            line = part
        else:
            line = wider
    if line:
        yield line
