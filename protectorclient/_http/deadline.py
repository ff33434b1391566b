"""Set a deadline for all requests that the current thread makes.

A timeout of requests counts between two bytes. A caller needs one for all
its requests together. It is kept in a context variable, and whatever reads
from a socket below observes it.
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
    """Return the clock by which deadlines are kept, in seconds."""
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
    """Return when a request must end that may take so many seconds."""
    end, outer = clock() + seconds, _END.get()
    return end if outer is None else min(end, outer)


def cut(seconds: float) -> float:
    """Shorten a timeout to the time that the deadline leaves; never to 0."""
    outer = _END.get()
    if outer is None:
        return seconds
    return max(0.001, min(seconds, outer - clock()))
