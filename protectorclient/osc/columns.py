"""Format values for a person; programs get them unchanged.

cliff asks each column which of the two it is writing for: the table for
people, ``-f json``, ``yaml``, ``csv`` and ``value`` for programs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cliff import columns

from protectorclient.durations import span as span
from protectorclient.escape import escaped

if TYPE_CHECKING:
    from protectorclient.records.base import Record

#: What is left for a value of ``show`` in 80 columns, without the arrow.
CELL_WIDTH = 46
#: What the commands that show something return to cliff.
Output = tuple[tuple[str, ...], Any]


class Cell(columns.FormattableColumn[Any]):
    """What a table shows of a value, and how a column of it is sorted."""

    def sort_key(self) -> Any:
        """Return a number or a text; None for what is missing."""
        return self._value

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        mine, theirs = self.sort_key(), other.sort_key()
        if mine is None or theirs is None:
            return mine is not None
        return bool(mine < theirs)


class Words(Cell):
    """A status of many words, ``OUT_OF_SYNC``, written with spaces."""

    def human_readable(self) -> str:
        return one_line(self._value).replace("_", " ")


class Text(Cell):
    """A value that may be missing: an empty cell instead of ``None``."""

    def human_readable(self) -> str:
        return one_line(self._value)


class Prose(Cell):
    """Sentences, with the lines that they were written in."""

    def human_readable(self) -> str:
        return "" if self._value is None else str(self._value)


class Percent(Cell):
    def human_readable(self) -> str:
        return "" if self._value is None else f"{self._value}%"


class Lines(Cell):
    """A list, one item a line."""

    def human_readable(self) -> str:
        return "\n".join(one_line(item) for item in self._value or ())


class Below(Lines):
    """A list that a table has below it, so that its rows stay short.

    Each line begins with the first column of its row.
    """


class Items(Cell):
    """Objects, one a line, and of each what a person looks for."""

    def __init__(
        self, value: Any, describe: Callable[[Mapping[str, Any]], str]
    ) -> None:
        super().__init__(value)
        self._describe = describe

    def human_readable(self) -> str:
        value = self._value or ()
        items = [value] if isinstance(value, Mapping) else value
        return "\n".join(self._describe(item) for item in items)


class Pairs(Cell):
    """An object, one key a line, and what is inside it indented."""

    def human_readable(self) -> str:
        return "\n".join(_indented(self._value or {}))


class Arrows(Cell):
    """A mapping from the source's names to the target's."""

    def human_readable(self) -> str:
        return "\n".join(_arrows(self._value or {}))


class Probes(Cell):
    """The probes of an operation, one a line."""

    def human_readable(self) -> str:
        return "\n".join(
            one_line(
                f"{one['member']} {one['probe']}:"
                f" {one['result'].replace('_', ' ')}, {one['detail']}"
            )
            for one in self._value or ()
        )


class Fidelity(Cell):
    """How many attributes were compared; ``drill verify`` has them all."""

    def human_readable(self) -> str:
        counts = (self._value or {}).get("counts") or {}
        return "\n".join(
            f"{count} {verdict.replace('_', ' ')}"
            for verdict, count in counts.items()
        )


class NamedId(Cell):
    """An id for programs; for people the name too, in a list alone."""

    def __init__(
        self, value: str | None, names: Mapping[str, str], full: bool
    ) -> None:
        super().__init__(value)
        self._names = names
        self._full = full

    def sort_key(self) -> Any:
        """Return the name that a person reads."""
        return self._names.get(self._value, self._value)

    def human_readable(self) -> str:
        if self._value is None:
            return ""
        known, identity = self._names.get(self._value), one_line(self._value)
        if known is None:
            return identity
        name = one_line(known)
        return f"{name} ({identity})" if self._full else name


def _indented(fields: Mapping[str, Any]) -> Iterator[str]:
    for key, value in fields.items():
        if key.endswith("_mapping") and isinstance(value, Mapping):
            inner = list(_arrows(value))
        elif isinstance(value, list | tuple):
            inner = [one_line(item) for item in value]
        elif isinstance(value, Mapping):
            inner = list(_indented(value))
        else:
            yield f"{one_line(key)}: {one_line(value)}"
            continue
        title = one_line(key)
        yield f"{title}:" if inner else f"{title}: none"
        yield from (f"  {line}" for line in inner)


def _arrows(mapping: Mapping[str, Any]) -> Iterator[str]:
    """Two ids do not fit in one line of a terminal of 80 columns."""
    for key, value in mapping.items():
        source, target = one_line(key), one_line(value)
        if len(source) + len(target) <= CELL_WIDTH:
            yield f"{source} -> {target}"
        else:
            yield source
            yield f"  -> {target}"


def one_line(value: Any) -> str:
    """Return a value inside a cell, short and without quotes where none are
    due."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        if "kind" in value and "name" in value:
            return leftover(value)
        return ", ".join(
            f"{one_line(key)}={one_line(item)}"
            for key, item in value.items()
            if item is not None
        )
    if isinstance(value, list | tuple):
        return ", ".join(one_line(item) for item in value)
    return escaped(str(value))


