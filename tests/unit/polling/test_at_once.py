"""Many questions at the same time, and their answers in order."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.polling import at_once


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_answers_are_in_the_order_of_the_things(count: int) -> None:
    found = at_once.each_of(range(count), lambda n: 2 * n, askers=4)
    assert found == [2 * n for n in range(count)]


def test_the_first_error_waits_for_nothing_that_comes_later() -> None:
    hanging, asked = threading.Event(), threading.Event()

    def question(n: int) -> int:
        if n == 1:
            asked.set()
            hanging.wait(60)
        if n == 0:
            # the later one is under way
            asked.wait(60)
            raise KeyError(n)
        return n

    try:
        with pytest.raises(KeyError, match="0"):
            at_once.each_of(range(3), question, askers=2)
        assert not hanging.is_set()
    finally:
        hanging.set()


def test_of_two_errors_the_one_of_the_earlier_thing_is_raised() -> None:
    failed = threading.Event()

    def question(n: int) -> None:
        if n == 0:
            failed.wait(60)
            raise KeyError("first")
        failed.set()
        raise KeyError("second")

    with pytest.raises(KeyError, match="first"):
        at_once.each_of(range(2), question, askers=2)


def test_nothing_is_asked_after_an_error_by_who_had_it() -> None:
    asked: list[int] = []

    def question(n: int) -> None:
        asked.append(n)
        if n == 1:
            raise KeyError(n)

    with pytest.raises(KeyError, match="1"):
        at_once.each_of(range(50), question, askers=1)
    assert asked == [0, 1]


@pytest.mark.parametrize("ask", [at_once.both, at_once.in_turn])
def test_the_only_question_is_put_in_the_thread_that_asks(
    ask: Callable[..., Any],
) -> None:
    here = threading.current_thread()
    answers, errors = ask({"site-a": threading.current_thread}, grace=2.0)
    assert (answers, errors) == ({"site-a": here}, {})

    lost = exceptions.SiteUnreachable("no answer", site="site-a")

    def fail() -> None:
        raise lost

    assert ask({"site-a": fail}) == ({}, {"site-a": lost})
    with pytest.raises(ZeroDivisionError):
        ask({"site-a": lambda: 1 // 0})
