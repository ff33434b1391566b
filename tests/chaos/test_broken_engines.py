"""Engines that are broken on purpose: the invariants have to notice.

Not a crash, and not any invariant, but the one that is there for it; and
where one was noticed, the engine as it is passes.
"""

import itertools

import pytest

from tests.chaos.driver import Story
from tests.chaos.invariants import check
from tests.chaos.mutants import MUTANTS

#: how many runs it may take until one notices
RUNS = 60

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_engine_is_caught(mutant, told):
    every = (Story.of(seed) for seed in itertools.count())
    stories = filter(mutant.fits, every)
    for story in itertools.islice(stories, RUNS):
        with pytest.MonkeyPatch.context() as patch:
            mutant.breaks(patch)
            found = check(told(story))
        said = [one.removeprefix("afterwards ") for one in found]
        if any(one.startswith(mutant.noticed_by) for one in said):
            assert not check(told(story)), f"{story}, with nothing broken"
            return
    pytest.fail(f"not noticed in {RUNS} runs")
