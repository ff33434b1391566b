"""One seeded run: an operation, blows at moments of it, what is left.

A seed is the whole run: the same seed is the same run.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from typing import Any

from fakeserver.base.seed_world import ARRAY_TOKENS, SITES
from fakeserver.engine.model.document import TOKENS
from fakeserver.engine.model.operation_record import OperationRecord
from fakeserver.engine.model.operation_state import OperationState
from fakeserver.local.pair import LocalPair
from fakeserver.sandbox.folder import BOTH
from fakeserver.store import operations
from tests.chaos import attributes, deaf, ledger
from tests.chaos.changes import ACTS, Changes
from tests.chaos.moments import MAKING, Blow, Moments
from tests.chaos.obstacles import Obstacle, Placed
from tests.chaos.people import Asked, Operator

GROUP, OTHER = "prod-web-app", "prod-db"

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
    "drill": (),
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
#: so many seeds, from the first on, tell of everything at least once
SAMPLE = 81
#: of ten runs
WITH_SECOND = 5
WITH_CHANGES = 5
WITH_OTHER = 4
#: the site whose Cinder driver renames what it manages
RENAMES = ("", *SITES, BOTH)
#: seconds since the last recovery point, at most
REST = 2000.0
#: turns of its keeper after which a site has done all that is due: a push
#: that was refused is tried again in one of ten
TURNS = 12


@dataclasses.dataclass(frozen=True)
class Meanwhile:
    """What other people do to the group: at once, or while it works."""

    act: str
    #: where in the operation; before it when it is None
    moment: float | None


@dataclasses.dataclass(frozen=True)
class Story:
    """What a seed says."""

    seed: int
    action: str
    blows: tuple[Blow, ...]
    #: the order in which dead sites come back
    order: tuple[str, str] = ("site-a", "site-b")
    meanwhile: tuple[Meanwhile, ...] = ()
    #: what the other group does, and where in this one's operation
    other: Meanwhile | None = None
    #: seconds that pass before anybody does anything
    rest: float = 0.0
    #: where Cinder's driver renames what it manages and unmanages
    renames: str = ""
    #: where no array hears that a server was stopped
    deaf: str = ""
    #: what one of the members has beside flavor, network and volumes
    attributes: str = ""
    #: what people did to a member, or to its address, before
    obstacle: Obstacle | None = None

    @classmethod
    def of(cls, seed: int) -> "Story":
        dice = random.Random(seed)
        order = ["site-a", "site-b"]
        # so many seeds in a row have each of them equally often
        action = sorted(STORIES)[seed % len(STORIES)]
        [first] = dice.choices(list(FIRST), list(FIRST.values()))
        blows = [Blow(first, dice.random(), dice.choice(MAKING))]
        if dice.random() < WITH_SECOND / 10:
            blows.append(Blow(dice.choice(SECOND), dice.random() ** 2))
        dice.shuffle(order)
        return cls(
            seed,
            action,
            tuple(blows),
            (order[0], order[1]),
            cls._meanwhile(dice),
            cls._other(dice),
            dice.uniform(0.0, REST),
            random.Random(f"renames/{seed}").choice(RENAMES),
            deaf.drawn(seed),
            random.Random(f"attributes/{seed}").choice(attributes.KINDS),
            Obstacle.of(seed),
        )

    @staticmethod
    def _meanwhile(dice: random.Random) -> tuple[Meanwhile, ...]:
        if dice.random() >= WITH_CHANGES / 10:
            return ()
        return tuple(
            Meanwhile(dice.choice(ACTS), dice.choice((None, dice.random())))
            for _ in range(dice.choice((1, 1, 2)))
        )

    @staticmethod
    def _other(dice: random.Random) -> Meanwhile | None:
        if dice.random() >= WITH_OTHER / 10:
            return None
        action = dice.choice(("failover", "test", "sync"))
        return Meanwhile(action, dice.random())

    @property
    def kinds(self) -> set[str]:
        return {blow.kind for blow in self.blows}

    def is_deaf(self, site: str) -> bool:
        """Whether the array at a site hears of no stopped server."""
        return self.deaf in (site, BOTH)

    @property
    def forces(self) -> bool:
        """Whether an engineer forces the other site meanwhile."""
        return any(kind.endswith("-and-forced") for kind in self.kinds)


class Beginnings:
    """Worlds on disk in which a story begins: to copy one is quicker than
    to bring it about again. Several processes may share them."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        directory.mkdir(exist_ok=True)
        self._lengths: dict[str, int] = {}

    def copy(self, story: Story, directory: pathlib.Path) -> dict[str, Any]:
        """The world; what was asked for in it, and what time it is."""
        before = STORIES[story.action]
        name = "-".join(before) or "seeded"
        if story.renames:
            name += f"-renames-{story.renames}"
        if story.attributes:
            name += f"-attributes-{story.attributes}"
        source = self._directory / name
        found = self._directory / f"{name}.json"
        with self._alone():
            if not found.exists():
                found.write_text(json.dumps(self._make(story, before, source)))
        shutil.copytree(source, directory, dirs_exist_ok=True)
        told: dict[str, Any] = json.loads(found.read_text())
        return told

    def _make(
        self, story: Story, before: tuple[str, ...], source: pathlib.Path
    ) -> dict[str, Any]:
        renames = story.renames
        with LocalPair(source, seed=1, rename_on_manage=renames) as pair:
            ledger.begin(pair)
        run = Run(Story(-1, "sync", (), renames=renames), source, None)
        given = {}
        if story.attributes:
            given = attributes.give(run.operator, story.attributes)
            run.do("sync")
        for action in before:
            run.pair.advance(REST)
            run.do(action)
        told = {
            "accepted": run.operator.accepted,
            "asked": [dataclasses.asdict(one) for one in run.operator.asked],
            "forced": run.operator.forced,
            "named_winner": run.operator.named_winner,
            "time": run.pair.clock.time(),
            "given": given,
        }
        run.pair.close()
        return told

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        path = self._directory / "lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def length(self, action: str) -> int:
        """How many moments an action has when nothing goes wrong."""
        found = self._directory / f"{action}.length"
        if action not in self._lengths and found.exists():
            self._lengths[action] = int(found.read_text())
        if action not in self._lengths:
            story = Story(-1, action, ())
            counted = self._directory / f"counted-{os.getpid()}"
            run = Run(story, counted, self)
            try:
                self._lengths[action] = run.count()
            finally:
                run.close()
            # every process counts the same
            made = found.with_suffix(f".{os.getpid()}")
            made.write_text(str(self._lengths[action]))
            os.replace(made, found)
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
        told: dict[str, Any] = {}
        if beginnings is not None:
            told = beginnings.copy(story, directory)
        self.pair = LocalPair(
            directory, seed=1, rename_on_manage=story.renames
        )
        # it must not be earlier than what has happened already
        late = told.get("time", 0.0) - self.pair.clock.time()
        self.pair.advance(max(late, 0.0))
        self.moments = Moments(self.pair)
        for name in self.pair.sites:
            self.moments.watch(name)
        dice = random.Random(f"people/{story.seed}/{story.action}")
        self.operator = Operator(self.pair, GROUP, dice)
        self.operator.accepted += [(s, o) for s, o in told.get("accepted", ())]
        self.operator.asked += [Asked(**one) for one in told.get("asked", ())]
        self.operator.forced = told.get("forced", False)
        self.operator.named_winner = told.get("named_winner", False)
        self.other = Operator(self.pair, OTHER, dice)
        self.operators = (self.operator, self.other)
        self.changes = {
            one.id: Changes(one) for one in (self.operator, self.other)
        }
        #: what one of the members has, beside the rest
        self.given: dict[str, Any] = told.get("given", {})
        if self.given:
            self.changes[self.operator.id].came_anew(attributes.MEMBER)
        self.placed: Placed | None = None
        #: group -> what its policy's tokens were at first
        self.tokens = {
            one.id: dict(zip(TOKENS, ARRAY_TOKENS.values(), strict=True))
            for one in self.operators
        }
        self.log: list[str] = []
        #: unfinished operations that a forced one has overtaken
        self.overtaken: list[tuple[str, str]] = []
        self._patches = contextlib.ExitStack()

    def close(self) -> None:
        self._patches.close()
        self.pair.close()
        shutil.rmtree(self.pair.directory, ignore_errors=True)

    def count(self) -> int:
        """How many moments the action has when nothing goes wrong."""
        self._before()
        self.moments.count = 0
        self.do(self.story.action)
        return self.moments.count

    def tell(self, length: int) -> None:
        # not while others count the moments of a world that hears
        self._patches.enter_context(deaf.arrays(self.story.deaf))
        self._before()
        self.pair.advance(self.story.rest)
        self._place()
        self.moments.arm(self.story.blows, length)
        self._interludes(length)
        for one in self.story.meanwhile:
            if one.moment is None:
                self._change(one.act)
        self.do(self.story.action)
        if self.story.forces:
            self._force()
        self.heal()

    def _place(self) -> None:
        """What people did to the members, or to the target, before."""
        primary = self.operator.primary()
        if self.story.obstacle is None or primary is None:
            return
        self.placed = Placed(self.operator, self.story.obstacle)
        self.log.append(self.placed.place(primary))
        if self.placed.power_on:
            self.operator.power_on = self.placed.member

    def _interludes(self, length: int) -> None:
        """What happens at some moment of the operation."""
        for one in self.story.meanwhile:
            if one.moment is not None:
                self.moments.interlude(
                    int(one.moment * length),
                    self.operator.id,
                    lambda act=one.act: self._change(act),
                )
        other = self.story.other
        if other is not None and other.moment is not None:
            self.moments.interlude(
                int(other.moment * length),
                self.other.id,
                lambda: self._start(self.other, other.act),
            )

    def _change(self, act: str) -> None:
        primary = self.operator.primary()
        if primary is None:
            return
        site = self.pair.site(primary)
        busy = site.running and bool(
            operations.unfinished(site.parts.db, self.operator.id)
        )
        said = self.changes[self.operator.id].make(act, busy)
        self.log.append(f"changed {said}")

    def _start(self, operator: Operator, action: str) -> None:
        said = operator.start(action)
        self.log.append(f"{operator.name} {action}: {said}")

    def _force(self) -> None:
        """What an engineer does who sees the primary gone."""
        begun = list(self.operator.accepted)
        said = self.operator.force()
        self.log.append(f"forced: {said}")
        if len(self.operator.accepted) > len(begun):
            for name, id_ in begun:
                found = self._on_disk(name, id_)
                if not (found.finished or found.state.committed):
                    self.overtaken.append((name, id_))
        self.drain()

    def _on_disk(self, name: str, id_: str) -> operations.Operation:
        """Also of a site that is dead."""
        path = self.pair.site(name).config.database
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.row_factory = sqlite3.Row
            [row] = db.execute(
                "SELECT * FROM pg_operations JOIN pg_records USING (seq) "
                "WHERE id = ?",
                (id_,),
            )
            return operations.Operation(
                **{
                    field: row[field]
                    for field in ("id", "project_id", "group_id", "type")
                },
                request_id=row["request_id"],
                record=OperationRecord.from_json(json.loads(row["doc"])),
                state=OperationState.from_json(json.loads(row["work"])),
            )

    def _before(self) -> None:
        if self.story.action in ("forced", "forced-with-test"):
            self.pair.site("a").kill()

    def do(self, action: str) -> None:
        """Start an action where it belongs, and let it run."""
        if action == "drill":
            self.do("test")
            action = "cleanup"
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
        self.agree()
        self.clear()

    def clear(self) -> None:
        """People take away what they have put in the way, and clean up
        after a drill that was cut short; of clean-ups that failed, some stay
        as they are."""
        if self.placed is not None:
            self.placed.clear()
        action, again = self.story.action, self.story.seed % 2
        if action == "drill" or (action.startswith("cleanup") and again):
            self.do("cleanup")

    def agree(self) -> None:
        """Both hold the same: by themselves, or as people say after a
        forced failover."""
        for _ in range(TURNS):
            if self._same():
                break
            self.drain()
        if self.operator.forced:
            self.log.append(f"sync: {self.operator.sync()}")
            self.drain()
        self.operator.send_again()
        self.drain()

    def _same(self) -> bool:
        held = [
            [
                tuple(row)
                for row in site.parts.db.all(
                    "SELECT doc, member FROM pg_groups LEFT JOIN pg_members "
                    "ON group_id = pg_groups.id ORDER BY pg_groups.id, seq"
                )
            ]
            for site in self.pair.sites.values()
        ]
        return held[0] == held[1]
