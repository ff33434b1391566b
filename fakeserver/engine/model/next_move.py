"""Decide what comes next in an operation, without clock, database or HTTP.

The executor asks, does what it is told, writes down the outcome and asks
again. After a crash it asks with what is on disk and gets the same answer.
"""

import dataclasses

from fakeserver.engine.model.plans import Step


@dataclasses.dataclass(frozen=True)
class Announce:
    """Push to the peer that the operation has begun."""


@dataclasses.dataclass(frozen=True)
class RunStep:
    """Run a step, or run it again where it was interrupted."""

    step: Step
    #: progress when the step begins
    start: int
    #: the state is written when it ends; there is no way back from it
    last: bool


@dataclasses.dataclass(frozen=True)
class Commit:
    """Push the state that is written, clean the source, complete the
    operation."""

    step: Step


@dataclasses.dataclass(frozen=True)
class RollBack:
    """Undo every effect, the newest first."""


@dataclasses.dataclass(frozen=True)
class End:
    """Nothing more to do: the operation is completed or failed."""


Move = Announce | RunStep | Commit | RollBack | End


@dataclasses.dataclass(frozen=True)
class Progress:
    """What is on disk of an operation, as far as the next move depends on
    it."""

    status: str
    announced: bool
    #: the group's new state is written
    committed: bool
    done: tuple[str, ...]


def next_move(plan: tuple[Step, ...], at: Progress) -> Move:
    """Return the one thing to do now."""
    if at.status in ("completed", "failed"):
        return End()
    if at.status == "rolling_back":
        return RollBack()
    if not at.announced:
        return Announce()
    if at.committed:
        return Commit(plan[-1])
    start = 0
    for step in plan:
        if step.name not in at.done:
            return RunStep(step, start, last=step is plan[-1])
        start = step.end
    return Commit(plan[-1])


def within(move: RunStep, fraction: float, before: int) -> int:
    """Return the progress a part of the way through a step; it never goes
    down."""
    span = move.step.end - move.start
    reached = move.start + int(span * max(0.0, min(1.0, fraction)))
    return max(before, reached)
