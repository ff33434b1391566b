"""The emulated arrays: recovery points by the clock, promotes, writes."""

import pytest

from fakeserver.base.clock import ManualClock
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults, StepFault
from fakeserver.base.seed_world import ARRAY_TOKENS, changed_token
from fakeserver.storage.arrays import KEEP, SCHEMA, Arrays
from fakeserver.storage.driver import StorageError

A, B = "flasharray-a", "flasharray-b"


@pytest.fixture
def clock():
    return ManualClock(1_000_000.0)


@pytest.fixture
def arrays(tmp_path, clock):
    db = Database(tmp_path / "arrays.db", SCHEMA)
    made = Arrays(db, clock, NoFaults())
    made.create_volume(A, "v1", 10)
    made.set_writing(A, "v1", True)
    yield made
    db.close()


def replicated(arrays, synchronous=False):
    arrays.replicate("g", A, B, ("v1",), 300, synchronous)
    return arrays


def test_nothing_is_complete_before_the_first_cycle(arrays, clock):
    replicated(arrays)
    clock.advance(299)
    assert arrays.latest("g", B) is None
    clock.advance(1)
    assert arrays.latest("g", B).created_at == 1_000_300.0


def test_cycles_run_while_nobody_looks_and_old_points_go(arrays, clock):
    replicated(arrays)
    clock.advance(300 * 100)
    points = arrays.points("g")
    assert len(points) == KEEP
    assert points[0].created_at == 1_000_000 + 300 * 100
    assert all(point.complete for point in points)


def test_a_stopped_link_makes_no_more_points(arrays, clock):
    replicated(arrays)
    clock.advance(300)
    arrays.stop_replication("g")
    clock.advance(3000)
    assert len(arrays.points("g")) == 1


def test_a_new_interval_does_not_put_the_next_cycle_off(arrays, clock):
    replicated(arrays)
    clock.advance(250)
    arrays.replicate("g", A, B, ("v1",), 300)
    clock.advance(50)
    assert arrays.latest("g", B) is not None


def test_a_snapshot_is_complete_only_when_it_was_sent(arrays):
    replicated(arrays)
    assert not arrays.snapshot("g", "mine").complete
    assert arrays.latest("g", B) is None
    assert arrays.transfer("g", "mine").complete
    assert arrays.latest("g", B).id == arrays.snapshot("g", "mine").id


def test_a_pod_has_no_lag(arrays, clock):
    replicated(arrays, synchronous=True)
    clock.advance(7)
    assert arrays.latest("g", B).created_at == clock.time()


def test_a_promote_is_repeatable_and_holds_what_the_point_held(arrays, clock):
    replicated(arrays)
    clock.advance(300)
    point = arrays.latest("g", B)
    for _ in range(2):
        arrays.make_from_snapshot(B, point.id, "v1", "new")
    made = arrays.volume(B, "new")
    assert (made.size, made.content_at) == (10, point.created_at)
    with pytest.raises(StorageError, match="does not hold volume v9"):
        arrays.make_from_snapshot(B, point.id, "v9", "other")


def test_a_volume_in_use_is_neither_deleted_nor_overwritten(arrays, clock):
    replicated(arrays)
    clock.advance(300)
    first = arrays.latest("g", B)
    arrays.make_from_snapshot(B, first.id, "v1", "new")
    arrays.set_writing(B, "new", True)
    clock.advance(300)
    with pytest.raises(StorageError, match="in use"):
        arrays.make_from_snapshot(B, arrays.latest("g", B).id, "v1", "new")
    with pytest.raises(StorageError, match="connected"):
        arrays.delete_volume(A, "v1")


def test_covered_knows_writes_that_never_replicated(arrays, clock):
    replicated(arrays)
    clock.advance(310)
    arrays.points("g")
    arrays.set_writing(A, "v1", False)
    assert not arrays.covered(A, "v1")
    clock.advance(300)
    arrays.points("g")
    assert arrays.covered(A, "v1")


def test_a_kept_snapshot_covers_a_volume(arrays, clock):
    clock.advance(5)
    arrays.set_writing(A, "v1", False)
    assert not arrays.covered(A, "v1")
    name = arrays.keep_snapshot(A, "v1", "op-1")
    assert arrays.covered(A, "v1")
    assert arrays.kept(A) == {name: clock.time()}


def test_a_required_token_refuses_every_other_one(arrays):
    arrays.require_token(A, "right")
    arrays.check(A, "right")
    for wrong in ("wrong", ARRAY_TOKENS[A], "", None):
        with pytest.raises(StorageError, match="refused the API token"):
            arrays.check(A, wrong)
        assert not arrays.takes(A, wrong)


