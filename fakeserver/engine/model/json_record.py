"""Dataclasses that are kept as JSON documents, unknown keys included."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, ClassVar, Self

#: marks a field that the document leaves out while it has its default
_OPTIONAL = {"optional": True}


def optional(default: Any = None) -> Any:
    """Declare a field that the document leaves out while it has its
    default."""
    return dataclasses.field(default=default, metadata=_OPTIONAL)


@dataclasses.dataclass
class JsonRecord:
    """A record with a JSON form; its fields are the keys, in their order.

    A folder may come from another version of this server: a key that this
    one does not know is kept and written again, after the known ones.
    """

    #: whether a document leaves out each field that has its default
    leaves_out_defaults: ClassVar[bool] = False

    unknown: dict[str, Any] = dataclasses.field(
        default_factory=dict, kw_only=True, repr=False
    )

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Read a document; a missing key leaves the field's default.

        Raises TypeError where a key without a default is missing.
        """
        kind: Any = cls
        readers = _readers(kind)
        unknown = {}
        known = {}
        for key, value in document.items():
            if key in readers:
                known[key] = readers[key](value)
            else:
                unknown[key] = value
        return cls(**known, unknown=unknown)

    def to_json(self) -> dict[str, Any]:
        """Return the document: a copy, of dicts, lists and plain values."""
        document = {}
        kind: Any = type(self)
        held = self.__dict__
        for name, left_out in _written(kind):
            value = held[name]
            # by type first: an operation has thirty fields, nearly all plain
            if type(value) not in _SCALARS:
                value = _plain(value)
            if left_out is not _ALWAYS and held[name] == left_out:
                continue
            document[name] = value
        return document | self.unknown


#: of a field that the document never leaves out
_ALWAYS = object()


@functools.cache
def _written(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Return each field, with the value of which it is left out."""
    return tuple(
        (field.name, _left_out(kind, field)) for field in _fields(kind)
    )


def _left_out(kind: Any, field: dataclasses.Field[Any]) -> Any:
    """Return the value of which a document leaves a field out."""
    if field.metadata.get("optional"):
        return field.default
    if not kind.leaves_out_defaults:
        return _ALWAYS
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _ALWAYS if field.default is dataclasses.MISSING else field.default


@functools.cache
def _fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return tuple(
        field for field in dataclasses.fields(kind) if field.name != "unknown"
    )


@functools.cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(kind)
    return {field.name: _reader(hints[field.name]) for field in _fields(kind)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """Return what turns a JSON value into a value of that type."""
    if isinstance(hint, types.UnionType):
        [inner] = [one for one in hint.__args__ if one is not types.NoneType]
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if typing.get_origin(hint) is list:
        each = _reader(typing.get_args(hint)[0])
        return lambda value: [each(one) for one in value]
    if typing.get_origin(hint) is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, JsonRecord):
        return hint.from_json
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        parts = {name: _reader(one) for name, one in hints.items()}
        return lambda value: hint(**{k: parts[k](v) for k, v in value.items()})
    if isinstance(hint, type) and hasattr(hint, "_make"):
        return lambda value: hint(*value)
    return lambda value: value


#: what JSON has as it is: nearly all that a record holds
_SCALARS = frozenset((str, int, float, bool, types.NoneType))


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if type(value) is list:
        return [_plain(one) for one in value]
    if type(value) is dict:
        # as it is: what JSON has written or a request has sent
        return value
    if isinstance(value, JsonRecord):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_dict(dataclasses.asdict(value))
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _plain_dict(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in values.items()}
