"""The lock of a group: who waits for it, and who does not."""

import threading

import pytest

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.run.locks import GroupLocks


@pytest.fixture
def locks():
    return GroupLocks()


@pytest.fixture
def busy(locks):
    """The group is held by another thread."""
    held, done = threading.Event(), threading.Event()

    def hold():
        with locks.hold("g"):
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    yield
    done.set()
    thread.join()


def refuse():
    raise RequestRefused("not-found", "No such group")


def test_a_free_lock_is_taken_without_a_question(locks):
    with locks.hold("g", before=refuse):
        assert locks.in_use("g")
    assert not locks.in_use("g")


def test_nobody_waits_for_what_is_not_theirs(locks, busy):
    with (
        pytest.raises(RequestRefused, match="No such group"),
        locks.hold("g", before=refuse),
    ):
        pass


def test_a_wait_ends(locks, busy):
    with (
        pytest.raises(RequestRefused, match="try again shortly"),
        locks.hold("g", timeout=0.001),
    ):
        pass
