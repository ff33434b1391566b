"""Ask several questions at the same time, each with its own time limit.

The threads are daemons: one that hangs on a silent site is left behind,
and does not keep the process from ending, as a thread of an executor does,
which is joined at exit.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from protectorclient import exceptions
from protectorclient.polling.silence import grace_exceeded

if TYPE_CHECKING:
    import concurrent.futures

A = TypeVar("A")
T = TypeVar("T")

#: `concurrent.futures.FIRST_COMPLETED`, which a short command does not load.
_FIRST = "FIRST_COMPLETED"
#: Errors that are answers of a site.
_ANSWERS = (exceptions.NotFound, exceptions.NotUnique)

Wait = Callable[..., tuple[set[object], set[object]]]


def wait(*args: Any, **kwargs: Any) -> Any:
    """Wait for futures; replaced in tests, where no time passes."""
    import concurrent.futures

    return concurrent.futures.wait(*args, **kwargs)


def start(question: Callable[[], T]) -> concurrent.futures.Future[T]:
    """Put one question in a thread of its own.

    :param question: what is called there.
    :returns: its answer, or the error that it raises, when it is there.
    """
    import concurrent.futures

    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    # a deadline of the caller's holds for the thread, too
    context = contextvars.copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(question))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(
        target=run, name="protector-question", daemon=True
    ).start()
    return future


def both(
    questions: Mapping[str, Callable[[], T]], *, grace: float | None = None
) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
    """Put a question to each site, all at once.

    The only question is put in this thread: nobody else can be waited for.

    :param questions: by the sites' names.
    :param grace: seconds that a site has when another one has answered;
        without it each has as long as its own timeouts are.
    :returns: answers and errors by the sites' names, in the order of the
        questions; a site that was not waited for has a
        `silence.GraceExceeded`.
    :raises Exception: what a question raises that is not an error of this
        package.
    """
    if len(questions) == 1:
        return _alone(questions)
    asked = {name: start(question) for name, question in questions.items()}
    return _gathered(asked, grace)


def in_turn(
    questions: Mapping[str, Callable[[], T]], *, grace: float | None = None
) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
    """Put a question that one site can answer, to one after the other.

    The next site is asked when the one before has no answer, or has not
    given it within the grace: a silent site does not hide a living one.

    :param questions: by the sites' names, in the order of asking.
    :param grace: seconds; without it a site has as long as its timeouts.
    :returns: as `both`; sites that were not asked are in neither.
    :raises Exception: as `both`.
    """
    if len(questions) == 1:
        return _alone(questions)
    asked: dict[str, concurrent.futures.Future[T]] = {}
    for name, question in questions.items():
        asked[name] = future = start(question)
        done, _ = wait([future], timeout=grace)
        if done and future.exception() is None:
            break
    return _gathered(asked, grace)


def _alone(
    questions: Mapping[str, Callable[[], T]],
) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
    """Put the only question; return what `both` does."""
    ((name, question),) = questions.items()
    try:
        return {name: question()}, {}
    except exceptions.ProtectorError as error:
        return {}, {name: error}


def _gathered(
    asked: Mapping[str, concurrent.futures.Future[T]], grace: float | None
) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
    pending = set(asked.values())
    answered = False
    while pending:
        done, pending = wait(
            pending,
            timeout=grace if answered else None,
            return_when=_FIRST,
        )
        if not done:
            break
        answered = answered or any(_has_answered(one) for one in done)
    answers: dict[str, T] = {}
    errors: dict[str, exceptions.ProtectorError] = {}
    for name, future in asked.items():
        if future in pending:
            errors[name] = grace_exceeded(name, grace or 0.0)
            continue
        try:
            answers[name] = future.result()
        except exceptions.ProtectorError as error:
            errors[name] = error
    return answers, errors


def _has_answered(future: concurrent.futures.Future[T]) -> bool:
    error = future.exception()
    return error is None or isinstance(error, _ANSWERS)


def each_of(
    items: Iterable[A], question: Callable[[A], T], *, askers: int
) -> list[T]:
    """Put one question about each of several things.

    :param items: what is asked about.
    :param question: takes one of them.
    :param askers: so many are asked about at the same time.
    :returns: the answers, in the order of the things.
    :raises Exception: what the first of the questions raises that fails.
    """
    asked = _Round(list(items), question, askers)
    for _ in range(min(askers, len(asked.items))):
        start(asked.run)
    return asked.result()


class _Round(Generic[A, T]):
    """Several things, and the answers as they come.

    One who waits is woken once: with a future for each of 500 answers that
    are quickly there, the threads do little but hand over to each other. For
    the same reason a thread takes several things at a time while there are
    many.
    """

    def __init__(
        self, items: list[A], question: Callable[[A], T], askers: int
    ) -> None:
        self.items = items
        self._question = question
        self._askers = askers
        self._next = 0
        self._answers: dict[int, T] = {}
        self._errors: dict[int, BaseException] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        if not items:
            self._end.set()

    def run(self) -> None:
        """Ask about one thing after the other, as long as there are some.

        An error is the end: who asks about earlier things goes on, and no
        later one counts.
        """
        error = None
        while error is None and (some := self._take()):
            answers: dict[int, T] = {}
            for n in some:
                try:
                    answers[n] = self._question(self.items[n])
                except BaseException as raised:
                    error = raised
                    break
            with self._lock:
                self._answers |= answers
                if error is not None:
                    self._errors[n] = error
                self._note()

    def _take(self) -> range:
        """Take the next things: fewer and fewer, so that all threads end at
        about the same time."""
        with self._lock:
            first, left = self._next, len(self.items) - self._next
            if self._errors:
                left = 0
            self._next += -(-left // (4 * self._askers))
            return range(first, self._next)

    def _note(self) -> None:
        """Wake who waits: with all answers, or with the first error of them,
        which no earlier thing can precede any more."""
        if self._errors:
            first = min(self._errors)
            if all(n in self._answers for n in range(first)):
                self._end.set()
        elif len(self._answers) == len(self.items):
            self._end.set()

    def result(self) -> list[T]:
        self._end.wait()
        with self._lock:
            if self._errors:
                raise self._errors[min(self._errors)]
            return [self._answers[n] for n in range(len(self.items))]
