"""Let the interpreter look for garbage seldom, while many objects are made
that stay."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

#: How many new objects, and collections of younger ones, come before a
#: collection of each age. The answers about 500 groups are 30,000 objects:
#: with the interpreter's own 700, 10 and 10 a fifth of the time goes into
#: looking through them.
SELDOM = (50_000, 20, 20)

_lock = threading.Lock()
_users = 0
_before: tuple[int, int, int] | None = None


@contextlib.contextmanager
def seldom() -> Iterator[None]:
    """Collect garbage seldom until the end, in all threads.

    What the caller has set to be more seldom, or has switched off, stays.
    """
    global _users, _before
    with _lock:
        _users += 1
        usual = gc.get_threshold()
        if _users == 1 and 0 < usual[0] < SELDOM[0]:
            _before = usual
            gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _before is not None:
                if gc.get_threshold() == SELDOM:
                    gc.set_threshold(*_before)
                _before = None
