"""Seeded runs, each with crashes or faults somewhere in it.

``CHAOS_RUNS`` says how many, ``CHAOS_FIRST`` from which seed on; those that
follow them, ``CHAOS_MORE``, have a stage of their own, as they take minutes.
"""

import os

import pytest

from tests.chaos.driver import SAMPLE, STORIES, Story
from tests.chaos.invariants import check

#: of the sample that leaves nothing out: a third, the others with the rest
RUNS = int(os.environ.get("CHAOS_RUNS", SAMPLE // 3))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))
MORE = int(os.environ.get("CHAOS_MORE", "274"))


def passes(seed, told):
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


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_nothing_is_lost_and_nothing_done_twice(seed, told):
    passes(seed, told)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(FIRST + RUNS, FIRST + RUNS + MORE))
def test_nor_in_the_runs_after_those(seed, told):
    passes(seed, told)


@pytest.mark.parametrize("action", sorted(STORIES))
def test_an_action_that_a_blow_can_hit(action, beginnings):
    """It runs when nothing goes wrong: a blow has moments to fall at."""
    assert beginnings.length(action) > 20
