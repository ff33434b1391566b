"""Scripts that wait for each other in one thread.

What a plan, a wave and a group do is written as generators, from top to
bottom. Each yields a condition and goes on when it holds. What takes time
runs in threads beside them; only the thread of the runner touches the
journal and the state.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Condition = Callable[[], bool]
Script = Generator[Condition, None, T]


class Task(Generic[T]):
    """Something that takes time, done in a thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._over = threading.Event()
        self._value: T | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work; what it raises is kept."""
        try:
            self._value = self._work()
        except BaseException as error:
            self._error = error
        self._over.set()

    def is_over(self) -> bool:
        """Return whether the work is done."""
        return self._over.is_set()

    def result(self) -> T:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class Pool:
    """A bounded number of threads that end with the process.

    A runner that is interrupted does not wait for them: what a POST of
    theirs does is found by its request id.

    :param most: tasks that are worked on at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: queue.SimpleQueue[Task[Any]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, work: Callable[[], T]) -> Task[T]:
        """Have something done."""
        task = Task(work)
        self._waiting.put(task)
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        return task

    def _work(self) -> None:
        while True:
            self._waiting.get().run()


class InlinePool(Pool):
    """Does everything at once, in the thread that asks: for tests."""

    def __init__(self) -> None:
        super().__init__(0)

    def submit(self, work: Callable[[], T]) -> Task[T]:
        """Do it now."""
        task = Task(work)
        task.run()
        return task


class Scheduler:
    """Runs scripts until each waits for something that does not hold yet."""

    def __init__(self) -> None:
        self._scripts: list[tuple[Script[Any], Condition]] = []
        self._is_stopped = False

    def stop(self) -> None:
        """Leave all scripts where they are; none goes on."""
        self._is_stopped = True

    def add(self, script: Script[Any]) -> None:
        """Begin a script."""
        self._scripts.append((script, lambda: True))

    @property
    def is_over(self) -> bool:
        """Return whether no script goes on."""
        return self._is_stopped or not self._scripts

    def run(self) -> None:
        """Go on with each script whose condition holds, as far as it
        goes."""
        moved = True
        while moved and not self._is_stopped:
            moved = False
            for script, condition in list(self._scripts):
                if self._is_stopped or not condition():
                    continue
                moved = True
                place = next(
                    number
                    for number, (one, _) in enumerate(self._scripts)
                    if one is script
                )
                try:
                    self._scripts[place] = (script, next(script))
                except StopIteration:
                    del self._scripts[place]


def until(condition: Condition) -> Script[None]:
    """Wait for a condition; not at all where it holds."""
    if not condition():
        yield condition


def done(task: Task[T]) -> Script[T]:
    """Wait for a task, and return its result."""
    yield from until(task.is_over)
    return task.result()
