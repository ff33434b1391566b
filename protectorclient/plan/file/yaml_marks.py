"""Read YAML and keep the line and the column of each value."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Hashable, Mapping
from typing import Any, NoReturn

from protectorclient.plan.file.problem import PlanProblem

#: The keys and indices that lead to a value.
Path = tuple[str | int, ...]

#: Values of a file, those that aliases repeat counted each time.
MOST_VALUES = 200_000
_DEEPEST = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|\r|\n")


@dataclasses.dataclass(frozen=True)
class YamlDocument:
    """The value of a file, and where each part of it stands."""

    value: Any
    #: How messages name the file.
    where: str
    #: Line and column, from 1, of each value.
    values: Mapping[Path, tuple[int, int]]
    #: The same of each key, by the path of its value.
    keys: Mapping[Path, tuple[int, int]]

    def at(self, path: Path, *, key: bool = False) -> str:
        """Name the place of a value, or of its key."""
        marks = self.keys if key else self.values
        while path and path not in marks:
            path = path[:-1]
        line, column = marks.get(path) or self.values.get((), (1, 1))
        return f"{self.where}, line {line}, column {column}"


def read(text: str, where: str) -> YamlDocument:
    """Read a text of YAML; JSON is YAML, too.

    :param where: how messages name the file.
    :raises PlanProblem: it is not YAML, has a key twice, or has more than
        `MOST_VALUES` values.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        sign = f"U+{error.character:04X}"
        raise PlanProblem(
            f"{where}, {place_of(text[: error.position])}: the character"
            f" {sign} is not allowed in YAML"
        ) from error
    try:
        node = loader.get_single_node()
        return _Reader(loader, where).read(node)
    except yaml.YAMLError as error:
        place = where
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            place = f"{where}, line {mark.line + 1}, column {mark.column + 1}"
        said = getattr(error, "problem", None) or " ".join(str(error).split())
        raise PlanProblem(f"{place}: it is not YAML: {said}") from error
    except RecursionError as error:
        raise PlanProblem(f"{where}: it is nested too deep") from (error)
    finally:
        loader.dispose()


def place_of(before: str) -> str:
    """Return the line and the column that follow some text, from 1."""
    lines = _LINE_END.split(before)
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


class _Reader:
    def __init__(self, loader: Any, where: str) -> None:
        self._loader = loader
        self._where = where
        self._count = 0
        self._values: dict[Path, tuple[int, int]] = {}
        self._keys: dict[Path, tuple[int, int]] = {}

    def read(self, node: Any) -> YamlDocument:
        value = None if node is None else self._value(node, (), ())
        return YamlDocument(value, self._where, self._values, self._keys)

    def _value(self, node: Any, path: Path, above: tuple[Any, ...]) -> Any:
        import yaml

        self._count_value(node)
        if node in above:
            self._refuse(node, "an alias contains itself")
        if len(above) >= _DEEPEST:
            self._refuse(node, "it is nested too deep")
        self._values[path] = _mark(node)
        inside = (*above, node)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(item, (*path, number), inside)
                for number, item in enumerate(node.value)
            ]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, inside)
        return self._scalar(node)

    def _mapping(
        self, node: Any, path: Path, inside: tuple[Any, ...]
    ) -> dict[Hashable, Any]:
        import yaml

        found: dict[Hashable, Any] = {}
        merged = self._merged(node, inside)
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key must be a word")
            key = self._scalar(key_node)
            if not isinstance(key, str):
                key = key_node.value
            if key in found:
                self._refuse(key_node, f"'{key}' occurs twice")
            self._keys[(*path, key)] = _mark(key_node)
            found[key] = self._value(value_node, (*path, key), inside)
        for key, key_node, value_node in merged:
            if key not in found:
                self._keys[(*path, key)] = _mark(key_node)
                found[key] = self._value(value_node, (*path, key), inside)
        return found

    def _merged(
        self, node: Any, inside: tuple[Any, ...]
    ) -> list[tuple[str, Any, Any]]:
        """Return what ``<<`` adds to a mapping, the first of a key first."""
        import yaml

        found = []
        for key_node, value_node in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge":
                continue
            several = isinstance(value_node, yaml.SequenceNode)
            for one in value_node.value if several else [value_node]:
                self._count_value(key_node)
                if not isinstance(one, yaml.MappingNode) or one in inside:
                    self._refuse(key_node, "'<<' takes an alias of a mapping")
                found += self._merged(one, (*inside, one))
                for key, value in one.value:
                    if key.tag != "tag:yaml.org,2002:merge":
                        self._count_value(key)
                        found.append((str(key.value), key, value))
        return found

    def _count_value(self, node: Any) -> None:
        self._count += 1
        if self._count > MOST_VALUES:
            self._refuse(
                node,
                f"it has more than {MOST_VALUES} values, aliases counted"
                " where they are used",
            )

    def _scalar(self, node: Any) -> Any:
        try:
            value = self._loader.construct_object(node)
        except (ValueError, AttributeError, KeyError, TypeError):
            self._refuse(node, "the value does not fit its tag")
        if isinstance(value, str) and _SURROGATE.search(value):
            self._refuse(node, "half of a character is not text")
        if isinstance(value, int | float) and ":" in node.value:
            # 1:30 is a number to the base of 60 to YAML, and to nobody else
            return node.value
        if isinstance(value, str | int | float | bool | None):
            return value
        # dates and the like: what was typed is what is meant
        return node.value

    def _refuse(self, node: Any, what: str) -> NoReturn:
        line, column = _mark(node)
        raise PlanProblem(
            f"{self._where}, line {line}, column {column}: {what}"
        )


def _mark(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
