"""What the arrays say of many groups is kept, and never too long."""

import dataclasses
import pathlib
import random
import types
from collections.abc import Iterator
from typing import Any, cast

import pytest

from fakeserver.base.clock import ManualClock
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.base.vault import Vault
from fakeserver.registry.array_facts import AllFacts, ArrayFacts
from fakeserver.site import Site
from fakeserver.storage.arrays import SCHEMA, Arrays
from fakeserver.store import schema
from fakeserver.store.sites import SITES
from fakeserver.store.summary import GroupSummary

A, B = "flasharray-a", "flasharray-b"
ARRAYS = {"a": A, "b": B}
GROUPS = [f"g{number}" for number in range(6)]


class Faults(NoFaults):
    """A transfer that takes long, and an array that takes another token."""

    lag = 0.0
    changed: str | None = None

    def delay(self, point: str) -> float:
        return self.lag if point == "array:transfer" else 0.0

    def token(self, array: str) -> str | None:
        return self.changed if array == B else None


class Counted(Arrays):
    """Arrays that count for how many groups they are asked."""

    asked = 0

    def latest_of(self, wanted: Any) -> dict[str, float]:
        self.asked += len(wanted)
        return super().latest_of(wanted)


@dataclasses.dataclass
class World:
    """A site, its arrays and their faults."""

    site: Site
    arrays: Counted
    clock: ManualClock
    faults: Faults
    kept: AllFacts
    groups: dict[str, GroupSummary]

    def look(self) -> dict[str, ArrayFacts]:
        found = list(self.groups.values())
        return self.kept.of(found, self.clock.time())

    def anew(self) -> dict[str, ArrayFacts]:
        found = list(self.groups.values())
        return AllFacts(self.site).of(found, self.clock.time())


def summary(site: Site, id_: str, *names: str) -> GroupSummary:
    known: dict[str, Any] = dict.fromkeys(
        field.name for field in dataclasses.fields(GroupSummary)
    )
    token = ARRAY_TOKENS[B]
    known |= {
        "id": id_,
        "primary_site_id": "a",
        "secondary_site_id": "b",
        "current_primary_site_id": "a",
        "array_names": names,
        "sealed_tokens": {"b": site.pair.encrypt(token, id_)},
    }
    return GroupSummary(**known)


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[World]:
    clock, faults = ManualClock(1_000_000.0), Faults()
    arrays = Counted(Database(tmp_path / "arrays.db", SCHEMA), clock, faults)
    for name in ("v1", "v2"):
        arrays.create_volume(A, name, 10)
        arrays.set_writing(A, name, True)
    db = Database(tmp_path / "site.db", schema.SCHEMA)
    with db.transaction() as tx:
        for id_, array in ARRAYS.items():
            record = {"id": id_, "name": f"site-{id_}", "array_name": array}
            SITES.put(tx, record)
    vault = Vault(bytes(32))
    site = cast(Site, types.SimpleNamespace(db=db, arrays=arrays, pair=vault))
    groups = {id_: summary(site, id_, "v1") for id_ in GROUPS}
    yield World(site, arrays, clock, faults, AllFacts(site), groups)
    arrays.db.close()
    db.close()


def said(found: dict[str, ArrayFacts], now: float) -> dict[str, Any]:
    return {
        id_: (
            one.group,
            one.target,
            one.link,
            one.newest,
            one.has_any,
            one.refusing,
            one.lag(now),
        )
        for id_, one in found.items()
    }


def change(world: World, dice: random.Random, group: str) -> None:
    arrays = world.arrays
    match dice.randrange(9):
        case 0 | 1:
            held = dice.choice([("v1",), ("v1", "v2"), ("gone",)])
            ways = (A, B) if dice.random() < 0.8 else (B, A)
            interval, pod = dice.choice([1, 60, 300]), dice.random() < 0.2
            arrays.replicate(group, *ways, held, interval, pod)
        case 2:
            arrays.stop_replication(group)
        case 3:
            arrays.drop_group(group)
        case 4:
            link = arrays.link(group)
            if link is not None and "v1" in link.volumes and link.source == A:
                key = f"asked-{world.clock.time()}"
                arrays.snapshot(group, key)
                arrays.transfer(group, key)
        case 5:
            world.faults.lag = dice.choice([0.0, 0.0, 400.0])
            world.faults.changed = dice.choice([None, "another"])
        case 6:
            token = dice.choice([None, "other"])
            arrays.require_token(B, token)
        case 7:
            names = dice.choice([("v1",), ("v2",), ()])
            world.groups[group] = summary(world.site, group, *names)
        case _:
            world.clock.advance(dice.choice([0.5, 1, 59, 300, 1000]))


@pytest.mark.parametrize("seed", range(8))
def test_the_same_as_asked_anew(world: World, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(60):
        change(world, dice, dice.choice(GROUPS))
        now = world.clock.time()
        assert said(world.look(), now) == said(world.anew(), now)


def test_nothing_is_asked_twice(world: World) -> None:
    """But of a group that has changed, and of a recovery point that is due,
    and all of it where the arrays have changed."""
    for id_ in GROUPS:
        world.arrays.replicate(id_, A, B, ("v1",), 300)
    counts = []

    def look() -> None:
        before = world.arrays.asked
        world.look()
        counts.append(world.arrays.asked - before)

    look()
    look()
    world.groups["g1"] = summary(world.site, "g1", "v1")
    look()
    world.clock.advance(299)
    look()
    world.clock.advance(1)
    look()
    look()
    world.arrays.stop_replication("g2")
    look()
    look()
    every = len(GROUPS)
    assert counts == [every, 0, 1, 0, every, 0, every, 0]
