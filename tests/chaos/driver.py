"""One seeded run: an operation, a blow at some moment of it, what is left.

The moments are every place where a site writes to its database and every
point that its engine passes. A run counts them; at the chosen one the blow
falls. A seed is the whole run: the same seed is the same run.
"""

import dataclasses
import pathlib
import random
import shutil
import sqlite3
from typing import Any

from fakeserver.faultplan import Crashed
from fakeserver.faults import StepFault
from fakeserver.harness import LocalPair
from tests.chaos.people import Operator

GROUP = "prod-web-app"

#: what is done, and what was done before it
STORIES: dict[str, tuple[str, ...]] = {
    "failover": (),
    "failback": ("failover",),
    "failback-reversed": ("failover",),
    "failover-again": ("failover", "failback"),
    "test": (),
    "test-stopped": (),
    "cleanup": ("test",),
    "cleanup-stopped": ("test-stopped",),
    "sync": (),
    "forced": (),
    "forced-back": ("forced-healed",),
}
BLOWS = (
    "crash",
    "crash",
    "crash",
    "kill-peer",
    "partition-short",
    "partition-long",
    "partition-hours",
    "step",
    "disk",
    "crash-and-forced",
    "partition-and-forced",
)


@dataclasses.dataclass(frozen=True)
class Story:
    """What a seed says."""

    seed: int
    action: str
    blow: str
    #: where in the operation it falls, from 0 to 1
    moment: float
    #: the order in which dead sites come back
    order: tuple[str, str]

    @classmethod
    def of(cls, seed: int) -> "Story":
        dice = random.Random(seed)
        order = ["site-a", "site-b"]
        action = dice.choice(sorted(STORIES))
        blow = dice.choice(BLOWS)
        moment = dice.random()
        dice.shuffle(order)
        return cls(seed, action, blow, moment, (order[0], order[1]))


class Moments:
    """Counts what the sites do, and strikes at one of the counts."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair
        self.count = 0
        self.strike_at: int | None = None
        self.blow = ""
        self.struck: str | None = None
        self.until = 0.0
        self.broken = 0

    def watch(self, name: str) -> None:
        """Look over the shoulder of a site that has just started."""
        plan: Any = self.pair.site(name).parts.faults
        at, database, cuts = plan.at, plan.database, plan.cuts

        def watched_at(point: str) -> None:
            self._pass(name, plan, point)
            at(point)

        def watched_database() -> None:
            self._pass(name, plan, "write")
            database()

        def watched_cuts(target: str) -> bool:
            parted = target != name and self.parted()
            return bool(cuts(target)) or parted

        plan.at, plan.database = watched_at, watched_database
        plan.cuts = watched_cuts

    def parted(self) -> bool:
        return self.pair.clock.time() < self.until

    def _pass(self, name: str, plan: Any, point: str) -> None:
        plan.alive()
        self.count += 1
        if self.broken and point == "write":
            self.broken -= 1
            raise sqlite3.OperationalError("database or disk is full")
        if self.count != self.strike_at:
            return
        self.strike_at = None
        self.struck = f"{name} {point}"
        self._strike(name, plan, point)

    def _strike(self, name: str, plan: Any, point: str) -> None:
        blow = self.blow
        if blow.startswith("crash"):
            plan.dead = True
            plan._crash()
            raise Crashed(f"{name} at {point}")
        if blow == "kill-peer":
            other = "site-b" if name == "site-a" else "site-a"
            peer = self.pair.site(other)
            if peer.running:
                silent: Any = peer.parts.faults
                silent.dead = True
                silent._crash()
        elif blow.startswith("partition"):
            spans = {"short": 10.0, "long": 60.0, "hours": 7200.0}
            span = spans.get(blow.rpartition("-")[2], 7200.0)
            self.until = self.pair.clock.time() + span
        elif blow == "step" and point != "write":
            if point.startswith(("before:", "inside:", "after:")):
                raise StepFault("told to fail")
        elif blow == "disk":
            self.broken = 3


class Run:
    """A story told, with both sites there at the end of it."""

    def __init__(
        self, story: Story, directory: pathlib.Path, template: pathlib.Path
    ) -> None:
        shutil.copytree(template, directory, dirs_exist_ok=True)
        self.story = story
        self.pair = LocalPair(directory, seed=1)
        self.moments = Moments(self.pair)
        for name in self.pair.sites:
            self.moments.watch(name)
        self.operator = Operator(self.pair, GROUP)
        self.log: list[str] = []

    def close(self) -> None:
        self.pair.close()

    def tell(self, length: int | None) -> None:
        """Everything; ``length`` is how many moments the action has, or
        None to count them without a blow."""
        story = self.story
        for earlier in STORIES[story.action]:
            self.do(earlier)
        if story.action in ("forced", "forced-back"):
            self._lose("site-a", story.action)
        self.moments.count = 0
        if length is not None:
            self.moments.blow = story.blow
            self.moments.strike_at = 1 + int(story.moment * length)
        self.do(story.action)
        self.moments.strike_at = None
        if story.blow.endswith("forced") and length is not None:
            self._force_meanwhile()
        self.heal()

    def _lose(self, name: str, action: str) -> None:
        if action == "forced":
            self.pair.site(name).kill()

    def do(self, action: str) -> None:
        """Start an action where it belongs, and let it run."""
        said = self.operator.start(action)
        self.log.append(f"{action}: {said}")
        self.drain()
        if action == "forced-healed":
            self.start("site-a")
            self.drain()
            self.operator.sync()

    def _force_meanwhile(self) -> None:
        """What an engineer does who sees the primary gone."""
        self.log.append(f"forced: {self.operator.force()}")
        self.drain()

    def drain(self) -> None:
        for _ in range(3):
            for site in self.pair.sites.values():
                if site.running:
                    site.drain()

    def start(self, name: str) -> None:
        site = self.pair.site(name)
        if not site.running:
            site.start()
            self.moments.watch(name)

    def heal(self) -> None:
        """The fire is out: both sites up, the way between them open."""
        for name in self.story.order:
            self.start(name)
            self.drain()
        self.moments.until = 0.0
        self.moments.broken = 0
        for _ in range(4):
            self.drain()
            for name in self.story.order:
                self.start(name)
        self.log.append(f"sync: {self.operator.sync()}")
        self.drain()
