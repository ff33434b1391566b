"""A hand in the sleep of a wait, where a test has something to do."""

import collections
import time
from collections.abc import Callable


class Rests:
    """What happens while a wait rests between two polls.

    A wait asks at once and rests then, so at its first rest it has begun,
    and it is at nothing else: whatever a test does there comes neither too
    early nor too late, however slow the machine is.
    """

    def __init__(self) -> None:
        self.taken = 0
        self._waiting: collections.deque[tuple[int, Callable[[], object]]] = (
            collections.deque()
        )

    def after(self, rests: int, *what: Callable[[], object]) -> None:
        """Do something after so many more rests; then what comes next."""
        for one in what:
            self._waiting.append((rests, one))
            rests = 0

    def interrupt(self) -> None:
        """Ctrl-C."""
        raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self.taken += 1
        while self._waiting and self._waiting[0][0] <= self.taken:
            _, what = self._waiting.popleft()
            self.taken = 0
            what()
