"""Runs of plans in this process: a runner that dies where it is told to."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime
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

    def pass_by(self) -> None:
        """Pass a point, or die there."""
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Killed


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
            self.deaths.pass_by()
            self.live.pair.advance(max(seconds, 0.01))
            self.live.pair.drain()

        def ask(wave: str, gate: object) -> bool:
            self.asked[wave] = self.asked.get(wave, 0) + 1
            return self.answer is None or self.answer(wave)

        def hook(given: Any, document: object, **named: Any) -> hooks.Result:
            self.deaths.pass_by()
            self.hooked.append(given.run[0])
            self.deaths.pass_by()
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
            self.deaths.pass_by()
            try:
                self.deaths.pass_by()
            except Killed:
                # killed in the middle of the line
                size = journal.path.stat().st_size
                add(journal, event, **fields)
                whole = journal.path.read_bytes()
                half = size + (len(whole) - size) // 2
                journal.path.write_bytes(whole[:half])
                raise
            entry = add(journal, event, **fields)
            self.deaths.pass_by()
            return entry

        def sent(action: Any) -> Any:
            self.deaths.pass_by()
            started = send(action)
            # the POST has arrived, and nobody hears the answer
            self.deaths.pass_by()
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


@dataclasses.dataclass
class Owner:
    """A runner, and the journal that it has."""

    path: pathlib.Path
    events: Iterator[Event]

    def step(self, count: int) -> bool:
        """Go on for some events; whether the run is over."""
        return any(next(self.events, None) is None for _ in range(count))


def copied(path: pathlib.Path, folder: pathlib.Path, number: int) -> Any:
    """A copy of a journal, as a colleague would make it."""
    target = folder / f"copy-{number}.jsonl"
    shutil.copyfile(path, target)
    target.chmod(0o600)
    return target


def killed_and_resumed(
    world: World,
    found: Plan,
    folder: pathlib.Path,
    chance: random.Random,
    kills: int,
) -> pathlib.Path:
    """Run a plan whose runner dies some times; half go on from a copy.

    :returns: the journal of the last runner.
    """
    path = folder / "journal.jsonl"
    begun = False
    with world.mortal():
        for number in range(kills):
            world.deaths.left = chance.randrange(1, 30)
            try:
                one = world.resume(path) if begun else world.begin(found, path)
                collections.deque(one, maxlen=0)
            except Killed:
                pass
            else:
                world.deaths.left = None
                return path
            if not path.exists() or not list(journals.read(path)):
                # it died before the first line was whole
                path.unlink(missing_ok=True)
                continue
            if chance.random() < 0.5:
                path = copied(path, folder, number)
            begun = True
        world.deaths.left = None
        collections.deque(world.resume(path), maxlen=0)
    return path
