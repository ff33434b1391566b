"""Thread pools for requests; those that wait for the peer have their own.

A request that starts an operation asks the clouds of both sites and the
peer's service before it is answered. With one pool of threads for all, a
hundred of them at once take every thread of both sites, and then wait for
an answer that no thread is left to give. So each kind has threads of its
own, and waits only for kinds that stand below it.
"""

import itertools
import logging
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


class Lanes:
    """A task dispatcher of waitress with one thread pool for each lane."""

    def __init__(self, threads: int) -> None:
        self._lanes = {lane: ThreadedTaskDispatcher() for lane in SHARES}
        for lane in self._lanes.values():
            lane.queue_logger = _QUEUE
        self.set_thread_count(threads)

    def set_thread_count(self, threads: int) -> None:
        """Spread the threads over the lanes; each lane has one at least."""
        for lane, share in SHARES.items():
            count = max(1, round(threads * share)) if threads else 0
            self._lanes[lane].set_thread_count(count)

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
