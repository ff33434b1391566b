"""Read mapping files: networks, flavors, and networks for tests only."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping import model

#: The parts that a file may have.
PARTS = ("networks", "flavors", "test_networks")
#: The most characters of a message; a file may have words of any length.
_LONGEST = 300


@dataclasses.dataclass(frozen=True)
class MappingFile:
    """The mappings of a file, names or ids, source to target."""

    networks: Mapping[str, str] = dataclasses.field(default_factory=dict)
    flavors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Used before `networks`, in a test failover only.
    test_networks: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def networks_for(self, action: str) -> dict[str, str]:
        """Return the network mapping that an action takes from the file."""
        if action == "test_failover":
            return {**self.networks, **self.test_networks}
        return dict(self.networks)

    def reversed(self) -> MappingFile:
        """Make the mapping for a failback, without the networks for tests.

        :raises MappingProblem: two sources share a target, named.
        """
        return MappingFile(
            networks=model.reverse(self.networks),
            flavors=model.reverse(self.flavors),
        )


def load(path: str) -> MappingFile:
    """Read a file of YAML or JSON; ``-`` is standard input.

    :raises MappingProblem: it cannot be read or is not a mapping file.
    """
    try:
        text = sys.stdin.read() if path == "-" else _text(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise exceptions.MappingProblem(
            f"cannot read {path}: {reason}"
        ) from error
    return parse(text, path)


def _text(path: str) -> str:
    return pathlib.Path(path).read_text(encoding="utf-8-sig")


def parse(text: str, where: str = "the mapping file") -> MappingFile:
    """Read the text of a mapping file.

    :param where: how messages name the file.
    """
    text = text.removeprefix("\ufeff")
    found = _json(text, where) if where.endswith(".json") else None
    if found is None:
        found = _yaml(text, where)
    if found is None:
        return MappingFile()
    if not isinstance(found, dict):
        raise _wrong(
            where, f"it must be a mapping with the keys {', '.join(PARTS)}"
        )
    unknown = [str(key) for key in found if key not in PARTS]
    if unknown:
        raise _wrong(
            where,
            f"unknown key '{unknown[0]}'; the keys are {', '.join(PARTS)}",
        )
    parts = {part: _lines(found.get(part), part, where) for part in PARTS}
    return MappingFile(**parts)


def _lines(found: Any, part: str, where: str) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _wrong(where, f"{part} must be lines of source: target")
    lines: dict[str, str] = {}
    for key, value in found.items():
        for half in (key, value):
            if isinstance(half, bool) or not isinstance(half, str | int):
                raise _wrong(
                    where,
                    f"{part}: '{key}: {_brief(value)}' is not source: target;"
                    " put odd names in quotes",
                )
        if not str(key).strip() or not str(value).strip():
            raise _wrong(
                where,
                f"{part}: '{key}: {value}' has an empty source or target",
            )
        lines[str(key)] = str(value)
    return lines


def _brief(value: Any) -> str:
    """Shorten a value for a message; nested aliases could have no end."""
    if isinstance(value, dict):
        return "{...}"
    return "[...]" if isinstance(value, list | set | tuple) else str(value)


def _wrong(where: str, what: str) -> exceptions.MappingProblem:
    if len(what) > _LONGEST:
        what = f"{what[:_LONGEST]}..."
    return exceptions.MappingProblem(f"{where}: {what}")


def _json(text: str, where: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return _once(pairs, where)

    try:
        return json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _wrong(where, f"it is not JSON: {error}") from error


def _yaml(text: str, where: str) -> Any:
    import yaml  # type: ignore[import-untyped]

    class Strict(yaml.SafeLoader):  # type: ignore[misc]
        """Refuses a key that is there twice; YAML itself takes the last."""

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[Any, Any]:
        pairs = loader.construct_pairs(node, deep=True)
        return _once(pairs, where)

    Strict.add_constructor(
        yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping
    )
    try:
        return yaml.load(text, Loader=Strict)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise _wrong(where, f"it is neither YAML nor JSON: {said}") from error
    except (AttributeError, KeyError, TypeError) as error:
        # what PyYAML makes of a tag that does not fit its value
        raise _wrong(
            where, "it has a tag, such as !!bool, that does not fit its value"
        ) from error


def _once(pairs: list[tuple[Any, Any]], where: str) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if isinstance(key, list | dict | set):
            raise _wrong(where, f"'{key}' cannot be a source")
        if key in found:
            raise _wrong(where, f"'{key}' occurs twice")
        found[key] = value
    return found
