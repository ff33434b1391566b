"""Many groups asked about at once say what each of them says alone."""

import pathlib
import random
from collections.abc import Iterator

import pytest

from fakeserver.base.clock import ManualClock
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults
from fakeserver.storage.arrays import SCHEMA, Arrays
from fakeserver.storage.driver import StorageError

A, B = "flasharray-a", "flasharray-b"
GROUPS = [f"g{number}" for number in range(1000)]


class Slow(NoFaults):
    """Arrays between which a point travels for a while."""

    lag = 0.0

    def delay(self, point: str) -> float:
        return self.lag if point == "array:transfer" else 0.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_000_000.0)


@pytest.fixture
def faults() -> Slow:
    return Slow()


@pytest.fixture
def arrays(
    tmp_path: pathlib.Path, clock: ManualClock, faults: Slow
) -> Iterator[Arrays]:
    db = Database(tmp_path / "arrays.db", SCHEMA)
    made = Arrays(db, clock, faults)
    for name in ("v1", "v2"):
        made.create_volume(A, name, 10)
        made.set_writing(A, name, True)
    yield made
    db.close()


def alone(
    arrays: Arrays, group: str, array: str = "", names: tuple[str, ...] = ()
) -> int | None:
    points = (
        point
        for point in arrays.points(group)
        if point.complete
        and array in ("", point.target)
        and set(names) <= point.volumes.keys()
    )
    return next((int(point.created_at) for point in points), None)


@pytest.mark.parametrize("seed", range(30))
def test_the_same_as_one_by_one(
    arrays: Arrays, clock: ManualClock, faults: Slow, seed: int
) -> None:
    dice = random.Random(seed)
    faults.lag = dice.choice([0.0, 0.0, 7.0, 400.0])
    groups = GROUPS[:8]
    for _ in range(40):
        group = dice.choice(groups)
        match dice.randrange(6):
            case 0:
                held = dice.choice([(), ("v1",), ("v1", "v2"), ("gone",)])
                interval = dice.choice([1, 60, 300])
                pod = dice.random() < 0.2
                ways = (A, B) if dice.random() < 0.8 else (B, A)
                arrays.replicate(group, *ways, held, interval, pod)
            case 1:
                arrays.stop_replication(group)
            case 2:
                arrays.drop_group(group)
            case 3:
                link = arrays.link(group)
                carries = link is not None and "v1" in link.volumes
                if link is not None and carries and link.source == A:
                    key = f"asked-{clock.time()}"
                    arrays.snapshot(group, key)
                    if dice.random() < 0.7:
                        arrays.transfer(group, key)
            case _:
                clock.advance(dice.choice([0.5, 1, 59, 300, 1000]))
        found = arrays.newest(groups)
        together = {one: int(moment) for one, moment in found.items()}
        names = dice.choice([(), ("v1",), ("v2",), ("v1", "v2")])
        found = arrays.latest_of(dict.fromkeys(groups, (B, names)))
        there = {one: int(moment) for one, moment in found.items()}
        for one in dice.sample(groups, 3):
            assert together.get(one) == alone(arrays, one), one
            assert there.get(one) == alone(arrays, one, B, names), one
        links = {one: arrays.link(one) for one in groups}
        assert arrays.link_states(groups) == {
            one: (link.running, link.synchronous)
            for one, link in links.items()
            if link
        }


def test_of_a_thousand_groups(arrays: Arrays, clock: ManualClock) -> None:
    for group in GROUPS:
        arrays.replicate(group, A, B, ("v1",), 300)
    clock.advance(301)
    assert arrays.newest(GROUPS) == dict.fromkeys(GROUPS, 1_000_300.0)
    assert arrays.newest([]) == {}


def test_an_array_that_is_not_there(arrays: Arrays) -> None:
    assert arrays.volumes(B) == []
    with pytest.raises(StorageError, match="flasharray-x"):
        arrays.volumes("flasharray-x")
