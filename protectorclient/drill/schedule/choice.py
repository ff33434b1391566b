"""Decide what a timer does now: nothing, remove a test, or drill a group.

All of it is decided here, from what is known of both sites; nothing is
asked.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from protectorclient.drill.schedule.window import Window
from protectorclient.durations import span

DAY = 86400.0
#: A drill of a group that has failed before it built anything is tried again
#: after so many seconds.
RETRY = DAY
#: Parts of its limit at which the drill of a group is due soon, and at which
#: it may be made already, so that not all are due together.
SOON, EARLY = 0.9, 0.5


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A group of the plan that may be drilled."""

    id: str
    name: str
    #: A drill must not be older, in seconds.
    every: float
    is_critical: bool = True
    #: When its last drill has completed.
    last: datetime.datetime | None = None
    #: Whether its metadata have changed since.
    has_changed: bool = False
    #: When a drill of it was begun here last, whatever came of it.
    tried: datetime.datetime | None = None

    def age(self, now: datetime.datetime) -> float | None:
        """Return the age of its last drill, in seconds."""
        if self.last is None:
            return None
        return max(0.0, (now - self.last).total_seconds())


@dataclasses.dataclass(frozen=True)
class LeftTest:
    """A test that is not cleaned up."""

    group_id: str
    group: str
    operation_id: str
    began: datetime.datetime
    #: The run of the drill that has made it; None for somebody else's.
    run_id: str | None


@dataclasses.dataclass(frozen=True)
class Situation:
    """What is known of both sites."""

    now: datetime.datetime
    candidates: tuple[Candidate, ...]
    tests: tuple[LeftTest, ...] = ()
    #: Sentences: each is a reason to do nothing.
    obstacles: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Nothing:
    """Nothing is to be done, and why."""

    why: str


@dataclasses.dataclass(frozen=True)
class CleanUp:
    """A test of a drill is to be removed."""

    test: LeftTest


@dataclasses.dataclass(frozen=True)
class Drill:
    """One of these is to be drilled: the first one that there is room for."""

    order: tuple[tuple[Candidate, str], ...]


Decision = Nothing | CleanUp | Drill


def decide(
    situation: Situation, window: Window, max_duration: float
) -> Decision:
    """Decide what to do now.

    :param max_duration: a test of a drill is removed when it is older, in
        seconds.
    """
    if situation.obstacles:
        return Nothing(situation.obstacles[0])
    own = [one for one in situation.tests if one.run_id is not None]
    old = [
        one
        for one in own
        if (situation.now - one.began).total_seconds() > max_duration
    ]
    if old:
        return CleanUp(min(old, key=lambda one: one.began))
    if own:
        return Nothing(
            f"the test of a drill of {own[0].group} is there,"
            f" {own[0].operation_id}"
        )
    if not window.is_open(situation.now):
        return Nothing(f"drills may begin in the window {window}")
    foreign = {one.group_id for one in situation.tests}
    order = ranked(
        [one for one in situation.candidates if one.id not in foreign],
        situation.now,
    )
    if not order:
        return Nothing("no drill is due")
    return Drill(tuple(order))


def ranked(
    candidates: Sequence[Candidate], now: datetime.datetime
) -> list[tuple[Candidate, str]]:
    """Return the groups that a drill is due for, the most urgent first, each
    with why."""
    found = []
    for one in candidates:
        tried = one.tried
        if tried is not None and (now - tried).total_seconds() < RETRY:
            continue
        place = _place(one, now)
        if place is not None:
            key, why = place
            found.append((key, one, why))
    found.sort(key=lambda each: (*each[0], each[1].name, each[1].id))
    return [(one, why) for _, one, why in found]


def _place(
    one: Candidate, now: datetime.datetime
) -> tuple[tuple[int, bool, float], str] | None:
    """Return the place of a group in the order, and why; None where no drill
    is due."""
    age = one.age(now)
    if age is None:
        oldest = float("-inf")
        return (0, not one.is_critical, oldest), "it was never drilled"
    part = age / one.every
    text = f"its last drill is {span(age)} old"
    if part >= 1:
        return (0, not one.is_critical, -part), f"{text}: too old"
    if part >= SOON:
        # whose limit is next comes first
        return (1, False, one.every - age), text
    if one.has_changed and age >= DAY:
        why = f"it has changed since its last drill, {span(age)} ago"
        return (2, not one.is_critical, -part), why
    if part >= EARLY:
        return (3, not one.is_critical, -part), text
    return None
