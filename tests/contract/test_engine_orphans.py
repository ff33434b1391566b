"""What one operation had to leave, the next one does not build beside."""

from typing import Any

import pytest

from fakeserver.base.seed_world import ARRAYS
from fakeserver.cloud.compute.server import power
from fakeserver.engine.run import cleanup_source
from fakeserver.store import groups
from tests.helpers.engine_parts import WEB, A, B, Two

pytestmark = pytest.mark.decided
NAMES = {"web-1", "web-2", "web-3"}


@pytest.fixture
def copies_left(two: Two) -> Two:
    """A failover that failed at its end, whose undo deletes no instance."""
    fails = "update_protection_group_state"
    two.pair.fault("step", site=A, match=fails, times=1)
    two.pair.fault("step", site=A, match="server", stage="undo")
    assert two.done(A, "failover")["status"] == "failed"
    two.pair.clear_faults()
    assert two.states() == ("error", "error")
    assert set(two.servers(B)) == NAMES
    return two


@pytest.fixture
def volumes_left(two: Two) -> Two:
    """A failover that failed before its end, whose undo keeps volumes."""
    two.pair.fault("step", site=A, match="recreate_instances", times=1)
    two.pair.fault("step", site=A, match="manage", stage="undo")
    assert two.done(A, "failover")["status"] == "failed"
    two.pair.clear_faults()
    assert (len(two.servers(B)), len(two.volumes(B))) == (0, 5)
    return two


def alone_at(two: Two, site: str) -> None:
    """The group runs at a site, once, and nothing is at the other."""
    other = B if site == A else A
    assert webs(two, site) == sorted(NAMES)
    assert {two.servers(site)[name] for name in NAMES} == {"ACTIVE"}
    assert not NAMES & set(two.servers(other))
    marked = [
        volume
        for volume in listed_volumes(two, site)
        if volume["name"].startswith("web-")
    ]
    assert sorted(one["name"] for one in marked) == sorted(
        {one["name"] for one in marked}
    )


def webs(two: Two, site: str) -> list[str]:
    found = two.server_ids(site).values()
    return sorted(name for name in found if name.startswith("web-"))


def listed_volumes(two: Two, site: str) -> list:
    opened = two.pair.site(site).opened
    group = groups.find(opened.ground.db, two.ids[WEB])
    here = two.world.site_id(site)
    return opened.service.access.cloud(group, here).volumes()


def stop_all(two: Two, site: str) -> None:
    opened = two.pair.site(site).opened
    group = groups.find(opened.ground.db, two.ids[WEB])
    cloud = opened.service.access.cloud(group, two.world.site_id(site))
    for server in cloud.servers():
        cloud.stop_server(server["id"])


def test_a_reset_sees_live_copies_that_the_metadata_do_not_name(copies_left):
    two = copies_left
    answer = two.act(A, "reset_status", status="active")
    assert (answer.status, answer.reason) == (409, "invalid-state")
    assert all(name in answer.message for name in NAMES)
    details = answer.body["error"]["details"]
    running = sorted((one["name"], one["site"]) for one in details["copies"])
    assert running == [(n, s) for n in sorted(NAMES) for s in (A, B)]
    left = details["leftovers"]
    assert {one["name"] for one in left if one["kind"] == "instance"} == NAMES
    assert {one["site"] for one in left} == {B}
    assert two.states() == ("error", "error")


def test_after_a_reset_the_next_failover_takes_the_copies_away(copies_left):
    two = copies_left
    stop_all(two, B)
    record = two.act(A, "reset_status", status="active").told("operation")
    left = record["result_data"]["leftovers"]
    assert {one["name"] for one in left if one["kind"] == "instance"} == NAMES
    ended = two.done(A, "failover")
    assert ended["status"] == "completed"
    assert ended["result_data"]["leftovers"] == []
    removed = ended["result_data"]["stale_removed"]
    assert {one["name"] for one in removed} == NAMES
    assert all(one["snapshots"] for one in removed)
    alone_at(two, B)


def test_a_forced_failover_out_of_an_error_doubles_nothing(copies_left):
    two = copies_left
    ended = two.forced(B)
    assert ended["status"] == "completed"
    assert webs(two, B) == sorted(NAMES)
    removed = ended["result_data"]["stale_removed"]
    assert {one["name"] for one in removed} == NAMES


def test_volumes_that_were_left_are_not_built_beside(volumes_left):
    two = volumes_left
    record = two.act(A, "reset_status", status="active").told("operation")
    left = record["result_data"]["leftovers"]
    assert [one["kind"] for one in left] == ["volume"] * 5
    ended = two.done(A, "failover")
    assert ended["status"] == "completed"
    alone_at(two, B)
    assert len(two.on_array(B)) == 5


