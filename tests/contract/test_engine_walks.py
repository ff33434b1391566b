"""Bad nights of two sites, from the first sign to the morning after."""

import pytest

from fakeserver.base.seed_world import ARRAYS
from fakeserver.store import groups
from tests.helpers.engine_parts import WEB, A, B, Two
from tests.helpers.sampling import sampled

STEPS = (
    "validate_target_site",
    "get_latest_snapshot",
    "promote_volumes_on_flasharray",
    "manage_volumes_into_cinder",
    "recreate_instances",
    "update_protection_group_state",
)
NAMES = ("web-1", "web-2", "web-3")


def alive(two: Two, site: str) -> list[str]:
    return sorted(
        name
        for name, status in two.servers(site).items()
        if name in NAMES and status == "ACTIVE"
    )


def everything(two: Two, site: str) -> tuple:
    """What is there, to see whether somebody has touched it."""
    return (
        two.server_ids(site),
        two.servers(site),
        two.volumes(site),
        two.on_array(site),
        two.held(site),
    )


@pytest.mark.parametrize(
    ("step", "stage"),
    sampled(
        [
            (step, stage)
            for step in STEPS
            for stage in ("before", "inside", "after")
            # after the last one both sites know that B is the primary
            if (step, stage) != (STEPS[-1], "after")
        ],
        5,
    ),
)
def test_killed_in_a_planned_failover_and_forced_elsewhere(two, step, stage):
    """A dies, B is forced, A comes back: superseded, nothing touched."""
    two.kill_at(A, step, stage)
    first = two.started(A, "failover")
    assert two.versions() == (2, 2)
    two.drain(A)
    assert not two.pair.site(A).running
    second = two.forced(B)
    assert second["status"] == "completed", second["error_message"]
    assert alive(two, B) == list(NAMES)
    assert two.held(B)["version"] == 4
    before = everything(two, B)
    two.pair.site(A).start()
    two.pair.drain()
    ended = two.operation(A, first)
    assert ended["status"] == "failed"
    assert ended["error_message"] == f"superseded by {second['id']} at site-b"
    assert ended["result_data"]["leftovers"] == []
    assert everything(two, B) == before
    assert two.versions() == (2, 4)
    assert two.status(B)["status"] == "OUT_OF_SYNC"
    assert two.sync(A).reason == "wrong-site"
    assert two.sync(B).told("sync_status")["status"] == "IN_SYNC"
    assert two.versions() == (4, 4)
    assert two.states() == ("failed_over", "failed_over")
    # the way back removes what has been left at A since
    back = two.done(B, "failback")
    assert back["status"] == "completed", back["error_message"]
    assert alive(two, A) == list(NAMES)
    assert two.servers(B) == {}
    assert two.versions() == (6, 6)


def test_killed_when_the_state_is_written_and_not_yet_pushed(two):
    """A goes forward from what it wrote: both have failed over, apart."""
    two.kill_at(A, "push", "commit")
    first = two.started(A, "failover")
    two.drain(A)
    forced = two.forced(B)
    assert forced["status"] == "completed", forced["error_message"]
    two.pair.site(A).start()
    assert two.versions() == (3, 4)
    two.pair.drain()
    assert two.operation(A, first)["status"] == "completed"
    assert alive(two, A) == []
    assert alive(two, B) == list(NAMES)
    for site in (A, B):
        assert two.sync(site).reason == "metadata-conflict"
    assert two.sync(B, force=True).status == 200
    assert two.done(B, "failback")["status"] == "completed"
    assert alive(two, A) == list(NAMES)


def test_superseded_while_the_forced_one_still_runs(two):
    two.kill_at(A, "recreate_instances")
    first = two.started(A, "failover")
    two.drain(A)
    second = two.started(B, "failover", force=True)
    two.pair.site(A).start()
    two.drain(A)
    ended = two.operation(A, first)
    assert ended["error_message"] == f"superseded by {second} at site-b"
    two.drain(B)
    assert two.operation(B, second)["status"] == "completed"
    assert alive(two, B) == list(NAMES)