def leftover(item: Any) -> str:
    """Return what an operation has left behind, and where."""
    if not isinstance(item, Mapping):
        return one_line(item)
    if "kind" not in item or "name" not in item:
        return one_line(dict(item))
    text = f"{item['kind']} {item['name']}"
    if item.get("site"):
        text += f" at {item['site']}"
    return escaped(f"{text}: {item['why']}" if item.get("why") else text)


def losses(items: Iterable[Any]) -> Iterator[str]:
    """Return what rebuilt instances did not get; the instances that lost the
    same for the same reason share a line."""
    from protectorclient.preflight.impact import listed

    alike: dict[tuple[str, str, str], list[str]] = {}
    for item in items:
        if not isinstance(item, Mapping):
            alike.setdefault((one_line(item), "", ""), [])
            continue
        value = item.get("value")
        words = "" if value is None else f" {one_line(value)}"
        key = (str(item.get("attribute")), words, str(item.get("reason")))
        alike.setdefault(key, []).append(str(item.get("member")))
    for (attribute, words, reason), members in alike.items():
        if not members:
            yield attribute
            continue
        names = listed(members)
        yield escaped(f"{attribute}{words} of {names}: {reason}")


#: Fields that are not shown as others of their type.
KINDS: Mapping[str, type[Cell]] = {
    "progress": Percent,
    "network_mapping": Arrows,
    "flavor_mapping": Arrows,
    "sync_status": Words,
    "reasons": Below,
    "error_message": Prose,
    "description": Prose,
    "probes": Probes,
    "fidelity": Fidelity,
}
#: Titles of the table of checks, and the fields in them.
CHECK_ALIASES = {"check": "id", "result": "severity", "detail": "message"}
ID_FIELDS = frozenset(
    {
        "protection_group_id",
        "source_site_id",
        "target_site_id",
        "primary_site_id",
        "secondary_site_id",
        "current_primary_site_id",
    }
)


def cell(
    field: str, value: Any, names: Mapping[str, str], full: bool = False
) -> Any:
    """Return the column object for one field of any record.

    A whole number that a service writes as 100.0 is 100.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if field in ID_FIELDS:
        return NamedId(value, names, full)
    kind = KINDS.get(field)
    if kind is not None:
        return kind(value)
    if isinstance(value, Mapping):
        return Pairs(value)
    if isinstance(value, list | tuple):
        return Lines(value)
    if isinstance(value, int | float):
        return value
    return Text(value)


def shown(
    record: Record | Mapping[str, Any], names: Mapping[str, str] | None = None
) -> Output:
    """Return a whole record for ``show``: the field names it has, and the
    cells.

    :param names: what the ids in it are called.
    """
    names = names or {}
    fields = in_order(record)
    return tuple(fields), tuple(
        cell(field, value, names, True) for field, value in fields.items()
    )


def in_order(record: Record | Mapping[str, Any]) -> dict[str, Any]:
    """Return what the service sent, known fields first and always in one
    order."""
    if isinstance(record, Mapping):
        return dict(record)
    sent = record.to_dict()
    known = [f.name for f in dataclasses.fields(record) if f.name in sent]
    return {field: sent[field] for field in dict.fromkeys([*known, *sent])}


def listed(
    records: Iterable[Mapping[str, Any]],
    headers: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> Output:
    """Rows for a list.

    :param headers: the columns and the fields in them.
    :param names: what the ids in it are called.
    """
    return tuple(headers), [
        tuple(
            cell(field, record.get(field), names or {})
            for field in headers.values()
        )
        for record in records
    ]


def replaced(output: Output, cells: Mapping[str, Any]) -> Output:
    """Return the output of ``show`` with some cells made by the command."""
    titles, values = output
    return titles, tuple(
        cells.get(title, value)
        for title, value in zip(titles, values, strict=True)
    )
