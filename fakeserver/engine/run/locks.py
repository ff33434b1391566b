"""One lock for each group."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from fakeserver.base.errors import RequestRefused


class _Lock:
    """The lock of a group, with the number of its holders and waiters."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        self.users = 0


class GroupLocks:
    """Locks by group id. A lock exists while it is in use: the id may be any
    that a request names."""

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = {}
        self._guard = threading.Lock()

    def in_use(self, group_id: str) -> bool:
        """Return whether anybody holds the group's lock, or waits for it."""
        with self._guard:
            return group_id in self._locks

    @contextlib.contextmanager
    def hold(
        self,
        group_id: str,
        timeout: float = 30.0,
        before: Callable[[], None] | None = None,
    ) -> Iterator[None]:
        """Hold the group's lock. Two sites that push to each other at the
        same moment would wait for each other for ever: so a wait ends, and
        the request is refused.

        :param before: called where somebody else has the lock; what it
            raises is not waited for.
        """
        with self._guard:
            lock = self._locks.setdefault(group_id, _Lock())
            lock.users += 1
        try:
            taken = lock.turn.acquire(blocking=False)
            if not taken:
                if before is not None:
                    before()
                taken = lock.turn.acquire(timeout=timeout)
            if not taken:
                raise RequestRefused(
                    "operation-in-progress",
                    "The protection group is being changed; try again shortly",
                )
            try:
                yield
            finally:
                lock.turn.release()
        finally:
            with self._guard:
                lock.users -= 1
                if not lock.users:
                    del self._locks[group_id]
