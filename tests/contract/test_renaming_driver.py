"""A Cinder driver that renames what it manages, and what it unmanages."""

import pathlib
import shutil
from collections.abc import Iterator

import pytest

from fakeserver.base.seed_world import ARRAYS
from fakeserver.local.pair import LocalPair
from fakeserver.sandbox.folder import BOTH
from fakeserver.storage import names
from tests.helpers.engine_parts import WEB, A, B, Two

pytestmark = pytest.mark.decided
UNMANAGED = "-cinder-unmanaged"


@pytest.fixture(scope="session")
def seeded_renaming(
    tmp_path_factory: pytest.TempPathFactory,
) -> pathlib.Path:
    made = tmp_path_factory.mktemp("renaming") / "pair"
    LocalPair(made, rename_on_manage=BOTH).close()
    return made


@pytest.fixture
def two(
    seeded_renaming: pathlib.Path, tmp_path: pathlib.Path
) -> Iterator[Two]:
    """Both sites have such a driver."""
    shutil.copytree(seeded_renaming, tmp_path / "pair")
    with LocalPair(tmp_path / "pair", rename_on_manage=BOTH) as pair:
        yield Two(pair)


def on_array(two: Two, site: str) -> set[str]:
    """The names of the volumes that are no other group's."""
    arrays = two.pair.site(site).parts.arrays
    others = {
        names.created(volume.id, True)
        for group in two.world.groups
        if group.name != WEB
        for server in group.servers
        for volume in server.volumes
    }
    return {one.name for one in arrays.volumes(ARRAYS[site])} - others


def documented(two: Two, site: str) -> set[str]:
    """What the metadata say that the members have on a site's array."""
    here = two.world.site_id(site)
    return {
        volume["array_name"]
        for member in two.held(site)["members"]
        for volume in member["sites"][here]["volumes"]
    }


def in_cinder(two: Two, site: str) -> set[str]:
    """The names that the driver gives what Cinder has of the group."""
    return {
        names.created(id_, True)
        for name, id_ in two.volumes(site).items()
        if name.startswith("web-")
    }


def left(operation: dict) -> set[str]:
    return {one["name"] for one in operation["result_data"]["leftovers"]}


def test_there_and_back_again(two: Two) -> None:
    gone = two.done(A, "failover")
    assert (gone["status"], left(gone)) == ("completed", set())
    assert on_array(two, B) == documented(two, B) == in_cinder(two, B)
    assert len(on_array(two, B)) == 5
    assert on_array(two, A) == set()
    back = two.done(B, "failback", reverse_replication=True)
    assert (back["status"], left(back)) == ("completed", set())
    assert on_array(two, A) == documented(two, A) == in_cinder(two, A)
    assert on_array(two, B) == set()
    link = two.pair.site(A).parts.arrays.link(two.ids[WEB])
    assert link is not None and set(link.volumes) == on_array(two, A)


def test_a_drill_leaves_nothing(two: Two) -> None:
    drill = two.done(A, "test_failover", retain_primary=True)
    assert drill["status"] == "completed", drill["error_message"]
    assert len(on_array(two, B)) == 5
    assert all(name.endswith("-cinder") for name in on_array(two, B))
    cleaned = two.done(A, "test_cleanup")
    assert cleaned["status"] == "completed", cleaned["error_message"]
    assert on_array(two, B) == set()


def test_a_clean_up_names_what_it_could_not_delete(two: Two) -> None:
    """It has unmanaged them: no Cinder knows them any more."""
    two.done(A, "test_failover", retain_primary=True)
    two.pair.fault("step", site=A, match="delete_cloned_volumes", times=1)
    failed = two.done(A, "test_cleanup")
    assert failed["status"] == "failed"
    assert left(failed) == on_array(two, B)
    assert all(name.endswith(UNMANAGED) for name in left(failed))
    kinds = {one["kind"] for one in failed["result_data"]["leftovers"]}
    assert kinds == {"array volume"}
    assert two.done(A, "test_cleanup")["status"] == "completed"
    assert on_array(two, B) == set()


