"""A command is one class over one base; the rest are functions."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import pathlib

import pytest
from cliff import lister, show

from protectorclient.osc import command

TREE = pathlib.Path(__file__).resolve().parents[3]
#: The command, one base, and `command.Command` beneath all.
MOST = 3
#: What commands may be made from; those of cliff and osc-lib apart.
BASES = {
    "protectorclient.osc.command.Command",
    "protectorclient.osc.command.Lister",
    "protectorclient.osc.command.ShowOne",
    "protectorclient.osc.v1.plan.orders.OrderCommand",
    "protectorclient.osc.v1._moves.command.MoveCommand",
}


def entry_points() -> dict[str, str]:
    """The classes of all commands, by their words."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read(TREE / "setup.cfg")
    lines = parser["options.entry_points"].items()
    return {
        name.strip(): target.strip()
        for group, text in lines
        if group.startswith("openstack.protector.v1")
        for name, _, target in (
            line.partition("=") for line in text.strip().splitlines()
        )
    }


def loaded(target: str) -> type:
    point = importlib.metadata.EntryPoint("", target, "")
    kind = point.load().find()
    assert isinstance(kind, type)
    return kind


def ours(kind: type) -> list[str]:
    """The classes of this package that a class is made of, itself first."""
    return [
        f"{one.__module__}.{one.__qualname__}"
        for one in kind.__mro__
        if one.__module__.startswith("protectorclient.")
    ]


def faults(kind: type) -> list[str]:
    """What is wrong with the bases of a command."""
    first, *bases = ours(kind)
    found = [f"{one} is no base" for one in bases if one not in BASES]
    if len(bases) >= MOST:
        found.append(f"{first} has {len(bases)} classes beneath it")
    if command.Command not in kind.__mro__:
        found.append(f"{first} is not made from Command")
    return found


ENTRY_POINTS = entry_points()


def test_the_commands_are_found() -> None:
    assert len(ENTRY_POINTS) > 40
    assert "protector_protection-group_failover" in ENTRY_POINTS


@pytest.mark.parametrize("words", sorted(ENTRY_POINTS))
def test_one_class_over_one_base(words: str) -> None:
    assert faults(loaded(ENTRY_POINTS[words])) == []


@pytest.mark.parametrize("words", sorted(ENTRY_POINTS))
def test_what_it_shows_comes_from_one_base(words: str) -> None:
    """A record or a list, by its base; the base of cliff is there once."""
    kind = loaded(ENTRY_POINTS[words])
    shows = [
        one for one in (lister.Lister, show.ShowOne) if issubclass(kind, one)
    ]
    assert len(shows) <= 1


def test_a_deep_command_is_refused() -> None:
    class Reads(command.Command):
        pass

    class Waits(command.ShowOne):
        pass

    class Deep(Waits, Reads):
        pass

    for one in (Reads, Waits, Deep):
        one.__module__ = "protectorclient.osc.v1.deep"
    assert faults(Waits) == []
    assert len(faults(Deep)) == 3


def users_of(module: str, name: str) -> set[str]:
    """The files of the commands that call a function of a module."""
    found = set()
    for path in (TREE / "protectorclient/osc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == f"{module}.{name}"
            ):
                found.add(path.name)
    return found


def test_operations_are_followed_in_one_place() -> None:
    assert users_of("poller", "follow") == {"_wait.py"}
    assert users_of("progress_state", "ProgressState") == {"_wait.py"}
