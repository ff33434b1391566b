"""What the shells in this process share."""

import functools

import pytest
from rests import Rests

from protectorclient import watch


@pytest.fixture
def rests() -> Rests:
    return Rests()


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch, rests: Rests) -> None:
    """Sites at no pace have moved on long before the next poll of a
    person's wait; processes of their own wait as they do for people."""
    soon = functools.partial(
        watch.Pace, shortest=0.05, longest=0.5, sleep=rests.sleep
    )
    monkeypatch.setattr(watch, "Pace", soon)