def test_two_that_fail_one_after_the_other_leave_a_way_out(two):
    """A dies in a planned failover; the forced one fails as well."""
    two.kill_at(A, "recreate_instances")
    first = two.started(A, "failover")
    two.drain(A)
    two.pair.fault("step", site=B, match="recreate_instances", times=1)
    failed = two.forced(B)
    assert failed["status"] == "failed"
    held = two.held(B)
    assert held["status"] == "failing_over", "what it was"
    assert held["operation"]["id"] == first
    assert held["version"] == 4
    # it may be tried again as long as A is away
    two.pair.fault("step", site=B, match="recreate_instances", times=1)
    assert two.forced(B)["status"] == "failed"
    assert two.held(B)["version"] == 6
    two.pair.site(A).start()
    two.pair.drain()
    assert two.operation(A, first)["status"] == "failed"
    assert "superseded" in two.operation(A, first)["error_message"]
    assert two.sync(B).status == 200
    # nobody works on it any more: A, where the first one was, says so
    two.pair.drain()
    assert two.states() == ("error", "error")
    assert two.versions() == (7, 7)
    # A had stopped its instances; it says so, and a person starts them
    left = two.operation(A, first)["result_data"]["leftovers"]
    assert {one["kind"] for one in left} == {"stopped instance"}
    assert {one["name"] for one in left} == set(NAMES)
    cloud = two.pair.site(A).url + "/compute/v2.1/servers"
    for one in left:
        url = f"{cloud}/{one['id']}/action"
        two.pair.session(A).post(url, json={"os-start": None})
    assert two.act(A, "reset_status", status="active").status == 202
    assert two.states() == ("active", "active")
    assert two.done(A, "failover")["status"] == "completed"
    assert alive(two, B) == list(NAMES)


def test_a_site_is_lost_while_the_group_is_failed_over_to_it(two):
    two.done(A, "failover")
    assert two.done(B, "sync_volumes")["status"] == "completed"
    two.pair.site(B).kill()
    assert two.act(A, "failback").reason == "wrong-site"
    forced = two.forced(A)
    assert forced["status"] == "completed", forced["error_message"]
    assert two.held(A)["status"] == "active", "A is its first primary"
    assert two.held(A)["failover_count"] == 2
    assert alive(two, A) == list(NAMES)
    two.pair.site(B).start()
    assert two.versions() == (5, 3)
    assert two.sync(A).status == 200
    assert two.states() == ("active", "active")
    # B still has its instances; the next failover sets them aside
    assert alive(two, B) == list(NAMES)
    stale = set(two.server_ids(B))
    assert two.done(A, "sync_volumes")["status"] == "completed"
    again = two.done(A, "failover")
    assert again["status"] == "completed", again["error_message"]
    removed = again["result_data"]["stale_removed"]
    assert {one["instance_id"] for one in removed} == stale
    assert not stale & set(two.server_ids(B))
    assert alive(two, B) == list(NAMES)


def test_a_site_lost_before_anything_replicated_to_the_other(two):
    """After a planned move replication stands still: nothing to go to."""
    two.done(A, "failover")
    two.pair.site(B).kill()
    forced = two.forced(A)
    assert forced["status"] == "failed"
    assert forced["steps_failed"] == ["get_latest_snapshot"]
    assert "snapshot" in forced["error_message"]
    assert two.held(A)["status"] == "failed_over"


def test_a_drill_is_left_when_its_primary_dies(two):
    two.done(A, "test_failover", retain_primary=True)
    tests = {"web-1-test", "web-2-test", "web-3-test"}
    assert set(two.servers(B)) == tests
    two.pair.site(A).kill()
    forced = two.forced(B)
    assert forced["status"] == "completed", forced["error_message"]
    assert forced["result_data"]["instances_created"] == 3
    assert set(two.servers(B)) == tests | set(NAMES)
    kept = {f"10.10.0.{n}" for n in (11, 12, 13)}
    addresses = two.addresses(B)
    assert {addresses[name][0] for name in NAMES} == kept
    assert all(addresses[name] == [] for name in tests)
    assert len(two.held(B)["tests"]) == 1
    two.pair.site(A).start()
    two.sync(B)
    cleaned = two.done(B, "test_cleanup")
    assert cleaned["status"] == "completed", cleaned["error_message"]
    assert set(two.servers(B)) == set(NAMES)
    assert len(two.on_array(B)) == 5
    assert two.held(A)["tests"] == [] == two.held(B)["tests"]