def test_an_array_takes_its_own_token_alone(arrays):
    """From the first day; nobody has to ask for it."""
    for array, other in ((A, B), (B, A)):
        arrays.check(array, ARRAY_TOKENS[array])
        for wrong in ("anything", ARRAY_TOKENS[other], "", None, "x-fault-1"):
            with pytest.raises(StorageError, match="refused the API token"):
                arrays.check(array, wrong)


def test_a_fault_changes_the_token(tmp_path, clock):
    class Changed(NoFaults):
        def token(self, array):
            return changed_token(array, "fault-3") if self.on else None

    faults, db = Changed(), Database(tmp_path / "other.db", SCHEMA)
    arrays = Arrays(db, clock, faults)
    faults.on = True
    assert arrays.takes(A, changed_token(A, "fault-3"))
    assert not arrays.takes(A, ARRAY_TOKENS[A])
    assert not arrays.takes(A, changed_token(A, "fault-2"))
    faults.on = False
    # who was given the new one is not locked out by the end of the fault
    assert arrays.takes(A, changed_token(A, "fault-3"))
    assert arrays.takes(A, ARRAY_TOKENS[A])
    db.close()


def test_a_fault_speaks_as_the_array(tmp_path, clock):
    class Broken(NoFaults):
        def at(self, point):
            raise StepFault(f"{point} is broken")

    db = Database(tmp_path / "other.db", SCHEMA)
    try:
        with pytest.raises(StorageError, match="array:create is broken"):
            Arrays(db, clock, Broken()).create_volume(A, "v", 1)
    finally:
        db.close()


# -- renamed


def test_a_serial_number_finds_a_volume_under_any_name(arrays):
    made = arrays.volume(A, "v1")
    assert arrays.find(A, "v1", made.serial) == made
    arrays.rename(A, "v1", "pod::v1-cinder")
    found = arrays.find(A, "v1", made.serial)
    assert (found.name, found.serial) == ("pod::v1-cinder", made.serial)
    assert arrays.find(A, "v1", None) is None
    assert arrays.find(B, "v1", made.serial) is None


@pytest.mark.parametrize("name", ["volume-{}", "pod::volume-{}-cinder"])
def test_a_driver_names_a_volume_after_that_of_cinder(arrays, name):
    id_ = "11111111-2222-4333-8444-555555555555"
    arrays.create_volume(A, name.format(id_), 10)
    [found] = arrays.of_cinder(A, id_)
    assert found.name == name.format(id_)
    assert not arrays.of_cinder(A, id_[:-1])
    assert not arrays.of_cinder(B, id_)


def test_a_name_that_is_free_again_is_another_volume(arrays):
    first = arrays.volume(A, "v1").serial
    arrays.rename(A, "v1", "v2")
    arrays.create_volume(A, "v1", 10)
    assert arrays.find(A, "v1", first).name == "v2"


def test_a_rename_takes_snapshots_and_replication_along(arrays, clock):
    replicated(arrays)
    clock.advance(300)
    arrays.set_writing(A, "v1", False)
    arrays.snapshot("g", "last")
    arrays.transfer("g", "last")
    kept = arrays.keep_snapshot(A, "v1", "op")
    arrays.rename(A, "v1", "v1-unmanaged")
    assert arrays.link("g").volumes == ("v1-unmanaged",)
    assert {tuple(p.volumes) for p in arrays.points("g")} == {
        ("v1-unmanaged",)
    }
    assert arrays.covered(A, "v1-unmanaged")
    assert list(arrays.kept(A)) == [kept]


def test_a_rename_of_nothing_changes_nothing(arrays):
    replicated(arrays)
    arrays.rename(A, "other", "v2")
    assert arrays.link("g").volumes == ("v1",)
    assert [one.name for one in arrays.volumes(A)] == ["v1"]


def test_a_volume_that_is_made_again_keeps_its_number(arrays, clock):
    replicated(arrays)
    clock.advance(600)
    newest, older = arrays.points("g")
    arrays.make_from_snapshot(B, older.id, "v1", "copy")
    first = arrays.volume(B, "copy").serial
    arrays.make_from_snapshot(B, newest.id, "v1", "copy")
    assert arrays.volume(B, "copy").serial == first
    arrays.make_from_snapshot(B, newest.id, "v1", "another")
    assert arrays.volume(B, "another").serial != first
