"""A question to a site while it is asked, and the answer that is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Answer:
    """An answer that came with another one: there may be thousands."""

    __slots__ = ("_answer",)

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def result(self) -> Any:
        return self._answer


class Question(Generic[T]):
    """A question that somebody asks at this moment, and its answer."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._answer: T
        self._error: BaseException | None = None

    def find(self, question: Callable[[], T]) -> T:
        """Put the question; keep what it returns, or the error it raises."""
        try:
            self._answer = question()
            return self._answer
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._end.set()

    def result(self) -> T:
        """Wait for the answer; raise the error that came instead."""
        self._end.wait()
        if self._error is not None:
            raise self._error
        return self._answer
