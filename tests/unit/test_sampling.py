"""The tables of which only some rows run every day."""

import ast
import pathlib
from typing import Any, cast

import pytest

from tests.helpers import sampling

TESTS = pathlib.Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted(sampling.DAILY))
def test_a_table_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((TESTS / path).read_text())
    names = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert function in names
    assert sampling.DAILY[name] in (3, 4)


class Row:
    """One row of a table, as pytest collects it."""

    def __init__(self, number: int) -> None:
        self.nodeid = f"tests/test_rows.py::test_row[{number}]"
        self.marks: list[str] = []

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None

    def add_marker(self, mark: Any) -> None:
        self.marks.append(mark.name)


def test_together_they_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sampling.DAILY, "test_rows.py::test_row", 3)
    rows = [Row(number) for number in range(7)]
    sampling.thin(cast(list[pytest.Item], rows))
    marks = [tuple(one.marks) for one in rows]
    assert marks == [(), *[("thorough",)] * 2] * 2 + [()]
