"""What Python users call takes named parameters, each with its type."""

import ast
import inspect
import pathlib
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from keystoneauth1 import session

import protectorclient
from protectorclient import exceptions, v1
from protectorclient.pair.moves.verbs import PairActions
from protectorclient.v1 import Client
from protectorclient.v1._manager import Manager

Functions = Iterator[tuple[str, Callable[..., Any]]]


def managers() -> list[Manager]:
    client = Client(session.Session())
    found = vars(client).values()
    return [one for one in found if isinstance(one, Manager)]


def public_functions() -> Functions:
    """Functions and methods of whatever is exported, and of managers."""
    for module in (protectorclient, exceptions, v1):
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isfunction(found):
                yield name, found
            elif inspect.isclass(found):
                yield from methods(found)
    for manager in managers():
        yield from methods(type(manager))


def methods(cls: type) -> Functions:
    for name, found in inspect.getmembers(cls):
        home = getattr(found, "__module__", "") or ""
        public = name == "__init__" or not name.startswith("_")
        routine = inspect.isfunction(found) or inspect.ismethod(found)
        if public and routine and home.startswith("protectorclient"):
            yield f"{cls.__qualname__}.{name}", found


FUNCTIONS = dict(public_functions())


def test_the_methods_are_found() -> None:
    for name in ("SitePair.failover", "SiteManager.update", "connect"):
        assert name in FUNCTIONS
    assert len(FUNCTIONS) > 100


def test_every_parameter_is_named_and_has_a_type() -> None:
    for name, function in FUNCTIONS.items():
        signature = inspect.signature(function)
        for parameter in signature.parameters.values():
            said = f"{name}: {parameter}"
            assert parameter.kind != parameter.VAR_KEYWORD, said
            if parameter.name not in ("self", "cls"):
                assert parameter.annotation is not parameter.empty, said
                assert parameter.annotation != "Any", said
        assert signature.return_annotation is not signature.empty, name


def test_a_misspelt_keyword_is_refused_by_mypy() -> None:
    """It is where mypy looks, and an ignored error that is none counts."""
    root = pathlib.Path(__file__).resolve().parents[2]
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    mypy = settings["tool"]["mypy"]
    assert "tests/helpers" in mypy["files"]
    assert mypy["strict"] and "warn_unused_ignores" not in mypy
    refused = ast.parse((root / "tests/helpers/misspelt.py").read_text())
    called = {
        node.func.attr
        for node in ast.walk(refused)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    moves = {name for name, _ in methods(PairActions)} - {"PairActions.locate"}
    assert called >= {name.partition(".")[2] for name in moves} >= {"failover"}
