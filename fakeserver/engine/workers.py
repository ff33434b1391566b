"""A bounded number of threads that run operations, or none at all."""

import logging
import queue
import threading
from collections.abc import Callable

LOG = logging.getLogger(__name__)


class Workers:
    """Runs submitted ids in turn.

    With no threads the ids wait for :meth:`drain`, which runs them in the
    caller's own thread: a test then sees every exception, and the order.
    """

    def __init__(self, count: int, run: Callable[[str], None]) -> None:
        self._count = count
        self._run = run
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._threads: list[threading.Thread] = []
        #: waiting or running: none of them is taken twice
        self._known: set[str] = set()
        self._guard = threading.Lock()

    def start(self, name: str) -> None:
        for n in range(self._count):
            thread = threading.Thread(
                target=self._loop, name=f"{name}-{n}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def submit(self, id_: str) -> None:
        """Queue an id, unless it waits or runs already."""
        with self._guard:
            if id_ in self._known:
                return
            self._known.add(id_)
        self._queue.put(id_)

    def drain(self) -> None:
        """Run everything that waits, here and now."""
        while True:
            try:
                id_ = self._queue.get_nowait()
            except queue.Empty:
                return
            if id_ is not None:
                self._take(id_)

    def stop(self, patience: float = 5.0) -> None:
        """Let the threads end; what waits is found again at a start."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(patience)
        self._threads.clear()

    def _take(self, id_: str) -> None:
        try:
            self._run(id_)
        finally:
            with self._guard:
                self._known.discard(id_)

    def _loop(self) -> None:
        while (id_ := self._queue.get()) is not None:
            try:
                self._take(id_)
            except Exception:
                # it stays unfinished on disk, and is taken up again
                LOG.exception("operation %s", id_)
