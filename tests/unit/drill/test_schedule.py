"""Which group a timer drills next, and when: windows, ages, and a year."""

from __future__ import annotations

import dataclasses
import datetime
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.drill.schedule import choice, room, step, window
from protectorclient.drill.schedule.choice import (
    DAY,
    Candidate,
    LeftTest,
    Situation,
)
from protectorclient.plan.execution.events import Event
from protectorclient.preflight.drift.capacity import Room

UTC = datetime.UTC
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=UTC)
ALWAYS = window.parse(None)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "zone", "moment", "is_open"),
    [
        ("22:00-05:00", None, "2026-06-01T22:00:00+00:00", True),
        ("22:00-05:00", None, "2026-06-01T04:59:00+00:00", True),
        ("22:00-05:00", None, "2026-06-01T05:00:00+00:00", False),
        ("22:00-05:00", None, "2026-06-01T21:59:00+00:00", False),
        ("09:00-17:00", None, "2026-06-01T12:00:00+00:00", True),
        # Berlin is two hours ahead in summer, one in winter
        ("22:00-05:00", "Europe/Berlin", "2026-06-01T20:00:00+00:00", True),
        ("22:00-05:00", "Europe/Berlin", "2026-12-01T20:30:00+00:00", False),
        ("22:00-05:00", "Europe/Berlin", "2026-12-01T21:00:00+00:00", True),
        # the hour that is left out on 29 March, and the one that comes twice
        ("02:00-03:00", "Europe/Berlin", "2026-03-29T00:59:00+00:00", False),
        ("02:00-03:00", "Europe/Berlin", "2026-03-29T01:00:00+00:00", False),
        ("02:00-03:00", "Europe/Berlin", "2026-10-25T00:30:00+00:00", True),
        ("02:00-03:00", "Europe/Berlin", "2026-10-25T01:30:00+00:00", True),
        ("02:00-03:00", "Europe/Berlin", "2026-10-25T02:00:00+00:00", False),
        # Friday's window goes on until Saturday morning, and no further
        ("Mon-Fri 22:00-05:00", None, "2026-06-06T04:00:00+00:00", True),
        ("Mon-Fri 22:00-05:00", None, "2026-06-06T22:30:00+00:00", False),
        ("Mon-Fri 22:00-05:00", None, "2026-06-08T04:00:00+00:00", False),
        ("Sat-Mon 08:00-09:00", None, "2026-06-07T08:30:00+00:00", True),
        ("Sat-Mon 08:00-09:00", None, "2026-06-09T08:30:00+00:00", False),
        ("Tue 1:00-2:00, Sun 3:00-4:00", None, "2026-06-07T03:30:00Z", True),
        ("00:00-24:00", "Asia/Kolkata", "2026-06-01T23:59:00+00:00", True),
    ],
)
def test_a_window(
    text: str, zone: str | None, moment: str, is_open: bool
) -> None:
    assert window.parse(text, zone).is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("22-5", None, "is not a window"),
        ("", None, "is not a window"),
        ("25:00-26:00", None, "is not a time of the day"),
        ("10:60-11:00", None, "is not a time of the day"),
        ("10:00-10:00", None, "has no length"),
        ("24:00-05:00", None, "has no length"),
        ("Fun 10:00-11:00", None, "days are"),
        ("10:00-11:00", "Europe/Nowhere", "is not a time zone"),
        ("10:00-11:00", "../etc/passwd", "is not a time zone"),
    ],
)
def test_what_is_no_window(text: str, zone: str | None, said: str) -> None:
    with pytest.raises(exceptions.UsageProblem, match=said):
        window.parse(text, zone)


def group(name: str, age: float | None, **more: Any) -> Candidate:
    last = None if age is None else NOON - datetime.timedelta(days=age)
    return Candidate(name, name, 90 * DAY, last=last, **more)


