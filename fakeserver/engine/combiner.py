"""Do at once what several threads want at the same moment.

A commit takes hardly longer for eight rows than for one, and so does a
question to the other site. Whoever comes while one is on its way waits for
its end; then the first of those who wait does it for all of them.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
#: how long a thread waits for its turn before it works for itself, seconds:
#: nobody waits for two timeouts of a site that is silent
PATIENCE = 0.05
#: how long the first one waits for as many as came the last time, seconds
GATHER = 0.003


class _Turn(Generic[Asked, Answer]):
    """What one thread wants, and its answer."""

    __slots__ = ("answer", "asked", "leads", "wake")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.answer: Answer | BaseException | None = None
        #: whether it is to work for all that wait
        self.leads = False
        #: locked until its turn has come, or is over
        self.wake = threading.Lock()
        self.wake.acquire()


class Combiner(Generic[Asked, Answer]):
    """Combines what threads want while another one is at work.

    A thread that meets no other one works at once.

    :param work: returns the answers in the order of what is asked; an
        exception among them is raised by the one who asked. What it raises
        is raised by all whose turn it was.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answer | BaseException]],
        *,
        patience: float = PATIENCE,
        gather: float = GATHER,
    ) -> None:
        self._work = work
        self._patience = patience
        self._gather_time = gather
        self._guard = threading.Lock()
        self._busy = False
        #: in the order in which they came
        self._waiting: list[_Turn[Asked, Answer]] = []
        #: how many there were the last time
        self._last = 1
        #: locked while somebody waits for as many as that
        self._full = threading.Lock()

    @property
    def waiting(self) -> int:
        """Return how many threads wait for their turn to begin."""
        return len(self._waiting)

    def ask(self, asked: Asked) -> Answer:
        """Return the answer of work that begins after this call."""
        turn = _Turn[Asked, Answer](asked)
        with self._guard:
            self._waiting.append(turn)
            turn.leads, self._busy = not self._busy, True
            if len(self._waiting) == self._last and self._full.locked():
                self._full.release()
        if not turn.leads and not turn.wake.acquire(timeout=self._patience):
            with self._guard:
                # not where somebody works for it already
                alone = turn in self._waiting and not turn.leads
                if alone:
                    self._waiting.remove(turn)
            if alone:
                (turn.answer,) = self._work([asked])
            else:
                turn.wake.acquire()
        if turn.leads:
            self._lead(turn)
        if isinstance(turn.answer, BaseException):
            raise turn.answer
        return turn.answer  # type: ignore[return-value]

    def _lead(self, own: "_Turn[Asked, Answer]") -> None:
        """Work for all that wait, this thread's own turn among them."""
        turns = self._gathered()
        try:
            answers = self._work([turn.asked for turn in turns])
            for turn, answer in zip(turns, answers, strict=True):
                turn.answer = answer
        except BaseException as error:
            for turn in turns:
                turn.answer = error
        with self._guard:
            self._last = len(turns) + len(self._waiting)
            self._busy = bool(self._waiting)
            if self._busy:
                self._waiting[0].leads = True
                self._waiting[0].wake.release()
        for turn in turns:
            if turn is not own:
                turn.wake.release()

    def _gathered(self) -> "list[_Turn[Asked, Answer]]":
        with self._guard:
            waits = len(self._waiting) < self._last
            if waits:
                self._full.acquire()
        if waits:
            self._full.acquire(timeout=self._gather_time)
        with self._guard:
            if self._full.locked():
                self._full.release()
            turns, self._waiting = self._waiting, []
        return turns
