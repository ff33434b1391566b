"""Runs of plans in this process: a runner that dies where it is told to."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime
import itertools
import pathlib
import random
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from protectorclient.pair.moves.action import PreparedAction
from protectorclient.plan.execution import begin, hooks
from protectorclient.plan.execution import fold as folding
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution import state as states
from protectorclient.plan.execution.context import Tools
from protectorclient.plan.execution.events import Event
from protectorclient.plan.execution.scripts import InlinePool
from protectorclient.plan.file.model import Plan
from protectorclient.polling import poller
from tests.helpers.library_parts import Live


class Killed(BaseException):
    """The runner is killed here; nothing of it runs any more."""


class Deaths:
    """Points at which a runner can die; the one of a number kills it."""

    def __init__(self) -> None:
        self.left: int | None = None
        #: The points that count: those of a kind alone, where one is named.
        self.kind: str | None = None
        #: Where runners have died.
        self.places: list[str] = []

    def pass_by(self, place: str) -> None:
        """Pass a point, or die there."""
        if self.left is None or self.kind not in (None, place):
            return
        self.left -= 1
        if self.left < 0:
            self.spare()
            self.places.append(place)
            raise Killed

    def spare(self) -> None:
        """Kill nobody, until a number is set again."""
        self.left = self.kind = None


class World:
    """Two sites in this process, and runners of plans over them."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.deaths = Deaths()
        #: How often each gate was answered by the person.
        self.asked: dict[str, int] = {}
        #: What the person answers at a gate; yes, where there is none.
        self.answer: Callable[[str], bool] | None = None
        #: Hooks that ran.
        self.hooked: list[str] = []

    def tools(self, **more: Any) -> Tools:
        """Everything of a runner that is outside, without waiting."""

        def sleep(seconds: float) -> None:
            self.deaths.pass_by("rest")
            self.live.pair.advance(max(seconds, 0.01))
            self.live.pair.drain()

        def ask(wave: str, gate: object) -> bool:
            self.asked[wave] = self.asked.get(wave, 0) + 1
            return self.answer is None or self.answer(wave)

        def hook(given: Any, document: object, **named: Any) -> hooks.Result:
            self.deaths.pass_by("hook")
            self.hooked.append(given.run[0])
            self.deaths.pass_by("hook")
            return hooks.Result(0, "", 0.0)

        return Tools(
            **{
                "pool": InlinePool(),
                "pace": poller.Pace(
                    longest=1.0,
                    clock=self.live.pair.clock.time,
                    sleep=sleep,
                ),
                "ask": ask,
                "run_hook": hook,
                **more,
            }
        )

    def now(self) -> datetime.datetime:
        """The time of the sites, which the journals have, too."""
        stamp = self.live.pair.clock.time()
        return datetime.datetime.fromtimestamp(stamp, datetime.UTC)

    def begin(
        self, found: Plan, path: pathlib.Path, **more: Any
    ) -> Iterator[Event]:
        """A run of a plan."""
        given = {"action": "failover", "tools": self.tools(), **more}
        return begin.begin(self.live.sites(), found, journal=path, **given)

    def resume(self, path: pathlib.Path, **more: Any) -> Iterator[Event]:
        """The same run, taken up from its journal."""
        given = {"tools": self.tools(), **more}
        return begin.resume(self.live.sites(), path, **given)

    @contextlib.contextmanager
    def mortal(self) -> Iterator[None]:
        """Give a runner places to die: each line, each POST, each rest."""
        add, send = journals.Journal.add, PreparedAction.send

        def cut(journal: Any, event: str, **fields: Any) -> Any:
            self.deaths.pass_by("line")
            try:
                self.deaths.pass_by("half a line")
            except Killed:
                # killed in the middle of the line
                size = journal.path.stat().st_size
                add(journal, event, **fields)
                whole = journal.path.read_bytes()
                half = size + (len(whole) - size) // 2
                journal.path.write_bytes(whole[:half])
                raise
            entry = add(journal, event, **fields)
            self.deaths.pass_by("line")
            return entry

        def sent(action: Any) -> Any:
            self.deaths.pass_by("request")
            started = send(action)
            # the POST has arrived, and nobody hears the answer
            self.deaths.pass_by("answer")
            return started

        with (
            mock.patch.object(journals.Journal, "add", cut),
            mock.patch.object(PreparedAction, "send", sent),
        ):
            yield


def fold(path: pathlib.Path) -> states.RunState:
    """The state of a run, from its journal."""
    return folding.read(path)


def operations(live: Live, action: str = "failover") -> dict[str, list[Any]]:
    """The operations of both sites, by the ids of their groups."""
    found: dict[str, list[Any]] = {}
    for cloud in ("site-a", "site-b"):
        for one in live.client(cloud).operations.list():
            if one.operation_type == action:
                group = one.protection_group_id or ""
                found.setdefault(group, []).append(one)
    return found


def last(events: Iterator[Event]) -> Event:
    """Let a run go to its end, and return its last event."""
    return list(events)[-1]


def copied(path: pathlib.Path, folder: pathlib.Path, number: int) -> Any:
    """A copy of a journal, as a colleague would make it."""
    target = folder / f"copy-{number}.jsonl"
    shutil.copyfile(path, target)
    target.chmod(0o600)
    return target


@dataclasses.dataclass
class Lives:
    """A run whose runner is killed again and again, and taken up again.

    Every second one goes on from a copy of the journal, every fifth one
    dies in a hook, and the owner of one of the copied journals lives on.
    """

    world: World
    plan: Plan
    folder: pathlib.Path
    chance: random.Random
    kills: int
    #: A runner dies after so many points at the most.
    longest: int

    def __post_init__(self) -> None:
        self.path = self.folder / "journal.jsonl"
        self._begun = False
        self._copied = 0
        #: The journal of the owner that lives on, and its events.
        self.owner: tuple[pathlib.Path, Iterator[Event]] | None = None

    def run(self) -> None:
        """Run the plan to its end; the last journal is `path`."""
        deaths = self.world.deaths
        with self.world.mortal():
            for number in range(self.kills):
                if number == self.kills // 2:
                    self._leave_alive()
                deaths.left = self.chance.randrange(1, self.longest)
                if number % 5 == 1:
                    deaths.kind, deaths.left = "hook", 0
                self._live()
                self._step_owner()
            deaths.spare()
            self._live()
            if self.owner is not None:
                collections.deque(self.owner[1], maxlen=0)

    def _live(self) -> None:
        """Have a runner live until it is killed, or the run is over."""
        world = self.world
        if self._begun and self.chance.random() < 0.5:
            self._copy()
        try:
            if self._begun:
                events = world.resume(self.path)
            else:
                events = world.begin(self.plan, self.path)
            collections.deque(events, maxlen=0)
        except Killed:
            pass
        if not self._begun:
            self._begun = self.path.exists() and any(journals.read(self.path))
            if not self._begun:
                # it died before the first line was whole
                self.path.unlink(missing_ok=True)

    def _copy(self) -> None:
        self._copied += 1
        self.path = copied(self.path, self.folder, self._copied)

    def _leave_alive(self) -> None:
        """Copy the journal of a runner that lives, and leave it alive."""
        self.world.deaths.spare()
        self.owner = self.path, self.world.resume(self.path)
        self._step_owner()
        self._copy()

    def _step_owner(self) -> None:
        """Let the first owner of a copy do something, too."""
        self.world.deaths.spare()
        if self.owner is not None:
            count = self.chance.randrange(1, 6)
            collections.deque(itertools.islice(self.owner[1], count), maxlen=0)
