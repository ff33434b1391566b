"""A few of many cases for every day, and all of them where time is."""

from collections.abc import Iterable
from typing import Any

import pytest


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