def test_a_failover_that_fails_leaves_the_copies_as_they_were(copies_left):
    two = copies_left
    stop_all(two, B)
    assert two.act(A, "reset_status", status="active").status == 202
    before = two.server_ids(B)
    two.pair.fault("step", site=A, match="recreate_instances", times=1)
    ended = two.done(A, "failover")
    assert ended["status"] == "failed"
    assert ended["result_data"]["leftovers"] == []
    assert two.server_ids(B) == before
    assert two.states() == ("active", "active")


def test_what_a_clean_up_left_is_not_in_the_way_back(two):
    two.pair.fault("503", site=A, match="DELETE */servers/*")
    left = two.done(A, "failover")["result_data"]["leftovers"]
    assert {one["name"] for one in left if one["kind"] == "instance"} == NAMES
    two.pair.clear_faults()
    ended = two.done(B, "failback", reverse_replication=True)
    assert ended["status"] == "completed"
    removed = ended["result_data"]["stale_removed"]
    assert {one["name"] for one in removed} == NAMES
    alone_at(two, A)


def test_a_drill_is_not_taken_for_a_copy_that_was_left(two):
    assert two.done(A, "test_failover", retain_primary=True)
    drilled = set(two.server_ids(B))
    two.pair.site(A).kill()
    ended = two.forced(B)
    assert "stale_removed" not in ended["result_data"]
    assert drilled < set(two.server_ids(B))


def test_what_two_operations_left_one_over_the_other_is_named(two):
    """The second takes over what the first has made, and cannot undo it."""
    two.kill_at(A, "recreate_instances", "inside")
    first = two.started(A, "failover")
    two.pair.drain()
    two.pair.fault("step", site=B, match="promote_volumes_on_flasharray")
    two.pair.fault("step", site=B, match="promote", stage="undo")
    assert two.forced(B)["status"] == "failed"
    two.pair.clear_faults()
    two.pair.site(A).start()
    two.pair.drain()
    assert two.sync(B).status == 200
    two.pair.drain()
    assert two.states() == ("error", "error")
    assert two.held(A)["operation"] is two.held(B)["operation"] is None
    left = two.operation(A, first)["result_data"]["leftovers"]
    instances = {one["id"] for one in left if one["kind"] == "instance"}
    assert instances == set(two.server_ids(B))
    stopped = [one for one in left if one["kind"] == "stopped instance"]
    assert {one["name"] for one in stopped} == NAMES


@pytest.fixture
def deaf(two: Two, monkeypatch: pytest.MonkeyPatch) -> Two:
    """No array hears that a server was stopped, only of its detach."""
    told = power.set_writing

    def hears(tx: Any, site: Any, server: Any) -> None:
        if server["status"] == "ACTIVE":
            told(tx, site, server)

    clean = cleanup_source.clean

    def later(context: Any) -> Any:
        two.pair.advance(60.0)
        return clean(context)

    monkeypatch.setattr(power, "set_writing", hears)
    monkeypatch.setattr(cleanup_source, "clean", later)
    return two


def _left_on_array(two: Two) -> set[str]:
    group = next(g for g in two.world.groups if g.name == WEB)
    ours = {f"volume-{v.id}" for s in group.servers for v in s.volumes}
    there = two.pair.site(A).parts.arrays.volumes(ARRAYS[A])
    return ours & {one.name for one in there}


def test_a_planned_move_leaves_nothing_on_an_array_that_hears_no_stop(deaf):
    ended = deaf.done(A, "failover")
    assert ended["status"] == "completed", ended["error_message"]
    assert ended["result_data"].get("leftovers", []) == []
    assert _left_on_array(deaf) == set()


@pytest.mark.parametrize("stops", [False, True])
def test_what_ran_after_the_last_point_stays_on_the_array(
    deaf, monkeypatch, stops
):
    """Somebody starts an old instance once more before it is deleted."""
    clean = cleanup_source.clean

    def late(context):
        cloud = context.cloud(context.source)
        (web,) = cloud.servers(name="web-1")
        deaf.pair.advance(60.0)
        cloud.start_server(web["id"])
        if stops:
            cloud.stop_server(web["id"])
        return clean(context)

    monkeypatch.setattr(cleanup_source, "clean", late)
    ended = deaf.done(A, "failover")
    assert ended["status"] == "completed", ended["error_message"]
    left = ended["result_data"]["leftovers"]
    assert {one["kind"] for one in left} == {"array volume"}
    assert {one["name"] for one in left} == _left_on_array(deaf)
    assert all("never replicated" in one["why"] for one in left)
    assert left
