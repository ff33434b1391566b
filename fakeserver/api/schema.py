"""Checks requests against the OpenAPI description."""

import dataclasses
import functools
import re
import uuid
from typing import TYPE_CHECKING, Any

from fakeserver.api import description
from fakeserver.api.microversion import Version
from fakeserver.base import quick_check
from fakeserver.base.errors import RequestRefused
from fakeserver.base.quick_check import Fits

if TYPE_CHECKING:
    from jsonschema import (  # type: ignore[import-untyped]
        Draft202012Validator,
        ValidationError,
    )

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MISSING = object()


def _is_uuid(value: object) -> bool:
    """Return whether a text is a UUID in its dashed form."""
    return not isinstance(value, str) or (
        str(uuid.UUID(value)) == value.lower()
    )


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One query parameter of a route."""

    name: str
    type: str
    default: Any
    check: "Check"


@dataclasses.dataclass(frozen=True)
class Route:
    """The parameters and the body of one route at one version."""

    parameters: dict[str, Parameter]
    body: "Check | None"
    body_required: bool
    #: a route that came later than this version
    missing: bool


class Check:
    """Checks values against one schema of the description."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        #: whether a value fits; where it says no, `validator` words it
        self.fits = quick(schema)

    @functools.cached_property
    def validator(self) -> "Draft202012Validator":
        return validator(self._schema)

    def require(self, value: Any, root: str = "") -> None:
        """Refuse a value that does not fit.

        :param root: the name of the value in the refusal.
        """
        if self.fits is None or not self.fits(value):
            _judge(self.validator, value, root)


@functools.cache
def _formats() -> Any:
    from jsonschema import FormatChecker

    made = FormatChecker(formats=())
    made.checks("uuid", raises=ValueError)(_is_uuid)
    return made


def validator(schema: dict[str, Any]) -> "Draft202012Validator":
    """Compile a schema of the description, with the formats it uses."""
    # not before a request is refused: three of a site's megabytes
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_whole(schema), format_checker=_formats())


def quick(schema: dict[str, Any]) -> Fits | None:
    """Compile a schema to a function that answers yes or no."""
    return quick_check.compiled(_whole(schema), {"uuid": _is_a_uuid})


def _is_a_uuid(value: object) -> bool:
    try:
        return _is_uuid(value)
    except ValueError:
        return False


def _whole(node: Any) -> Any:
    """Make ``$`` match at the end only, as JSON Schema means it."""
    if isinstance(node, list):
        return [_whole(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _whole(value) for key, value in node.items()}
    pattern = made.get("pattern")
    if isinstance(pattern, str) and pattern.endswith("$"):
        made["pattern"] = rf"{pattern[:-1]}\Z"
    return made


@functools.cache
def route(method: str, path: str, version: Version) -> Route:
    """Return the compiled route of a version, compiled once."""
    whole = description.document(version, description.newest())
    item = whole["paths"][path]
    operation = item[method.lower()]
    declared = [*item["parameters"], *operation.get("parameters", ())]
    parameters = {}
    for entry in description.inline(declared, whole):
        if entry["in"] == "query":
            schema = entry["schema"]
            parameters[entry["name"]] = Parameter(
                name=entry["name"],
                type=schema.get("type", "string"),
                default=schema.get("default"),
                check=Check(schema),
            )
    body = operation.get("requestBody")
    schema = None
    if body is not None:
        schema = description.inline(
            body["content"]["application/json"]["schema"], whole
        )
    return Route(
        parameters=parameters,
        body=None if schema is None else Check(schema),
        body_required=bool(body and body["required"]),
        missing="2" not in {status[0] for status in operation["responses"]},
    )


def check_query(found: Route, given: dict[str, list[str]]) -> dict[str, Any]:
    """Return the typed query; refuse unknown parameters, and repeated ones
    that are not a list."""
    for name, values in given.items():
        if name not in found.parameters:
            raise _bad(name, "is not a query parameter here")
        if len(values) > 1 and found.parameters[name].type != "array":
            raise _bad(name, "is given more than once")
    result = {}
    for name, parameter in found.parameters.items():
        if name not in given:
            result[name] = parameter.default
            continue
        if parameter.type == "array":
            # each one once, in the order in which they came
            several = list(dict.fromkeys(given[name]))
            parameter.check.require(several, name)
            result[name] = several
            continue
        value = _typed(given[name][0], parameter.type)
        if value is _MISSING:
            raise _bad(name, f"must be {_article(parameter.type)}")
        parameter.check.require(value, name)
        result[name] = value
    return result


def _typed(text: str, kind: str) -> Any:
    if kind == "integer":
        return int(text) if _INTEGER.fullmatch(text) else _MISSING
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), _MISSING)
    return text


