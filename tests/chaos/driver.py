"""One seeded run: an operation, blows at moments of it, what is left.

A seed is the whole run: the same seed is the same run.
"""

import contextlib
import dataclasses
import functools
import json
import pathlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from typing import Any

from fakeserver.harness import LocalPair
from fakeserver.storage.arrays import Arrays
from fakeserver.store import groups, operations
from tests.chaos.moments import MAKING, Blow, Moments
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
    "forced-with-test": ("test",),
}
#: how often each comes first
FIRST = {
    "crash": 6,
    "crash-both": 2,
    "crash-and-forced": 2,
    "kill-peer": 2,
    "partition-short": 1,
    "partition-long": 2,
    "partition-hours": 2,
    "partition-and-forced": 2,
    "step": 2,
    "disk": 1,
    "lost-answer": 3,
    "lost-request": 1,
    "stumble": 1,
    "slow-replication": 1,
    "cinder-403": 1,
    "array-token": 1,
}
#: what may follow, in the resume or in the rollback
SECOND = ("crash", "crash", "crash-both", "step", "step", "partition-long")
#: of ten runs
WITH_SECOND = 5


@dataclasses.dataclass(frozen=True)
class Story:
    """What a seed says."""

    seed: int
    action: str
    blows: tuple[Blow, ...]
    #: the order in which dead sites come back
    order: tuple[str, str] = ("site-a", "site-b")

    @classmethod
    def of(cls, seed: int) -> "Story":
        dice = random.Random(seed)
        order = ["site-a", "site-b"]
        action = dice.choice(sorted(STORIES))
        [first] = dice.choices(list(FIRST), list(FIRST.values()))
        blows = [Blow(first, dice.random(), dice.choice(MAKING))]
        if dice.random() < WITH_SECOND / 10:
            blows.append(Blow(dice.choice(SECOND), dice.random() ** 2))
        dice.shuffle(order)
        return cls(seed, action, tuple(blows), (order[0], order[1]))

    @property
    def kinds(self) -> set[str]:
        return {blow.kind for blow in self.blows}

    @property
    def forces(self) -> bool:
        """Whether an engineer forces the other site meanwhile."""
        return any(kind.endswith("-and-forced") for kind in self.kinds)


class Beginnings:
    """Worlds on disk in which a story begins: to copy one is quicker than
    to bring it about again."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        #: what was done before, as it is in STORIES -> operations
        self._made: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._lengths: dict[str, int] = {}

    def copy(
        self, before: tuple[str, ...], directory: pathlib.Path
    ) -> list[tuple[str, str]]:
        """The world, and the operations that were accepted in it."""
        source = self._path(before)
        if before not in self._made:
            LocalPair(source, seed=1).close()
            run = Run(Story(-1, "sync", ()), source, None)
            for action in before:
                run.do(action)
            self._made[before] = run.operator.accepted
            run.pair.close()
        shutil.copytree(source, directory, dirs_exist_ok=True)
        return list(self._made[before])

    def _path(self, before: tuple[str, ...]) -> pathlib.Path:
        return self._directory / ("-".join(before) or "seeded")

    def length(self, action: str) -> int:
        """How many moments an action has when nothing goes wrong."""
        if action not in self._lengths:
            story = Story(-1, action, ())
            run = Run(story, self._directory / "counted", self)
            try:
                self._lengths[action] = run.count()
            finally:
                run.close()
        return self._lengths[action]


class Run:
    """A story told, with both sites there at the end of it."""

    def __init__(
        self,
        story: Story,
        directory: pathlib.Path,
        beginnings: Beginnings | None,
    ) -> None:
        self.story = story
        accepted: list[tuple[str, str]] = []
        if beginnings is not None:
            accepted = beginnings.copy(STORIES[story.action], directory)
        self.pair = LocalPair(directory, seed=1)
        self.moments = Moments(self.pair)
        for name in self.pair.sites:
            self.moments.watch(name)
        self.operator = Operator(self.pair, GROUP)
        self.operator.accepted += accepted
        self.log: list[str] = []
        #: unfinished operations that a forced one has overtaken
        self.overtaken: list[tuple[str, str]] = []
        #: writes of which the only copy was deleted
        self.destroyed: list[str] = []
        for site in self.pair.sites.values():
            self._guard(site.parts.arrays)

    def close(self) -> None:
        self.pair.close()
        shutil.rmtree(self.pair.directory, ignore_errors=True)

    def count(self) -> int:
        """How many moments the action has when nothing goes wrong."""
        self._before()
        self.moments.count = 0
        self.do(self.story.action)
        return self.moments.count

    def tell(self, length: int) -> None:
        self._before()
        self.moments.arm(self.story.blows, length)
        self.do(self.story.action)
        if self.story.forces:
            self._force()
        self.heal()

    def _force(self) -> None:
        """What an engineer does who sees the primary gone."""
        begun = list(self.operator.accepted)
        said = self.operator.force()
        self.log.append(f"forced: {said}")
        if len(self.operator.accepted) > len(begun):
            for name, id_ in begun:
                found = self._on_disk(name, id_)
                if not (found.finished or found.work["committed"]):
                    self.overtaken.append((name, id_))
        self.drain()

    def _on_disk(self, name: str, id_: str) -> operations.Operation:
        """Also of a site that is dead."""
        path = self.pair.site(name).config.database
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.row_factory = sqlite3.Row
            [row] = db.execute(
                "SELECT * FROM pg_operations WHERE id = ?", (id_,)
            )
            return operations.Operation(
                **{
                    field: row[field]
                    for field in ("id", "project_id", "group_id", "type")
                },
                request_id=row["request_id"],
                doc=json.loads(row["doc"]),
                work=json.loads(row["work"]),
            )

    def _before(self) -> None:
        if self.story.action in ("forced", "forced-with-test"):
            self.pair.site("a").kill()

    def do(self, action: str) -> None:
        """Start an action where it belongs, and let it run."""
        said = self.operator.start(action)
        self.log.append(f"{action}: {said}")
        self.drain()
        if action == "forced-healed":
            self.start("site-a")
            self.drain()
            self.operator.sync()

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
            self._guard(site.parts.arrays)

    def heal(self) -> None:
        """The fire is out: both sites up, the way between them open."""
        for _ in range(3):
            # a second blow may fall here
            for name in self.story.order:
                self.start(name)
                self.drain()
        self.moments.disarm()
        for _ in range(3):
            for name in self.story.order:
                self.start(name)
            self.drain()
        self.log.append(f"sync: {self.operator.sync()}")
        self.drain()

    def _guard(self, arrays: Any) -> None:
        """Notice when the only copy of a write is deleted."""
        delete = arrays.delete_volume

        @functools.wraps(Arrays.delete_volume)
        def guarded(array: str, name: str) -> None:
            precious = name in self._live() and not arrays.covered(array, name)
            delete(array, name)
            if precious:
                self.destroyed.append(f"{name} on {array}")

        arrays.delete_volume = guarded

    def _live(self) -> set[str]:
        """Array volumes that a site's metadata speaks of."""
        return set(self._array_names())

    def _array_names(self) -> Iterator[str]:
        for site in self.pair.sites.values():
            if not site.running:
                continue
            found = groups.find(site.parts.db, self.operator.id)
            for member in found.doc["members"] if found else ():
                for entry in member["sites"].values():
                    for volume in entry["volumes"]:
                        yield volume["array_name"]
