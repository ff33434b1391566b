"""Threads run operations, and no more of them than there are operations."""

import threading

import pytest

from fakeserver.engine.run.workers import Workers


def test_a_thread_is_started_for_an_operation_that_has_none() -> None:
    gate = threading.Event()
    ran = threading.Semaphore(0)
    names = []

    def run(_id: str) -> None:
        names.append(threading.current_thread().name)
        gate.wait(10)
        ran.release()

    workers = Workers(2, run, threading.Event())
    before = threading.active_count()
    # it waits for the start
    workers.submit("a")
    assert threading.active_count() == before
    workers.start("site-a")
    assert threading.active_count() == before + 1
    for id_ in ("a", "b", "c", "d"):
        workers.submit(id_)
    assert threading.active_count() == before + 2
    gate.set()
    for _ in range(4):
        assert ran.acquire(timeout=10)
    workers.stop()
    assert threading.active_count() == before
    assert set(names) == {"site-a-0", "site-a-1"}


def test_none_is_started_once_they_are_stopped() -> None:
    workers = Workers(2, lambda _id: None, threading.Event())
    workers.start("site-a")
    workers.stop()
    before = threading.active_count()
    workers.submit("a")
    assert threading.active_count() == before


def test_an_operation_without_a_thread_waits_for_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran = threading.Semaphore(0)
    workers = Workers(2, lambda _id: ran.release(), threading.Event())
    workers.start("site-a")

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        workers.submit("a")
    assert "can't start new thread" in caplog.text
    workers.submit("b")
    for _ in "ab":
        assert ran.acquire(timeout=10)
    workers.stop()