@pytest.mark.parametrize("stage", ["inside", "after"])
def test_killed_in_between(two: Two, stage: str) -> None:
    two.kill_at(A, "manage_volumes_into_cinder", stage)
    id_ = two.started(A, "failover")
    two.drain(A)
    two.pair.site(A).start()
    two.pair.drain()
    ended = two.operation(A, id_)
    assert (ended["status"], left(ended)) == ("completed", set())
    assert on_array(two, B) == documented(two, B)
    assert on_array(two, A) == set()


def test_a_rollback_deletes_what_it_had_managed(two: Two) -> None:
    two.pair.fault("step", site=A, match="recreate_instances", times=1)
    failed = two.done(A, "failover")
    assert (failed["status"], left(failed)) == ("failed", set())
    assert on_array(two, B) == set()


def test_a_rollback_names_what_it_could_not_delete(two: Two) -> None:
    two.pair.fault("step", site=A, match="recreate_instances", times=1)
    two.pair.fault("step", site=A, match="promote", stage="undo")
    failed = two.done(A, "failover")
    assert left(failed) == on_array(two, B)
    assert len(left(failed)) == 5
    assert all(name.endswith(UNMANAGED) for name in left(failed))


def test_what_the_peer_had_managed_is_taken_over(two: Two) -> None:
    two.kill_at(A, "manage_volumes_into_cinder", "after")
    two.started(A, "failover")
    two.drain(A)
    before = on_array(two, B)
    assert len(before) == 5
    forced = two.forced(B)
    assert forced["status"] == "completed", forced["error_message"]
    assert on_array(two, B) == before == documented(two, B)


def test_what_the_peer_had_unmanaged_is_named_by_it(two: Two) -> None:
    """Its rollback dies after it has unmanaged one: the forced operation
    looks in Cinder, and finds nothing."""
    two.pair.fault("step", site=A, match="recreate_instances", times=1)
    two.pair.fault("crash", site=A, match="promote", stage="undo", times=1)
    id_ = two.started(A, "failover")
    two.drain(A)
    lost = {n for n in on_array(two, B) if n.endswith(UNMANAGED)}
    assert lost
    assert two.forced(B)["status"] == "completed"
    two.pair.site(A).start()
    two.pair.drain()
    ended = two.operation(A, id_)
    assert "superseded" in ended["error_message"]
    assert left(ended) == lost
    assert on_array(two, B) == documented(two, B) | lost


def test_back_over_a_stale_copy(two: Two) -> None:
    """The old primary's volumes are kept as snapshots, unmanaged, gone."""
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    two.sync(B)
    stale = on_array(two, A)
    back = two.done(B, "failback")
    assert (back["status"], left(back)) == ("completed", set())
    kept = {
        snapshot
        for one in back["result_data"]["stale_removed"]
        for snapshot in one["snapshots"]
    }
    arrays = two.pair.site(A).parts.arrays
    assert kept == set(arrays.kept(ARRAYS[A])) and len(kept) == len(stale)
    assert on_array(two, A) == documented(two, A)
    assert not stale & on_array(two, A)


def test_orphans_of_a_failed_move_go_with_the_next_one(two: Two) -> None:
    two.pair.fault("step", site=A, match="recreate_instances", times=1)
    two.pair.fault("step", site=A, match="manage", stage="undo")
    assert two.done(A, "failover")["status"] == "failed"
    two.pair.clear_faults()
    assert len(on_array(two, B)) == 5
    two.act(A, "reset_status", status="active")
    gone = two.done(A, "failover")
    assert (gone["status"], left(gone)) == ("completed", set())
    assert on_array(two, B) == documented(two, B)


def test_a_member_is_added_under_the_name_that_it_has(two: Two) -> None:
    [first, *_] = two.ask(A, "GET", two.of(WEB, "/members")).told("members")
    path = two.of(WEB, f"/members/{first['id']}")
    assert two.ask(A, "DELETE", path).status == 204
    body = {"member": {"instance_id": first["instance_id"]}}
    two.ask(A, "POST", two.of(WEB, "/members"), body).told("member")
    assert documented(two, A) == on_array(two, A)


def test_pods_and_their_names() -> None:
    name = names.created("1-2", True, synchronous=True)
    assert name == "cinder-pod::volume-1-2-cinder"
    assert names.unmanaged(name) == "cinder-pod::volume-1-2-cinder-unmanaged"
    assert names.created("1-2", False, synchronous=True) == "volume-1-2"
