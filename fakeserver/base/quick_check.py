"""Check quickly whether a value fits a schema.

jsonschema finds each error and words it, takes 2 ms for the metadata of a
group, which is right nearly always, and is three of a site's megabytes. Here
a schema becomes one function, which answers no more than yes or no; for a no,
jsonschema is asked. A schema with a keyword that is not known here has no such
function.
"""

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

Fits = Callable[[Any], bool]
Schema = Mapping[str, Any]

#: keywords that say nothing of a value
_REMARKS = frozenset(
    (
        "default",
        "deprecated",
        "description",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    )
)
_NUMBERS = (int, float)
_PLAIN = frozenset((str, bool, type(None)))


class UnknownKeyword(Exception):
    """A schema has a keyword that is not known here."""


def compiled(
    schema: Schema | bool, formats: Mapping[str, Fits]
) -> Fits | None:
    """Return the function of a schema, or None.

    :param formats: what each format asks of a text; others ask nothing.
    """
    try:
        return _Compiler(formats).of(schema)
    except UnknownKeyword:
        return None


def _is_integer(value: Any) -> bool:
    if type(value) is int:
        return True
    return isinstance(value, float) and value.is_integer()


_TYPES: dict[str, Fits] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: (
        isinstance(value, _NUMBERS) and not isinstance(value, bool)
    ),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _one_of(found: list[Any]) -> Fits:
    if not all(type(one) in _PLAIN for one in found):
        return lambda value: any(_same(value, one) for one in found)
    known = frozenset((type(one), one) for one in found)
    return lambda value: (
        type(value) in _PLAIN and (type(value), value) in known
    )


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are the same to JSON Schema: 1 and 1.0 are, 1
    and true are not, though they are to Python."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _same(held, other[key]) for key, held in one.items()
        )
    return bool(one == other)


def _differ(found: list[Any]) -> bool:
    """Return whether no two values are the same."""
    if all(type(one) is str for one in found):
        return len(set(found)) == len(found)
    return not any(
        _same(one, other) for one, other in itertools.combinations(found, 2)
    )


class _Compiler:
    def __init__(self, formats: Mapping[str, Fits]) -> None:
        self.formats = formats

    def of(self, schema: Schema | bool) -> Fits:
        if isinstance(schema, bool):
            answer = schema
            return lambda value: answer
        tests: list[Fits] = []
        for keyword, given in schema.items():
            if keyword in _REMARKS or keyword.startswith("x-"):
                continue
            made = getattr(self, f"_{keyword}", None)
            if made is None:
                raise UnknownKeyword(keyword)
            test = made(given, schema)
            if test is not None:
                tests.append(test)
        if len(tests) == 1:
            return tests[0]
        return lambda value: all(test(value) for test in tests)

    # -- of any value

    def _type(self, given: str | list[str], _: Schema) -> Fits:
        if isinstance(given, str):
            return _TYPES[given]
        several = [_TYPES[name] for name in given]
        return lambda value: any(test(value) for test in several)

    def _enum(self, given: list[Any], _: Schema) -> Fits:
        return _one_of(given)

    def _const(self, given: Any, _: Schema) -> Fits:
        return _one_of([given])

    def _allOf(self, given: list[Schema], _: Schema) -> Fits:  # noqa: N802
        tests = [self.of(one) for one in given]
        return lambda value: all(test(value) for test in tests)

    def _anyOf(self, given: list[Schema], _: Schema) -> Fits:  # noqa: N802
        tests = [self.of(one) for one in given]
        return lambda value: any(test(value) for test in tests)

    def _oneOf(self, given: list[Schema], _: Schema) -> Fits:  # noqa: N802
        tests = [self.of(one) for one in given]
        return lambda value: sum(test(value) for test in tests) == 1

    # -- of texts

    def _minLength(self, least: int, _: Schema) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, str) or len(value) >= least

    def _maxLength(self, most: int, _: Schema) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, str) or len(value) <= most

    def _pattern(self, given: str, _: Schema) -> Fits:
        search = re.compile(given).search
        return lambda value: (
            not isinstance(value, str) or search(value) is not None
        )

    def _format(self, given: str, _: Schema) -> Fits | None:
        return self.formats.get(given)

    # -- of numbers

    def _minimum(self, least: float, _: Schema) -> Fits:
        number = _TYPES["number"]
        return lambda value: not number(value) or value >= least

    def _maximum(self, most: float, _: Schema) -> Fits:
        number = _TYPES["number"]
        return lambda value: not number(value) or value <= most

    # -- of arrays

    def _items(self, given: Schema, _: Schema) -> Fits:
        test = self.of(given)
        return lambda value: (
            not isinstance(value, list) or all(map(test, value))
        )

    def _minItems(self, least: int, _: Schema) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, list) or len(value) >= least

    def _maxItems(self, most: int, _: Schema) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, list) or len(value) <= most

    def _uniqueItems(self, given: bool, _: Schema) -> Fits | None:  # noqa: N802
        if not given:
            return None
        return lambda value: not isinstance(value, list) or _differ(value)

    # -- of objects

    def _required(self, given: list[str], _: Schema) -> Fits:
        names = frozenset(given)
        return lambda value: (
            not isinstance(value, dict) or names <= value.keys()
        )

    def _minProperties(self, least: int, _: Schema) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, dict) or len(value) >= least

    def _maxProperties(self, most: int, _: Schema) -> Fits:  # noqa: N802
        return lambda value: not isinstance(value, dict) or len(value) <= most

    def _propertyNames(self, given: Schema, _: Schema) -> Fits:  # noqa: N802
        test = self.of(given)
        return lambda value: (
            not isinstance(value, dict) or all(map(test, value))
        )

    def _properties(self, given: Mapping[str, Schema], _: Schema) -> Fits:
        tests = {name: self.of(one) for name, one in given.items()}

        def fits(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for name, held in value.items():
                test = tests.get(name)
                if test is not None and not test(held):
                    return False
            return True

        return fits

    def _additionalProperties(  # noqa: N802
        self, given: Schema | bool, schema: Schema
    ) -> Fits:
        if "patternProperties" in schema:
            raise UnknownKeyword("patternProperties")
        known = frozenset(schema.get("properties", ()))
        if given is False:
            return lambda value: (
                not isinstance(value, dict) or value.keys() <= known
            )
        test = self.of(given)
        return lambda value: (
            not isinstance(value, dict)
            or all(name in known or test(held) for name, held in value.items())
        )
