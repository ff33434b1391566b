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
