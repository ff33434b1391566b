"""One lock a group, so that two requests for one group take turns."""

import contextlib
import threading
from collections.abc import Iterator

from fakeserver.errors import Refused


class GroupLocks:
    """Locks by group id; they are few and live as long as the process."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def hold(self, group_id: str, patience: float = 30.0) -> Iterator[None]:
        """Hold the group's lock. Two sites that push to each other at the
        same moment would wait for each other for ever: so a wait ends, and
        the request is refused."""
        with self._guard:
            lock = self._locks.setdefault(group_id, threading.RLock())
        if not lock.acquire(timeout=patience):
            raise Refused(
                "operation-in-progress",
                "The protection group is being changed; try again shortly",
            )
        try:
            yield
        finally:
            lock.release()
