"""Typed, frozen records made from what the service sends.

A deployment may leave out what is optional and send what is not known
here: the first becomes the field's default, the second stays readable in
`Record.extra`. A value of a type that does not fit its field is treated
as both, so that one odd field never hides the rest of an answer.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import functools
import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

_MISFIT = object()
_NUMBER = re.compile(r"\s*(-?[0-9]{1,15}(\.[0-9]{1,15})?)\s*%?\s*")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """The base of every record."""

    #: What the service sent and no field takes.
    extra: Mapping[str, Any] = dataclasses.field(
        default_factory=dict, repr=False
    )
    _raw: Mapping[str, Any] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a record from the service's JSON object."""
        # mypy does not see that a class can be hashed
        plan = _plan(cls)  # type: ignore[arg-type]
        fields, known = plan.fields, plan.defaults.copy()
        for name, make in plan.factories:
            known[name] = make()
        extra = known["extra"]
        known["_raw"] = data
        for key, value in data.items():
            field = fields.get(key)
            if field is None:
                extra[key] = value
                continue
            read, plain = field
            if type(value) in plain:
                known[key] = value
            elif (fitted := read(value)) is not _MISFIT:
                known[key] = fitted
            elif value is not None:
                extra[key] = value
        # of a frozen dataclass, __init__ takes as long as all the rest
        made = object.__new__(cls)
        object.__setattr__(made, "__dict__", known)
        return made

    def shows(self, name: str) -> bool:
        """Return whether the service has said something of a field."""
        return name in self._raw

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object as the service sent it."""
        return copy.deepcopy(dict(self._raw))


Reader = Callable[[Any], Any]


class _Field(NamedTuple):
    """How a field is read."""

    read: Reader
    #: The types of values that are taken as they are.
    plain: frozenset[type]


class _Plan(NamedTuple):
    """How a class is read."""

    fields: dict[str, _Field]
    defaults: dict[str, Any]
    #: What makes the defaults that are not to be shared.
    factories: tuple[tuple[str, Callable[[], Any]], ...]


@functools.cache
def _plan(cls: type[Record]) -> _Plan:
    hints = typing.get_type_hints(cls, include_extras=True)
    every = dataclasses.fields(cls)
    return _Plan(
        {
            field.name: _Field(
                _reader(hints[field.name]),
                frozenset(_plain(hints[field.name])),
            )
            for field in every
            if field.name not in ("extra", "_raw")
        },
        {
            field.name: field.default
            for field in every
            if field.default is not dataclasses.MISSING
        },
        tuple(
            (field.name, field.default_factory)
            for field in every
            if field.default_factory is not dataclasses.MISSING
            and field.name != "_raw"
        ),
    )


def _plain(hint: Any) -> Iterator[type]:
    """Return the types whose values fit a field without being read."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        for inner in typing.get_args(hint):
            yield from _plain(inner)
    elif hint in (str, bool, int, types.NoneType):
        yield hint


def _reader(hint: Any) -> Reader:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is typing.Annotated:
        reader: Reader = arguments[1]
        return reader
    if origin in (types.UnionType, typing.Union):
        inner = _reader(
            next(item for item in arguments if item is not types.NoneType)
        )
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return functools.partial(_read_items, _reader(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return functools.partial(_read_mapping, _reader(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, Record):
        return functools.partial(_read_record, hint)
    return _SCALARS.get(hint, lambda value: value)


def _read_items(inner: Reader, value: Any) -> Any:
    if not isinstance(value, list):
        return _MISFIT
    if not value:
        return ()
    items = tuple(inner(item) for item in value)
    return _MISFIT if any(item is _MISFIT for item in items) else items


def _read_mapping(inner: Reader, value: Any) -> Any:
    if not isinstance(value, dict):
        return _MISFIT
    if not value:
        return {}
    items = {key: inner(item) for key, item in value.items()}
    return _MISFIT if any(v is _MISFIT for v in items.values()) else items


def _read_record(cls: type[Record], value: Any) -> Any:
    return cls.from_dict(value) if isinstance(value, dict) else _MISFIT


def _read_text(value: Any) -> Any:
    return value if isinstance(value, str) else _MISFIT


def _read_flag(value: Any) -> Any:
    return value if isinstance(value, bool) else _MISFIT


def _read_whole(value: Any) -> Any:
    """Read a whole number, also one that is written 100.0 or "100"."""
    if type(value) is int:
        return value
    number = _read_number(value)
    if number is _MISFIT or not number.is_integer():
        return _MISFIT
    return int(number)


def _read_number(value: Any) -> Any:
    """Read a number, also one that is written as text; never NaN."""
    if isinstance(value, str):
        written = _NUMBER.fullmatch(value)
        return float(written[1]) if written else _MISFIT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _MISFIT
    try:
        number = float(value)
    except OverflowError:
        return _MISFIT
    return number if math.isfinite(number) else _MISFIT


def percent(value: Any) -> Any:
    """Return progress as a whole number from 0 to 100, never rounded up."""
    number = _read_number(value)
    return number if number is _MISFIT else min(100, max(0, int(number)))


def _read_time(value: Any) -> Any:
    if not isinstance(value, str):
        return _MISFIT
    try:
        when = datetime.datetime.fromisoformat(value)
    except ValueError:
        return _MISFIT
    if when.tzinfo is None:
        return when.replace(tzinfo=datetime.UTC)
    return when


_SCALARS: dict[Any, Reader] = {
    str: _read_text,
    bool: _read_flag,
    int: _read_whole,
    float: _read_number,
    datetime.datetime: _read_time,
}