def check_body(found: Route, value: Any) -> Any:
    """Return the body where it is as described."""
    if found.body is not None:
        found.body.require(value)
    return value


#: which of several errors is reported: the first kind that is there
_ORDER = ("type", "additionalProperties", "maxProperties", "required")


def _judge(check: "Draft202012Validator", value: Any, root: str) -> None:
    errors = list(check.iter_errors(value))
    if not errors:
        return
    error = min(errors, key=_weight)
    while error.context and "x-refusal" not in error.schema:
        # the branch that fits best is the one that failed deepest
        deepest = max(len(inner.absolute_path) for inner in error.context)
        error = min(
            (
                inner
                for inner in error.context
                if len(inner.absolute_path) == deepest
            ),
            key=_weight,
        )
    place = _field(error, root)
    key = _key(error)
    field = place
    if key is not None:
        field = f"{place}.{_short(key)}" if place else _short(key)
    raise RequestRefused(
        "bad-request", _sentence(error, place, field), field=field
    )


def _weight(error: "ValidationError") -> tuple[int, int, str]:
    kind = str(error.validator)
    rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    return len(error.absolute_path), rank, kind


def _field(error: "ValidationError", root: str) -> str:
    field = root
    for part in error.absolute_path:
        if isinstance(part, int):
            field += f"[{part}]"
        else:
            field += f".{_short(part)}" if field else _short(part)
    return field


def _key(error: "ValidationError") -> str | None:
    """Return the unknown or missing key that an error is about."""
    kind, given = error.validator, error.instance
    if kind == "additionalProperties":
        known = error.schema.get("properties", {})
        return str(min(set(given) - set(known)))
    if kind == "required":
        return next(str(n) for n in error.validator_value if n not in given)
    if kind == "maxProperties":
        return str(list(given)[error.validator_value])
    return None


def _short(key: object) -> str:
    text = str(key)
    return text if len(text) <= 64 else f"{text[:61]}..."


def _sentence(error: "ValidationError", place: str, field: str) -> str:
    """Return one sentence about an error, without the value itself."""
    subject = place or "The body"
    if "propertyNames" in error.absolute_schema_path:
        subject = f"A key of {subject}"
    kind, limit, schema = error.validator, error.validator_value, error.schema
    told = schema.get("x-refusal") if isinstance(schema, dict) else None
    if kind in ("enum", "anyOf", "minProperties", "maxProperties") and told:
        return str(told)
    if kind == "additionalProperties":
        return f"{field} is not known here"
    if kind == "required":
        return f"{field} is missing"
    if kind == "type":
        return f"{subject} must be {_article(limit)}"
    if kind in ("enum", "const"):
        choices = limit if kind == "enum" else [limit]
        return f"{subject} must be one of {', '.join(map(_value, choices))}"
    if kind == "pattern":
        return f"{subject} must be {schema.get('x-form', 'of its form')}"
    if kind == "format":
        return f"{subject} must be a UUID"
    return f"{subject} {_BOUNDS[str(kind)].format(limit)}"


_BOUNDS = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minProperties": "must have at least {} entries",
    "maxProperties": "must have at most {} entries",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
}
_ARTICLES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _article(types: Any) -> str:
    names = types if isinstance(types, list) else [types]
    return " or ".join(_ARTICLES[name] for name in names)


def _value(choice: Any) -> str:
    return {None: "null", False: "false", True: "true"}.get(choice) or str(
        choice
    )


def _bad(field: str, what: str) -> RequestRefused:
    return RequestRefused(
        "bad-request", f"{_short(field)} {what}", field=field
    )
