"""The board is right: two hundred worlds, in each of which a site dies."""

from __future__ import annotations

import pytest

from tests.helpers import readiness_worlds
from tests.helpers.sampling import sampled

WORLDS = 200


@pytest.mark.parametrize("seed", sampled(range(WORLDS), 3))
def test_what_the_board_says_comes_true(seed: int) -> None:
    wrong, drawn = readiness_worlds.faults(seed)
    assert wrong == [], f"seed {seed}: {drawn}"