@pytest.mark.parametrize(
    ("groups", "order"),
    [
        ([group("a", 100), group("b", 120)], ["b", "a"]),
        # of those that are too old, the critical ones
        ([group("a", 120, is_critical=False), group("b", 91)], ["b", "a"]),
        # never drilled is older than anything
        ([group("a", 91), group("b", None)], ["b", "a"]),
        # what is due soon is before what has changed
        ([group("a", 5, has_changed=True), group("b", 85)], ["b", "a"]),
        ([group("a", 50), group("b", 5, has_changed=True)], ["b", "a"]),
        # early enough, that not all are due together
        ([group("a", 46), group("b", 44), group("c", 0.5)], ["a"]),
        ([group("a", 0.5, has_changed=True)], []),
        # one that was tried today is left for a day
        ([group("a", 100, tried=NOON - datetime.timedelta(hours=5))], []),
        (
            [group("a", None, tried=NOON - datetime.timedelta(days=2))],
            ["a"],
        ),
    ],
)
def test_the_order(groups: list[Candidate], order: list[str]) -> None:
    found = choice.ranked(groups, NOON)
    assert [one.name for one, _ in found] == order


def left(hours: float, run_id: str | None = "r") -> LeftTest:
    began = NOON - datetime.timedelta(hours=hours)
    return LeftTest("a", "a", "op-1", began, run_id)


@pytest.mark.parametrize(
    ("situation", "kind", "said"),
    [
        ({"obstacles": ("site-b is silent",)}, choice.Nothing, "silent"),
        ({"tests": (left(5),)}, choice.CleanUp, ""),
        ({"tests": (left(3),)}, choice.Nothing, "the test of a drill of a"),
        # somebody else's test stays, and its group is not drilled
        ({"tests": (left(99, None),)}, choice.Nothing, "no drill is due"),
        ({}, choice.Drill, ""),
        (
            {"obstacles": ("x",), "tests": (left(5),)},
            choice.Nothing,
            "x",
        ),
    ],
)
def test_a_decision(situation: dict[str, Any], kind: type, said: str) -> None:
    seen = Situation(NOON, (group("a", 100),), **situation)
    found = choice.decide(seen, ALWAYS, 4 * 3600)
    assert isinstance(found, kind)
    assert said in getattr(found, "why", "")


def test_outside_the_window_a_test_is_removed_all_the_same() -> None:
    closed = window.parse("22:00-23:00")
    seen = Situation(NOON, (group("a", 100),))
    assert isinstance(choice.decide(seen, closed, 1.0), choice.Nothing)
    seen = dataclasses.replace(seen, tests=(left(5),))
    assert isinstance(choice.decide(seen, closed, 1.0), choice.CleanUp)


@pytest.mark.parametrize(
    ("taken", "more", "allowed", "is_short"),
    [
        (0, 8, 10, False),
        (0, 9, 10, True),
        (7, 1, 10, False),
        (8, 1, 10, True),
        # what needs nothing, and what has no limit
        (10, 0, 10, False),
        (1000, 1000, -1, False),
    ],
)
def test_a_fifth_of_each_quota_stays_free(
    taken: int, more: int, allowed: int, is_short: bool
) -> None:
    found = room.short([Room("cores", more, allowed, taken)])
    assert (found is not None) is is_short


# A year


GROUPS = int(os.environ.get("DRILL_GROUPS", "40"))
DAYS = int(os.environ.get("DRILL_DAYS", "120"))
SEEDS = int(os.environ.get("DRILL_SEEDS", "1"))
QUOTA = 100
LIMIT = float(os.environ.get("DRILL_LIMIT", "30"))
MAX_DURATION = 4 * 3600.0