def test_a_drill_gets_its_addresses_back_when_the_forced_one_fails(two):
    two.done(A, "test_failover", retain_primary=True)
    before = two.addresses(B)
    two.pair.site(A).kill()
    two.pair.fault("step", site=B, match="recreate_instances", times=1)
    assert two.forced(B)["status"] == "failed"
    assert two.addresses(B) == before


def test_a_quiesced_primary_that_died_is_not_woken_by_the_clean_up(two):
    two.done(A, "test_failover")
    assert alive(two, A) == []
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    two.sync(B)
    assert two.done(B, "test_cleanup")["status"] == "completed"
    assert alive(two, A) == []
    assert alive(two, B) == list(NAMES)


def test_a_clean_up_starts_the_primary_first(two):
    two.done(A, "test_failover")
    assert alive(two, A) == []
    two.pair.fault("503", site=B, match="DELETE */servers/*")
    failed = two.done(A, "test_cleanup")
    assert failed["status"] == "failed"
    assert alive(two, A) == list(NAMES)
    assert len(failed["result_data"]["leftovers"]) == 8
    assert two.states() == ("active", "active")
    two.pair.clear_faults()
    assert two.done(A, "test_cleanup")["status"] == "completed"
    assert two.servers(B) == {} and two.on_array(B) == set()


def test_a_clean_up_starts_what_is_a_member_no_more(two):
    """One that fails before it does names what stays stopped."""
    two.done(A, "test_failover")
    path = two.of(WEB, "/members")
    *_, member = two.ask(A, "GET", path).body["members"]
    two.ask(A, "DELETE", f"{path}/{member['id']}")
    step = "delete_test_instances"
    two.pair.fault("step", match=step, stage="before", times=1)
    failed = two.done(A, "test_cleanup")
    assert sorted(
        (one["name"], one["site"], one["why"])
        for one in failed["result_data"]["leftovers"]
        if one["kind"] == "stopped instance"
    ) == [(name, A, "Not started. Run test-cleanup again.") for name in NAMES]
    assert alive(two, A) == []
    cleaned = two.done(A, "test_cleanup")
    assert cleaned["result_data"]["leftovers"] == []
    assert alive(two, A) == list(NAMES)


def test_a_quiesced_instance_that_is_gone_is_not_missed(two):
    two.done(A, "test_failover")
    url = two.pair.site(A).url
    gone = next(i for i, n in two.server_ids(A).items() if n == "web-2")
    two.pair.session(A).delete(f"{url}/compute/v2.1/servers/{gone}")
    assert two.done(A, "test_cleanup")["status"] == "completed"
    assert alive(two, A) == ["web-1", "web-3"]


def test_a_document_that_arrives_during_a_drill(two):
    """The drill ends as superseded, and says what it leaves behind."""
    two.kill_at(A, "create_test_instances", "inside")
    drill = two.started(A, "test_failover", retain_primary=True)
    two.drain(A)
    forced = two.forced(B)
    assert forced["status"] == "completed", forced["error_message"]
    two.pair.site(A).start()
    answer = two.sync(B)
    assert answer.reason == "operation-in-progress"
    assert drill in answer.message
    assert two.status(B)["status"] == "FAILED"
    two.pair.drain()
    ended = two.operation(A, drill)
    assert ended["error_message"] == f"superseded by {forced['id']} at site-b"
    left = ended["result_data"]["leftovers"]
    assert {one["kind"] for one in left} == {
        "instance",
        "volume",
        "array volume",
    }
    assert two.sync(B).status == 200
    assert two.states() == ("failed_over", "failed_over")


# -- deletes


def test_a_delete_removes_both_copies(two):
    assert two.ask(A, "DELETE", two.of(WEB)).status == 204
    for site in (A, B):
        assert two.ask(site, "GET", two.of(WEB)).status == 404
    assert alive(two, A) == list(NAMES), "instances stay"
    assert len([n for n in two.volumes(A) if n.startswith("web")]) == 5
    again = two.ask(A, "GET", "protection-groups").body
    assert WEB not in {one["name"] for one in again["protection_groups"]}


