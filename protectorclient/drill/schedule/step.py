"""One step of a timer: nothing, a clean-up, or one drill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from protectorclient.drill.schedule import choice
from protectorclient.drill.schedule.choice import (
    Candidate,
    LeftTest,
    Situation,
)
from protectorclient.drill.schedule.window import Window
from protectorclient.plan.execution import events


class Idle(events.Event):
    """Nothing is done: `why`."""

    name = "idle"


class Choice(events.Event):
    """A group is drilled, or its test is removed: `group`, `why`."""

    name = "chosen"


class JournalOpened(events.Event):
    """The journal of what follows: `path`."""

    name = "journal"


class Sites(Protocol):
    """What a step asks of both sites, and does there."""

    def look(self) -> Situation:
        """Return what is known of both sites."""

    def lacks(self, one: Candidate) -> str | None:
        """Say what there is too little of for a drill of a group."""

    def drill(self, one: Candidate) -> Iterator[events.Event]:
        """Drill a group, and remove the test."""

    def remove(self, test: LeftTest) -> Iterator[events.Event]:
        """Remove the test of a drill that was cut."""


def take(
    sites: Sites, window: Window, max_duration: float
) -> Iterator[events.Event]:
    """Take one step, and yield what happens."""
    situation = sites.look()
    at = situation.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    decision = choice.decide(situation, window, max_duration)
    if isinstance(decision, choice.CleanUp):
        test = decision.test
        why = f"the test of a drill that was cut is removed: {test.run_id}"
        yield Choice(at, {"group": test.group, "why": why})
        yield from sites.remove(test)
        return
    if isinstance(decision, choice.Nothing):
        yield Idle(at, {"why": decision.why})
        return
    lacking: list[str] = []
    for one, why in decision.order:
        short = sites.lacks(one)
        if short is None:
            yield Choice(at, {"group": one.name, "why": why})
            yield from sites.drill(one)
            return
        lacking.append(f"{one.name}: {short}")
    yield Idle(at, {"why": f"there is no room for a drill: {lacking[0]}"})
