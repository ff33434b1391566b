"""A few of many cases for every day, and all of them where time is."""

import collections
import pathlib
import tomllib
from collections.abc import Iterable
from typing import Any

import pytest

HERE = pathlib.Path(__file__).parent
#: Of which functions only some rows run every day, and every how many-th.
DAILY: dict[str, int] = tomllib.loads((HERE / "daily.toml").read_text())


def sampled(cases: Iterable[Any], few: int) -> list[Any]:
    """Cases of which a few, spread evenly, run in ``make test``.

    The others are ``thorough``: those of each stage are the same in every
    process, and together they are all of them.
    """
    every = list(cases)
    kept = {n * len(every) // few for n in range(few)}
    return [
        case if n in kept else _thorough(case) for n, case in enumerate(every)
    ]


def _thorough(case: Any) -> Any:
    if hasattr(case, "marks"):
        marks = [*case.marks, pytest.mark.thorough]
        return pytest.param(*case.values, marks=marks, id=case.id)
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.thorough)


def thin(items: Iterable[pytest.Item]) -> None:
    """Leave most rows of the tables in ``daily.toml`` to the thorough
    stage."""
    seen: collections.Counter[str] = collections.Counter()
    for item in items:
        function = item.nodeid.partition("[")[0].removeprefix("tests/")
        every = DAILY.get(function)
        if every is None or item.get_closest_marker("thorough"):
            continue
        if seen[function] % every:
            item.add_marker(pytest.mark.thorough)
        seen[function] += 1
