"""How often a followed operation is asked for, and when to stop."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Pace:
    """How often to ask, and when to stop."""

    #: Seconds between polls while things move.
    shortest: float = 1.0
    #: Seconds between polls when nothing has moved for a while.
    longest: float = 10.0
    growth: float = 1.5
    #: The most that a ``Retry-After`` is honoured.
    longest_rest: float = 60.0
    #: Seconds without any answer until it is called unknown.
    give_up_after: float = 300.0
    #: Seconds for the answer to a poll that begins when the time is nearly
    #: over: the least, and the most by which a poll outlives it.
    last_answer: float = 5.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def check_seconds(name: str, value: object) -> None:
    """Refuse what is no length of time before it is waited for.

    :raises ValueError: it is not a number of seconds, 0 or more.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not value >= 0:  # type: ignore[operator]
        raise ValueError(
            f"{name} takes a number of seconds, 0 or more, not {value!r}"
        )
