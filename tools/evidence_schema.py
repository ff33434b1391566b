"""Make the JSON Schema of drill.json of the classes of the record.

    python tools/evidence_schema.py > \
        protectorclient/evidence/drill.schema.json

The descriptions are the comments above the fields.
"""

from __future__ import annotations

import ast
import collections.abc
import dataclasses
import datetime
import enum
import inspect
import json
import types
import typing
from typing import Any

from protectorclient.evidence import document, record

TITLE = "The report of a drill, of a move or of the run of a plan"
_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    object: {},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
}


def make() -> dict[str, Any]:
    """Return the schema."""
    names = [
        name
        for name, value in vars(record).items()
        if dataclasses.is_dataclass(value) or _is_enum(value)
    ]
    definitions = {name: _definition(getattr(record, name)) for name in names}
    whole = definitions.pop("Record")
    whole["properties"] = {
        "format": {"const": record.FORMAT},
        **whole["properties"],
    }
    whole["required"] = ["format", *whole["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        **whole,
        "$defs": definitions,
    }


def text() -> str:
    """Return the file."""
    return json.dumps(make(), indent=2) + "\n"


def _is_enum(value: Any) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, enum.Enum)
        and value.__module__.startswith("protectorclient.")
    )


def _definition(cls: Any) -> dict[str, Any]:
    description = inspect.cleandoc(cls.__doc__ or "")
    if _is_enum(cls):
        return {
            "description": description,
            "enum": [str(one.value) for one in cls],
        }
    hints = typing.get_type_hints(cls)
    comments = _comments(cls)
    properties = {}
    for field in dataclasses.fields(cls):
        properties[field.name] = _said(
            _type(hints[field.name]), comments.get(field.name)
        )
    for name in document.DERIVED.get(cls.__name__, ()):
        getter = inspect.getattr_static(cls, name).fget
        hint = typing.get_type_hints(getter)["return"]
        first = inspect.cleandoc(getter.__doc__).partition("\n")[0]
        properties[name] = _said(
            _type(hint), first.removeprefix("Return ").capitalize()
        )
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _said(schema: dict[str, Any], text: str | None) -> dict[str, Any]:
    return {"description": text, **schema} if text else schema


def _type(hint: Any) -> dict[str, Any]:
    if hint in _SCALARS:
        return dict(_SCALARS[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        found = [_type(one) for one in arguments if one is not type(None)]
        return {"anyOf": [*found, {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0])}
    if origin is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _comments(cls: Any) -> dict[str, str]:
    """Return the comments above the fields of a class, by field."""
    source = inspect.getsource(cls)
    lines = source.splitlines()
    found = {}
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    for node in body.body:
        if not isinstance(node, ast.AnnAssign):
            continue
        assert isinstance(node.target, ast.Name)
        above: list[str] = []
        number = node.lineno - 2
        while lines[number].strip().startswith("#:"):
            above.insert(0, lines[number].strip().removeprefix("#:").strip())
            number -= 1
        if above:
            found[node.target.id] = " ".join(above)
    return found


if __name__ == "__main__":
    print(text(), end="")
