"""Seeded runs with two processes, and SIGKILL: a stage of their own.

``python -m pytest -m processes tests/chaos``; ``CHAOS_RUNS`` and
``CHAOS_FIRST`` as for the runs in one process.
"""

import contextlib
import functools
import os

import pytest

from tests.chaos import processes
from tests.chaos.invariants import check
from tests.chaos.processes import Run, Story

RUNS = int(os.environ.get("CHAOS_RUNS", "12"))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def pair_of(tmp_path_factory):
    """The sandbox with a driver, started for the first story that has it."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def started(renames):
            folder = tmp_path_factory.mktemp("processes") / "sandbox"
            return stack.enter_context(processes.running(folder, renames))

        yield started


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_a_kill_loses_nothing_and_doubles_nothing(seed, pair_of):
    story = Story.of(seed)
    run = Run(story, pair_of(story.renames))
    run.tell()
    problems = check(run)
    assert not problems, "\n".join(
        [
            f"replay: CHAOS_FIRST={seed} CHAOS_RUNS=1 python -m pytest "
            "-m processes tests/chaos/test_processes.py",
            f"{run.story}",
            *run.log,
            *problems,
        ]
    )