def test_a_delete_with_the_peer_down(two):
    two.pair.site(B).stop()
    answer = two.ask(A, "DELETE", two.of(WEB))
    assert answer.reason == "peer-unreachable"
    assert two.ask(A, "GET", two.of(WEB)).status == 200
    path = two.of(WEB, "?force=true")
    assert two.ask(A, "DELETE", path, user="").reason == "forbidden"
    assert two.ask(A, "DELETE", path).status == 204
    assert two.ask(A, "GET", two.of(WEB)).status == 404
    two.pair.site(B).start()
    two.pair.drain()
    # B still has its copy, and cannot bring it back
    assert two.group(B)["metadata_version"] == 1
    found = two.status(B)
    assert found["status"] == "OUT_OF_SYNC"
    assert "does not know" in found["message"]
    refused = two.sync(B)
    assert refused.reason == "metadata-conflict"
    assert "deleted" in refused.message
    assert two.ask(A, "GET", two.of(WEB)).status == 404
    # so it is deleted there too, and that is all it takes
    assert two.ask(B, "DELETE", two.of(WEB)).status == 204
    assert two.ask(B, "GET", two.of(WEB)).status == 404


def test_a_tombstone_gives_way_to_a_named_winner(two):
    two.pair.site(B).stop()
    assert two.ask(A, "DELETE", two.of(WEB, "?force=true")).status == 204
    two.pair.site(B).start()
    assert two.sync(B, force=True).status == 200
    assert two.group(A)["metadata_version"] == 1
    assert two.status(A)["status"] == "IN_SYNC"
    # the arrays have forgotten it, too
    assert two.done(A, "sync_volumes")["status"] == "completed"
    assert two.done(A, "failover")["status"] == "completed"


def test_a_delete_whose_answer_is_lost_is_done(two):
    two.pair.fault(
        "reset", site=B, match="PUT */metadata", stage="after", times=1
    )
    assert two.ask(A, "DELETE", two.of(WEB)).status == 204
    assert two.ask(B, "GET", two.of(WEB)).status == 404


def test_a_delete_cut_short_by_a_crash_is_finished(two, monkeypatch):
    metadata = type(two.pair.site(A).service.metadata)

    def die(self, group):
        plan = two.pair.site(A).parts.faults
        plan.dead = True
        plan._crash()
        plan.alive()

    with monkeypatch.context() as dying:
        dying.setattr(metadata, "bury", die)
        assert two.ask(A, "DELETE", two.of(WEB)).status == 0
    two.pair.site(A).start()
    assert two.ask(B, "GET", two.of(WEB)).status == 404
    two.pair.drain()
    assert two.ask(A, "GET", two.of(WEB)).status == 404


def test_a_test_or_a_running_operation_keeps_a_group(two):
    two.done(A, "test_failover", retain_primary=True)
    answer = two.ask(A, "DELETE", two.of(WEB, "?force=true"))
    assert answer.reason == "test-not-cleaned"
    two.done(A, "test_cleanup")
    two.started(A, "sync_volumes")
    answer = two.ask(A, "DELETE", two.of(WEB, "?force=true"))
    assert answer.reason == "operation-in-progress"
    two.pair.drain()
    two.done(A, "failover")
    answer = two.ask(A, "DELETE", two.of(WEB, "?force=true"))
    assert answer.reason == "invalid-state"


# -- both sites changed apart


@pytest.fixture
def apart(two):
    """A planned failover at A, the way cut inside it, B forced, and A
    gives up into error."""
    two.kill_at(A, "recreate_instances")
    two.started(A, "failover")
    two.drain(A)
    two.pair.fault("partition")
    two.pair.site(A).start()
    two.pair.drain()
    forced = two.forced(B)
    assert forced["status"] == "completed", forced["error_message"]
    assert two.states() == ("error", "failed_over")
    assert two.versions() == (3, 4)
    two.pair.clear_faults()
    two.pair.drain()
    return two


def test_two_that_parted_are_seen(apart):
    for site in (A, B):
        found = apart.status(site)
        assert found["status"] in ("OUT_OF_SYNC", "FAILED")
    assert apart.status(A)["status"] == "FAILED", "its push was refused"
    assert "version 4" in apart.status(A)["message"]
    assert "both changed it apart" in apart.status(B)["message"]


def test_two_that_parted_are_not_joined_without_a_winner(apart):
    for site in (A, B):
        answer = apart.sync(site)
        assert answer.reason == "metadata-conflict"
        details = answer.body["error"]["details"]
        mine, theirs = details["local"], details["remote"]
        assert mine["checksum"] != theirs["checksum"]
        assert {mine["version"], theirs["version"]} == {3, 4}
    assert apart.versions() == (3, 4)
    assert apart.act(B, "failback").reason == "out-of-sync"


