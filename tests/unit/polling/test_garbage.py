"""Garbage is collected seldom for a while, and then as before."""

import gc
import threading
from collections.abc import Iterator

import pytest

from protectorclient.polling import garbage

USUAL = (700, 10, 10)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*USUAL)
    yield
    gc.set_threshold(*before)


def test_until_the_last_one_ends() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def other() -> None:
        with garbage.seldom():
            begun.set()
            may_end.wait(60)

    thread = threading.Thread(target=other)
    with garbage.seldom():
        thread.start()
        begun.wait(60)
    assert gc.get_threshold() == garbage.SELDOM
    may_end.set()
    thread.join()
    assert gc.get_threshold() == USUAL


def test_after_an_error() -> None:
    with pytest.raises(KeyError), garbage.seldom():
        raise KeyError
    assert gc.get_threshold() == USUAL


@pytest.mark.parametrize("own", [(0, 10, 10), (100_000, 5, 5)])
def test_what_the_caller_has_set_stays(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    with garbage.seldom():
        assert gc.get_threshold() == own
    assert gc.get_threshold() == own


def test_what_the_caller_sets_meanwhile_stays() -> None:
    with garbage.seldom():
        gc.set_threshold(900, 10, 10)
    assert gc.get_threshold() == (900, 10, 10)
