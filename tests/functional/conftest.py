"""What the shells in this process share."""

import functools

import pytest

from protectorclient.polling import poller
from tests.helpers.rests import Rests


@pytest.fixture
def rests() -> Rests:
    return Rests()


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch, rests: Rests) -> None:
    """Sites at no pace have moved on long before the next poll of a
    person's wait; processes of their own wait as they do for people."""
    soon = functools.partial(
        poller.Pace,
        shortest=0.05,
        longest=0.5,
        silent_after=1.5,
        sleep=rests.sleep,
    )
    monkeypatch.setattr(poller, "Pace", soon)
