"""What a figure is: our cost, a peer's, the goal of their ratio."""

import dataclasses
import enum
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness.stage import Stage

#: Does the work once; returns what it cost, in the unit of the figure.
Work = Callable[[], float]


class Better(enum.Enum):
    LESS = "≤"
    MORE = "≥"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure that `prepare` makes ready on a stage.

    With a `peer`, `prepare` returns our work and the peer's, and the figure
    is the median of the ratios of alternating pairs: of their costs, so that
    less is faster, or of their rates. Without one it returns our work alone,
    and the figure is the median of what it counts: modules, requests, MiB.

    `most` bounds the times where what is counted repeats exactly. Work that
    begins from the same files each time needs no `warm_up`. Both sides of a
    pair do their work in `turns`, since a burst of something else on the
    machine is longer than a short work; their costs are the means.
    """

    name: str
    what: str
    goal: float
    prepare: "Callable[[Stage], tuple[Work, Work] | Work]"
    peer: str = ""
    better: Better = Better.LESS
    unit: str = ""
    pairs: int = 7
    turns: int = 1
    most: int = 0
    warm_up: bool = True

    def meets(self, value: float) -> bool:
        if self.better is Better.LESS:
            return value <= self.goal
        return value >= self.goal
