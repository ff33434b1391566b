"""The quick check of a body says what jsonschema says, of every schema."""

import importlib
import itertools
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

import fakeserver.cloud
from fakeserver.api import roles, schema
from fakeserver.api.microversion import parse
from fakeserver.base import quick_check
from fakeserver.base.ids import stable_id
from fakeserver.cloud.shared.web import Validator
from tests.helpers.api_parts import document

VERSIONS = ("1.0", "1.1", "1.2")
#: of each type, at the borders of what schemas ask for
PROBES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 10080, 10081, 2**31 - 1, 2**31),
    *("", "a", "a\n", "x" * 255, "x" * 256, "x" * 4001, "async", "active"),
    *("0" * 64, stable_id(1, "a"), stable_id(1, "a").upper(), "10.0.0.1"),
    *("http://a.b:1/c", "https://", "2025-11-03T10:00:00Z", "all"),
    *([], [1], ["a"], ["a", "a"], [{}], [None] * 101),
    *({}, {"a": "b"}, {"": "b"}, {"id": "a"}, {"name": ""}),
    {stable_id(1, "a"): {}},
    {str(n): "x" for n in range(1001)},
)


def bodies() -> dict[tuple[str, str, str], schema.Route]:
    return {
        (rule.method, rule.path, version): found
        for version in VERSIONS
        for rule in roles.RULES
        if rule.action is None and rule.method in ("POST", "PUT", "PATCH")
        for found in [schema.route(rule.method, rule.path, parse(version))]
        if found.body is not None
    }


BODIES = bodies()


def parts(node: Any) -> Iterator[Any]:
    """Every schema in a schema."""
    yield node
    if not isinstance(node, dict):
        return
    for keyword, given in node.items():
        if keyword == "properties":
            for one in given.values():
                yield from parts(one)
        elif keyword in ("anyOf", "oneOf", "allOf"):
            for one in given:
                yield from parts(one)
        elif keyword in ("items", "propertyNames", "additionalProperties"):
            yield from parts(given)


def test_every_body_has_one() -> None:
    assert len(BODIES) > 20
    for cell, route in BODIES.items():
        assert route.body is not None
        assert route.body.fits is not None, cell


def every(held: Any) -> Iterator[Validator]:
    """The validators that a module keeps, those in tables of it too."""
    for one in held.values() if isinstance(held, Mapping) else held:
        if isinstance(one, Validator):
            yield one
        elif isinstance(one, dict | tuple | list):
            yield from every(one)


def of_the_clouds() -> dict[int, Validator]:
    package = fakeserver.cloud
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    modules = [importlib.import_module(one.name) for one in found]
    return {id(one): one for module in modules for one in every(vars(module))}


CLOUDS = [*of_the_clouds().values()]


def test_every_body_of_a_cloud_has_one() -> None:
    assert len(CLOUDS) > 25
    for one in CLOUDS:
        assert one.fits is not None, one.compiled.schema


def test_every_part_of_a_schema_of_a_cloud() -> None:
    seen: dict[str, Any] = {}
    for one in CLOUDS:
        for part in parts(one.compiled.schema):
            seen.setdefault(repr(part), part)
    agreed = set()
    for part in seen.values():
        check = Validator(part)
        assert check.fits is not None
        for probe in PROBES:
            said = check.compiled.is_valid(probe)
            assert check.fits(probe) == said, (part, probe)
            agreed.add(said)
    assert agreed == {True, False}


def test_every_part_of_a_schema() -> None:
    seen: dict[str, Any] = {}
    for route in BODIES.values():
        assert route.body is not None
        for part in parts(route.body.validator.schema):
            seen.setdefault(repr(part), part)
    agreed = set()
    for part in seen.values():
        if isinstance(part, bool):
            continue
        fits, check = schema.quick(part), schema.validator(part)
        assert fits is not None
        for probe in PROBES:
            said = check.is_valid(probe)
            assert fits(probe) == said, (part, probe)
            agreed.add(said)
    assert agreed == {True, False}


def changed(value: Any) -> Iterator[Any]:
    """A document with one place of it replaced, left out or added."""
    yield from (None, True, -1, 1.0, "", "x" * 300, [], {})
    if isinstance(value, dict):
        yield {**value, "unknown": 1}
        for key, held in value.items():
            yield {name: one for name, one in value.items() if name != key}
            for one in changed(held):
                yield {**value, key: one}


def test_the_metadata_of_a_group() -> None:
    path = "/v1/{tenant_id}/protection-groups/{pg_id}/metadata"
    route = BODIES["PUT", path, "1.2"]
    assert route.body is not None and route.body.fits is not None
    whole = {"metadata": document("g")}
    assert route.body.fits(whole)
    for one in changed(whole):
        said = route.body.validator.is_valid(one)
        assert route.body.fits(one) == said, one


#: to Python some of these are the same
ALIKE = (0, 0.0, False, 1, 1.0, True, "1", [1], [True], {"a": 1}, {"a": True})


@pytest.mark.parametrize("keyword", ["enum", "const", "uniqueItems"])
def test_what_is_the_same_to_a_schema(keyword: str) -> None:
    for one, other in itertools.product(ALIKE, ALIKE):
        given, probe = {
            "enum": ([one, "x"], other),
            "const": (one, other),
            "uniqueItems": (True, ["x", one, other]),
        }[keyword]
        part: Any = {keyword: given}
        fits = quick_check.compiled(part, {})
        assert fits is not None
        said = jsonschema.Draft202012Validator(part).is_valid(probe)
        assert fits(probe) == said, (part, probe)


@pytest.mark.parametrize(
    "unknown",
    [
        {"patternProperties": {"a": {}}},
        {"contains": {"const": 1}},
        {"items": {"not": {}}},
    ],
)
def test_a_schema_that_it_does_not_know_has_none(unknown: Any) -> None:
    assert quick_check.compiled(unknown, {}) is None


def test_a_body_that_fits_is_not_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(schema, "_judge", lambda *what: asked.append(what))
    path = "/v1/{tenant_id}/protection-groups/{pg_id}/action"
    route = BODIES["POST", path, "1.2"]
    schema.check_body(route, {"failover": {"network_mapping": {"a": "b"}}})
    assert asked == []
    schema.check_body(route, {"failover": {"network_mapping": 1}})
    assert len(asked) == 1