class Year:
    """Two sites as a timer sees them, with outages, real operations, people,
    and drills that are killed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.now = datetime.datetime(2026, 1, 1, tzinfo=UTC)
        self.last: dict[str, datetime.datetime] = {}
        self.changed: set[str] = set()
        self.tried: dict[str, datetime.datetime] = {}
        self.tests: list[LeftTest] = []
        self.silent_until = self.busy_until = self.moved_until = self.now
        self.used = 20
        self.size = {f"g{n:03}": chance.randrange(1, 6) for n in range(GROUPS)}
        self.drills = self.removed = self.killed = 0
        self.capacity = 0

    @property
    def is_free(self) -> bool:
        return self.now >= max(
            self.silent_until, self.busy_until, self.moved_until
        )

    def pass_hour(self) -> None:
        """Let an hour pass, in which anything may happen."""
        chance = self.chance
        self.now += datetime.timedelta(hours=1)
        hours = datetime.timedelta(hours=chance.randrange(1, 30))
        if chance.random() < 0.002:
            self.silent_until = self.now + hours
        if chance.random() < 0.01:
            self.busy_until = self.now + datetime.timedelta(hours=1)
        if chance.random() < 0.0005:
            self.moved_until = self.now + hours
        if chance.random() < 0.05:
            self.changed.add(chance.choice(sorted(self.size)))
        if chance.random() < 0.01:
            self.used = chance.choice((20, 40, 60))
        if chance.random() < 0.002:
            name = chance.choice(sorted(self.size))
            self.tests.append(LeftTest(name, name, "op-x", self.now, None))
        if chance.random() < 0.05:
            self.tests = [one for one in self.tests if one.run_id]

    def look(self) -> Situation:
        obstacles = []
        if self.now < self.silent_until:
            obstacles.append("a site does not answer")
        if self.now < self.busy_until:
            obstacles.append("an operation is unfinished")
        if self.now < self.moved_until:
            obstacles.append("a group is failed_over")
        return Situation(
            self.now,
            tuple(
                Candidate(
                    name,
                    name,
                    LIMIT * DAY,
                    is_critical=number % 3 > 0,
                    last=self.last.get(name),
                    has_changed=name in self.changed,
                    tried=self.tried.get(name),
                )
                for number, name in enumerate(self.size)
            ),
            tuple(self.tests),
            tuple(obstacles),
        )

    def lacks(self, one: Candidate) -> str | None:
        rooms = [Room("instances", self.size[one.name], QUOTA, self.used)]
        return room.short(rooms)

    def drill(self, one: Candidate) -> Iterator[Event]:
        # never beside anything else, and never past the quota
        assert self.is_free
        assert not any(each.run_id for each in self.tests)
        assert not any(each.group == one.name for each in self.tests)
        assert self.used + self.size[one.name] <= 0.8 * QUOTA
        self.drills += 1
        self.tried[one.name] = self.now
        if self.chance.random() < 0.03:
            self.killed += 1
            test = LeftTest(one.id, one.name, "op-d", self.now, "run")
            self.tests.append(test)
            return
        self.last[one.name] = self.now
        self.changed.discard(one.name)
        yield from ()

    def remove(self, test: LeftTest) -> Iterator[Event]:
        assert self.is_free
        assert test.run_id is not None
        self.removed += 1
        self.tests.remove(test)
        self.last[test.group] = test.began
        yield from ()

    def judge(self) -> None:
        """No test stays for long while both sites could be asked."""
        for one in self.tests:
            age = (self.now - one.began).total_seconds()
            assert one.run_id is None or age < MAX_DURATION + 60 * 3600


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_year_of_drills(seed: int) -> None:
    """None is older than its limit, but where there was no time for it."""
    year = Year(random.Random(seed))
    hours = window.parse("Mon-Fri 20:00-06:00, Sat 00:00-24:00", "UTC")
    worst = 0.0
    for _ in range(DAYS * 24):
        year.pass_hour()
        list(step.take(year, hours, MAX_DURATION))
        year.judge()
        ages = [
            (year.now - last).total_seconds() for last in year.last.values()
        ]
        worst = max((worst, *ages))
    assert set(year.last) == set(year.size)
    assert year.killed
    # the last two days of an outage may pass a limit that was met before it
    assert worst <= (LIMIT + 3) * DAY
    assert year.removed >= year.killed - 1
    assert year.drills >= GROUPS * (DAYS // LIMIT - 1)
