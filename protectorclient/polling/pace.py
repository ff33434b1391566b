"""How often a site is polled, and when polling stops."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from protectorclient.durations import (
    GIVE_UP_AFTER,
    SEARCH_TIMEOUT,
    SILENT_AFTER,
)


@dataclasses.dataclass(frozen=True)
class Pace:
    """How often to poll, and when to stop; all in seconds."""

    #: Between polls while things move.
    shortest: float = 1.0
    #: Between polls when nothing has moved for a while.
    longest: float = 10.0
    #: A factor.
    growth: float = 1.5
    #: The most that a ``Retry-After`` is honoured.
    longest_rest: float = 60.0
    #: Without any answer until nobody can say what runs there.
    silent_after: float = SILENT_AFTER
    #: Without any answer until the outcome is called unknown.
    give_up_after: float = GIVE_UP_AFTER
    #: For the answer to a poll that begins when the time is nearly over:
    #: the least, and the most by which a poll outlives it.
    last_answer: float = 5.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def search_pace(
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Pace:
    """Make the pace at which an operation is searched after a lost answer.

    Its `Pace.give_up_after` counts from the first lost answer.
    """
    return Pace(
        shortest=0.5,
        longest=5.0,
        growth=2.0,
        give_up_after=SEARCH_TIMEOUT,
        clock=clock,
        sleep=sleep,
    )


def check_seconds(name: str, value: object) -> None:
    """Raise where a value is not a length of time.

    :raises ValueError: it is not a number of seconds, 0 or more.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not value >= 0:  # type: ignore[operator]
        raise ValueError(
            f"{name} takes a number of seconds, 0 or more, not {value!r}"
        )
