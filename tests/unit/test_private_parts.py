"""The private parts of other packages are known, each with its reason."""

import ast
import importlib
import inspect
import pathlib
import pkgutil
import re
import runpy
import sys
import typing
from collections.abc import Iterator

import pytest

import fakeserver
import protectorclient
from protectorclient.osc import private_parts

TREE = pathlib.Path(__file__).resolve().parents[2]
OURS = ("protectorclient", "fakeserver")
FOLDERS = (*OURS, "tools", "doc/ext", "benchmarks")
#: What of the standard library's own machinery is in every class.
MACHINERY = ("abc", "builtins", "enum", "io", "typing", "http.client")

LISTED = {
    (name, path if path.startswith(OURS) else f"protectorclient/{path}")
    for name, path in re.findall(
        r"^\* ``(_\w+)`` of \w+ in ``([\w/.]+)``:",
        private_parts.__doc__ or "",
        re.MULTILINE,
    )
}
Found = Iterator[tuple[str, str]]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def names_of_ours(trees: typing.Iterable[ast.AST]) -> set[str]:
    """Whatever is given its name in our own code."""
    found = set()
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.AsyncFunctionDef(name=name):
                    found.add(name)
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                    found.add(name)
                case ast.alias(name=name, asname=other):
                    found.add(other or name)
                case ast.Attribute(
                    value=ast.Name(id="self" | "cls"),
                    attr=name,
                    ctx=ast.Store(),
                ):
                    found.add(name)
    return found


def used(trees: dict[str, ast.AST]) -> Found:
    """Private attributes and imports that are not named by our code."""
    ours = names_of_ours(trees.values())
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                names = [node.attr]
            elif isinstance(node, ast.ImportFrom):
                known = str(node.module).startswith(OURS)
                names = [] if known else [one.name for one in node.names]
                names = [name for name in names if is_private(name)]
                yield from ((name, path) for name in names)
                continue
            elif isinstance(node, ast.Call) and (
                ast.unparse(node.func) in ("getattr", "setattr", "hasattr")
            ):
                names = [
                    one.value
                    for one in node.args[1:2]
                    if isinstance(one, ast.Constant)
                    and isinstance(one.value, str)
                ]
            else:
                continue
            yield from (
                (name, path)
                for name in names
                if is_private(name) and name not in ours
            )


def overridden() -> Found:
    """Private methods of another package's class that ours replaces."""
    for package in (protectorclient, fakeserver):
        for info in pkgutil.walk_packages(
            package.__path__, f"{package.__name__}."
        ):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            path = pathlib.Path(str(module.__file__)).relative_to(TREE)
            for found in vars(module).values():
                if (
                    inspect.isclass(found)
                    and found.__module__ == module.__name__
                ):
                    yield from (
                        (name, path.as_posix()) for name in replaced(found)
                    )


def replaced(ours: type) -> set[str]:
    theirs = {
        name
        for base in ours.__mro__[1:]
        if not base.__module__.startswith((*OURS, *MACHINERY))
        for name in vars(base)
    }
    return {
        name for name in vars(ours) if is_private(name) and name in theirs
    } - {"_abc_impl"}


def trees() -> dict[str, ast.AST]:
    return {
        path.relative_to(TREE).as_posix(): ast.parse(path.read_text())
        for folder in FOLDERS
        for path in sorted((TREE / folder).rglob("*.py"))
    }


def test_every_private_part_is_listed() -> None:
    assert LISTED
    assert {*used(trees()), *overridden()} - LISTED == set()


def test_what_is_listed_is_used() -> None:
    for name, path in LISTED:
        code = (TREE / path).read_text()
        rest = code.replace(private_parts.__doc__ or "", "")
        assert re.search(rf"\b{name}\b", rest), f"{name} in {path}"


def test_a_private_part_is_seen() -> None:
    code = """
from argparse import _SubParsersAction
def ours(parser):
    parser._mutually_exclusive_groups
    getattr(parser, "_actions")
    parser._ours
    parser.__class__
class Own:
    def _ours(self): ...
"""
    assert {name for name, _ in used({"here.py": ast.parse(code)})} == {
        "_SubParsersAction",
        "_mutually_exclusive_groups",
        "_actions",
    }


def test_the_newest_versions_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`make versions` names no set: all of them are run."""
    tool = runpy.run_path(str(TREE / "tools" / "versions.py"))
    tried: list[str] = []

    def passes(name: str, options: str) -> bool:
        tried.append(name)
        return True

    monkeypatch.setitem(tool["main"].__globals__, "_passes", passes)
    monkeypatch.setattr(sys, "argv", ["versions.py", "--pytest=-q"])
    assert tool["main"]() == 0
    assert {"newest", "lowest"} < set(tried)
