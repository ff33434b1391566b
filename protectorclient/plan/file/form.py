"""Check the form of a plan: sentences for what does not fit its schema."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient.plan.file.yaml_marks import Path, YamlDocument

#: Characters of somebody's value in a message.
_LONGEST = 60


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan."""
    package = importlib.resources.files("protectorclient.plan.file")
    text = (package / "plan.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def against_schema(marked: YamlDocument) -> Iterator[str]:
    """Yield a sentence for each place that does not fit the schema."""
    import jsonschema  # type: ignore[import-untyped]

    validator = jsonschema.Draft202012Validator(schema())
    found = [
        inner
        for error in validator.iter_errors(marked.value)
        for inner in _innermost(error)
    ]
    lines = []
    for error in found:
        path: Path = tuple(error.absolute_path)
        key = False
        if error.validator == "additionalProperties":
            for name in _unknown(error):
                at = marked.at((*path, name), key=True)
                place = marked.keys.get((*path, name), (0, 0))
                lines.append((place, f"{at}: {_unknown_key(error, name)}"))
            continue
        place = marked.values.get(path, (0, 0))
        at = marked.at(path, key=key)
        lines.append((place, f"{at}: {_sentence(error, path)}"))
    yield from dict.fromkeys(line for _, line in sorted(lines))


def _innermost(error: Any) -> Iterator[Any]:
    """Of the branches of ``anyOf`` take the one that the value tried."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    depth = len(error.absolute_path)
    fitting = [
        every
        for every in branches.values()
        if not any(
            one.validator in ("type", "enum")
            and len(one.absolute_path) == depth
            for one in every
        )
    ]
    if len(fitting) != 1:
        yield error
        return
    for inner in fitting[0]:
        yield from _innermost(inner)


def _unknown(error: Any) -> list[str]:
    known = error.schema.get("properties", {})
    return [name for name in error.instance if name not in known]


def _unknown_key(error: Any, name: str) -> str:
    known = ", ".join(error.schema.get("properties", {}))
    return f"unknown key '{_brief(name)}'; the keys here are {known}"


#: What a value must be, by the keyword of the schema that it fails.
_MUST: Mapping[str, str] = {
    "minItems": "must not be empty",
    "minLength": "must not be empty",
    "maxItems": "has more than {limit} entries",
    "maxLength": "is longer than {limit} characters",
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "const": "must be {limit}",
    "not": "must not have control characters",
    "pattern": "must be a length of time such as 90s, 15m or 1h30m",
}
_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text; put numbers and odd words in quotes",
    "integer": "a whole number",
    "boolean": "true or false",
}


def _sentence(error: Any, path: Path) -> str:
    name = _name(path)
    if error.validator == "required":
        missing = [
            key for key in error.validator_value if key not in error.instance
        ]
        return f"{name} lacks the key '{missing[0]}'"
    if error.validator == "type":
        kind = _KINDS.get(error.validator_value, error.validator_value)
        return f"{name} must be {kind}"
    if error.validator == "enum":
        words = ", ".join(str(one) for one in error.validator_value)
        return f"{name} must be one of {words}, not '{_brief(error.instance)}'"
    if error.validator in _MUST:
        must = _MUST[error.validator].format(limit=error.validator_value)
        return f"{name} {must}"
    if error.validator == "anyOf" and _is_odd(error.instance):
        return f"{name}: '{_brief(error.instance)}' must be {_KINDS['string']}"
    described = error.schema.get("description")
    if described:
        return f"{name} does not fit. {described}"
    return f"{name}: '{_brief(error.instance)}' does not fit"


def _is_odd(value: Any) -> bool:
    """Return whether YAML has read a word as something else."""
    return value is None or isinstance(value, bool | int | float)


def _name(path: Path) -> str:
    """Name a value as a person would look for it."""
    if not path:
        return "the plan"
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
