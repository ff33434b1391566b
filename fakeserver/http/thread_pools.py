"""Thread pools for requests; those that wait for the peer have their own.

A request that starts an operation asks the clouds of both sites and the
peer's service before it is answered. With one pool of threads for all, a
hundred of them at once take every thread of both sites, and then wait for
an answer that no thread is left to give. So each kind has threads of its
own, and waits only for kinds that stand below it.
"""

import itertools
import logging
import threading
from typing import Any

from waitress.task import (  # type: ignore[import-untyped]
    ThreadedTaskDispatcher,
)

from fakeserver.base.loopback_guard import in_control

#: what is answered without asking anybody: the emulated clouds
_CLOUDS = ("/identity", "/compute", "/networking", "/volume", "/image")
#: what the peer asks, and a person may ask too
_PEERS = ("/sync-status", "/volume-types")
#: lane -> its part of the threads; the first asks the second and third of
#: both sites, the second asks the third of its own
SHARES = {"people": 0.5, "peer": 0.25, "clouds": 0.5, "control": 0.0}
# that a request waits for its turn is no news in a sandbox
_QUEUE = logging.getLogger(f"{__name__}.queue")
_QUEUE.setLevel(logging.ERROR)


def lane_of(method: str, path: str, query: str) -> str:
    """Return the lane in which a request waits for a thread."""
    if in_control(path):
        return "control"
    if path == "/" or path.startswith(_CLOUDS):
        return "clouds"
    if method == "PUT" and path.endswith("/metadata"):
        return "peer"
    if path.endswith(_PEERS) and "local=true" in query.lower():
        return "peer"
    if path.endswith("/sync-status") and "/protection-groups/" not in path:
        # that of many groups asks nobody
        return "peer"
    return "people"


class Pool(ThreadedTaskDispatcher):  # type: ignore[misc]
    """A task dispatcher of waitress whose threads are started when there is
    something to do: a site begins sooner, and is smaller."""

    def __init__(self) -> None:
        super().__init__()
        #: how many threads it may have
        self.most = 0
        # two requests at once need two threads, not the same one twice
        self._growing = threading.Lock()

    def set_thread_count(self, count: int) -> None:
        """Set how many threads there are at most; end those above."""
        with self._growing:
            self.most = count
            if count < self._running():
                super().set_thread_count(count)

    def add_task(self, task: Any) -> None:
        with self._growing:
            running = self._running()
            idle = running - self.active_count
            if running < self.most and len(self.queue) >= idle:
                self._grow(running)
            super().add_task(task)

    def _grow(self, running: int) -> None:
        """Start one more thread; where the system refuses it, those that run
        are enough."""
        before = set(self.threads)
        try:
            super().set_thread_count(running + 1)
        except RuntimeError:
            # waitress has counted it already
            self.threads &= before
            if not running:
                raise

    def _running(self) -> int:
        running: int = len(self.threads) - self.stop_count
        return running


class Lanes:
    """A task dispatcher of waitress with one thread pool for each lane."""

    def __init__(self, threads: int) -> None:
        self._lanes = {lane: Pool() for lane in SHARES}
        for lane in self._lanes.values():
            lane.queue_logger = _QUEUE
        self.set_thread_count(threads)

    def set_thread_count(self, threads: int) -> None:
        """Spread the threads over the lanes; each has one at least, as soon
        as it needs one."""
        for lane, share in SHARES.items():
            count = max(1, round(threads * share)) if threads else 0
            self._lanes[lane].set_thread_count(count)

    @property
    def most(self) -> int:
        """Return how many threads there are when each has something to do."""
        return sum(lane.most for lane in self._lanes.values())

    @property
    def threads(self) -> list[int]:
        """Return the threads that still run."""
        each = (lane.threads for lane in self._lanes.values())
        return list(itertools.chain.from_iterable(each))

    def add_task(self, channel: Any) -> None:
        asked = channel.requests[0]
        lane = lane_of(
            getattr(asked, "command", "GET"),
            getattr(asked, "path", "/"),
            getattr(asked, "query", ""),
        )
        self._lanes[lane].add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> None:
        self.set_thread_count(0)
        for lane in self._lanes.values():
            lane.shutdown(cancel_pending, timeout)
