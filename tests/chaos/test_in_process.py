"""Seeded runs, each with crashes or faults somewhere in it.

``CHAOS_RUNS`` says how many, ``CHAOS_FIRST`` from which seed on.
"""

import os

import pytest

from tests.chaos.driver import Story
from tests.chaos.invariants import check

RUNS = int(os.environ.get("CHAOS_RUNS", "200"))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_nothing_is_lost_and_nothing_done_twice(seed, told):
    story = Story.of(seed)
    run = told(story)
    problems = check(run)
    assert not problems, "\n".join(
        [
            f"replay: CHAOS_FIRST={seed} CHAOS_RUNS=1 python -m pytest "
            "tests/chaos/test_in_process.py",
            f"{story}",
            *run.moments.struck,
            *run.log,
            *problems,
        ]
    )