@pytest.mark.parametrize("winner", sampled([A, B], 1))
def test_a_named_winner_settles_it_and_the_other_is_kept(apart, winner):
    loser = B if winner == A else A
    mine, theirs = apart.held(winner), apart.held(loser)
    settled = apart.sync(winner, force=True).told("sync_status")
    assert settled["status"] == "IN_SYNC"
    assert apart.held(loser)["version"] == mine["version"]
    read = apart.ask(
        loser, "GET", apart.of(WEB, f"/metadata?version={theirs['version']}")
    ).told("metadata")
    assert read["status"] == theirs["status"]
    assert read["failover_count"] == theirs["failover_count"]
    apart.pair.drain()
    assert len(set(apart.versions())) == 1
    assert apart.ask(
        winner, "GET", apart.of(WEB, f"/metadata?version={theirs['version']}")
    ).status in (200, 404)


def test_an_overwritten_version_is_read_back_under_an_equal_number(two):
    """Both made a version 2; the one that lost comes first."""
    for site in (A, B):
        parts = two.pair.site(site).parts
        found = groups.find(parts.db, two.ids[WEB])
        found.doc.update(description=f"of {site}", version=2)
        with parts.db.transaction() as tx:
            groups.save(tx, found)
    assert two.sync(A).reason == "metadata-conflict"
    assert "both changed it apart" in two.status(A)["message"]
    assert two.sync(A, force=True).status == 200
    for path, text in (("", "of site-a"), ("?version=2", "of site-b")):
        read = two.ask(B, "GET", two.of(WEB, f"/metadata{path}"))
        assert read.told("metadata")["description"] == text
    assert two.ask(B, "GET", two.of(WEB, "/metadata?version=1")).status == 404


def test_a_person_may_not_put_what_is_older(two):
    old = two.ask(A, "GET", two.of(WEB, "/metadata")).told("metadata")
    two.done(A, "failover")
    body = {"metadata": old}
    path = two.of(WEB, "/metadata")
    answer = two.ask(B, "PUT", path, body)
    assert answer.reason == "metadata-conflict"
    assert two.versions() == (3, 3)
    changed = {**two.ask(B, "GET", path).told("metadata"), "description": "x"}
    assert two.ask(B, "PUT", path, {"metadata": changed}).reason == (
        "metadata-conflict"
    )


# -- each sync status


def test_each_sync_status_is_reached(two):
    assert two.status(A)["status"] == "IN_SYNC"
    two.pair.site(B).stop()
    found = two.status(A)
    assert (found["status"], found["remote_version"]) == ("UNREACHABLE", None)
    two.pair.site(B).start()
    two.pair.site(A).kill()
    two.forced(B)
    assert two.status(B)["status"] == "UNREACHABLE"
    two.pair.site(A).start()
    found = two.status(A)
    assert found["status"] == "OUT_OF_SYNC"
    assert (found["local_version"], found["remote_version"]) == (1, 3)
    assert two.sync(B).status == 200
    assert two.status(A)["status"] == "IN_SYNC"
    assert two.status(A)["last_sync_at"] is not None
    local = two.status(A, query="?local=true")
    assert (local["status"], local["remote_version"]) == ("IN_SYNC", None)


def test_a_peer_that_cannot_read_a_push_is_a_failed_one(two):
    """B has another key of the pair: it cannot open the tokens."""
    site = two.pair.site(B)
    site.stop()
    site.config.pair_key.unlink()
    site.start()
    answer = two.act(A, "failover")
    assert answer.status == 409
    assert answer.body["error"]["details"]["peer_reason"] == "bad-request"
    assert "pair's key" in answer.message
    assert two.versions() == (1, 1)
    assert two.sync(A).status == 409
    found = two.status(A)
    assert found["status"] == "IN_SYNC", "both still hold version 1"


def test_both_volumes_of_a_forced_failover_come_from_one_moment(two):
    two.pair.advance("7m")
    two.pair.site(A).kill()
    forced = two.forced(B)
    arrays = two.pair.site(B).parts.arrays
    made = {
        volume.snapshot_id
        for volume in arrays.volumes(ARRAYS[B])
        if volume.name.startswith("pg-")
    }
    assert made == {forced["result_data"]["snapshot_id"]}
