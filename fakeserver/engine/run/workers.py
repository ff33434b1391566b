"""A bounded number of threads that run operations."""

import logging
import queue
import threading
import time
from collections.abc import Callable

LOG = logging.getLogger(__name__)

#: how long a stop waits for a request that is on its way, seconds: longer
#: than any of them is waited for
STOP_TIMEOUT = 40.0


class Workers:
    """Runs the submitted operations in turn.

    With no threads the ids wait for :meth:`drain`, which runs them in the
    caller's own thread: a test then sees every exception, and the order.
    """

    def __init__(
        self,
        count: int,
        run: Callable[[str], None],
        told_to_stop: threading.Event,
    ) -> None:
        self._count = count
        self._run = run
        self._told_to_stop = told_to_stop
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._threads: list[threading.Thread] = []
        #: of the threads, once they are started
        self._name: str | None = None
        #: waiting or running: none of them is taken twice
        self._known: set[str] = set()
        self._guard = threading.Condition()

    def start(self, name: str) -> None:
        """Let threads of that name run what is submitted; each is started
        when there is something for it to do."""
        with self._guard:
            self._name = name
            self._grow()

    def _grow(self) -> None:
        while (
            self._name is not None
            and not self._told_to_stop.is_set()
            and len(self._threads) < min(self._count, len(self._known))
        ):
            thread = threading.Thread(
                target=self._loop,
                name=f"{self._name}-{len(self._threads)}",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError as error:
                # it waits for one that runs, or for the next start
                LOG.warning("No thread more for operations: %s", error)
                return
            self._threads.append(thread)

    def submit(self, id_: str) -> None:
        """Queue an operation, unless it is queued or runs already."""
        with self._guard:
            if id_ in self._known:
                return
            self._known.add(id_)
            self._queue.put(id_)
            self._grow()

    def wait_for(self, id_: str, timeout: float) -> None:
        """Submit an operation, and wait until it runs no more.

        With no threads it runs in the caller's own. ``timeout`` is in real
        seconds; a stop ends the waiting as well.
        """
        if not self._count:
            with self._guard:
                self._known.add(id_)
            self._take(id_)
            return
        self.submit(id_)
        end = time.monotonic() + timeout
        with self._guard:
            while id_ in self._known and not self._told_to_stop.is_set():
                left = end - time.monotonic()
                if left <= 0:
                    return
                self._guard.wait(min(left, 0.5))

    def drain(self) -> None:
        """Run everything in the queue, in this thread."""
        while not self._told_to_stop.is_set():
            try:
                id_ = self._queue.get_nowait()
            except queue.Empty:
                return
            if id_ is not None:
                self._take(id_)

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """End the threads; a start queues the operations again."""
        with self._guard:
            self._name = None
            threads, self._threads = self._threads, []
        for _ in threads:
            self._queue.put(None)
        end = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                LOG.warning("%s does not end", thread.name)

    def _take(self, id_: str) -> None:
        try:
            self._run(id_)
        finally:
            with self._guard:
                self._known.discard(id_)
                self._guard.notify_all()

    def _loop(self) -> None:
        while (id_ := self._queue.get()) is not None:
            if self._told_to_stop.is_set():
                return
            try:
                self._take(id_)
            except Exception:
                # it stays unfinished on disk, and is taken up again
                LOG.exception("operation %s", id_)
