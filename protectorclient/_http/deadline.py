"""How long a request may take, said by whoever waits for it.

A timeout of requests is between two bytes. What a caller has is a moment
by which it wants to go on; it is kept here for the thread (the context)
that runs, and everything below that reads from a socket looks at it.
"""

from __future__ import annotations

import contextlib
import contextvars
import time
from collections.abc import Iterator

_END: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "protectorclient_deadline", default=None
)


def clock() -> float:
    """The seconds that deadlines are counted in."""
    return time.monotonic()


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give all requests of the block so many seconds together.

    A deadline that ends sooner stays in force.
    """
    end, outer = clock() + seconds, _END.get()
    token = _END.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _END.reset(token)


def end_of(seconds: float) -> float:
    """The moment that ends a request which may take so many seconds."""
    end, outer = clock() + seconds, _END.get()
    return end if outer is None else min(end, outer)


def cut(seconds: float) -> float:
    """The part of a timeout that the deadline leaves; never nothing."""
    outer = _END.get()
    if outer is None:
        return seconds
    return max(0.001, min(seconds, outer - clock()))
