"""Both sites are asked in ``protectorclient/pair`` and nowhere else.

A loop that puts a question to each site waits for a dead one before it asks
the other, and a question that is put twice is not kept. `BothSites` asks
both at once and keeps the answers; whoever needs more asks through it.
"""

from __future__ import annotations

import ast
import pathlib
import textwrap
from collections.abc import Iterator

import pytest

from protectorclient.pair.site_facts import SiteFacts

TREE = pathlib.Path(__file__).resolve().parents[3] / "protectorclient"
#: The parts that may ask several sites at a time: the pair, and the poller,
#: which follows operations of both.
ASKERS = ("pair", "polling")
#: What puts questions at the same time, whoever is asked.
PARALLEL = "protectorclient.polling.at_once"
#: What asks a site when it is read.
READ = {"client", "finder", "servers", "subnets", "token"} | {
    name for name in vars(SiteFacts) if name.startswith(("compute", "volume_"))
}
#: What asks a site when it is called.
CALLED = {
    name
    for name, value in vars(SiteFacts).items()
    if callable(value) and not name.startswith("_")
} - {"get"}


def modules() -> list[pathlib.Path]:
    return [
        path
        for path in sorted(TREE.rglob("*.py"))
        if path.relative_to(TREE).parts[0] not in ASKERS
    ]


def names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def loops(tree: ast.AST) -> Iterator[tuple[int, set[str], list[ast.AST]]]:
    """The line, the variables and the body of each loop."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            yield node.lineno, names(node.target), [*node.body]
        elif isinstance(node, ast.DictComp):
            parts: list[ast.AST] = [node.key, node.value]
            for each in node.generators:
                yield node.lineno, names(each.target), [*parts, *each.ifs]
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            for each in node.generators:
                body = [node.elt, *each.ifs]
                body += [more.iter for more in node.generators]
                yield node.lineno, names(each.target), body


def asked_in_loops(source: str) -> list[tuple[int, str]]:
    """Where a question is put to the variable of a loop."""
    found = []
    for line, variables, body in loops(ast.parse(source)):
        for node in (node for part in body for node in ast.walk(part)):
            questions = READ
            if isinstance(node, ast.Call):
                node, questions = node.func, CALLED
            if (
                isinstance(node, ast.Attribute)
                and node.attr in questions
                and isinstance(node.value, ast.Name)
                and node.value.id in variables
            ):
                found.append((line, node.attr))
    return found


def test_no_loop_asks_sites() -> None:
    found = {
        str(path.relative_to(TREE)): asked_in_loops(path.read_text())
        for path in modules()
    }
    assert {path: loops for path, loops in found.items() if loops} == {}


def test_nobody_else_asks_at_the_same_time() -> None:
    found = {
        str(path.relative_to(TREE))
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and PARALLEL
        in {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    }
    # the probes ask instances, not sites; the operations of one site are
    # asked for one by one where it has no filter
    assert found == {"probes/run.py", "v1/operations.py"}


@pytest.mark.parametrize(
    "loop",
    [
        """
        for handle in pair.handles:
            found += handle.client.operations.list()
        """,
        "{one.name: one.find(group) for one in (pair.primary, other)}",
        "[side.sync(group) for side in sites if side.barred is None]",
        "[copy for name, side in all.items() for copy in f(side.servers)]",
    ],
)
def test_a_loop_over_both_sites_is_seen(loop: str) -> None:
    assert asked_in_loops(textwrap.dedent(loop))


def test_a_loop_over_answers_is_none() -> None:
    assert not asked_in_loops("[group.name for site, group in answers]")
