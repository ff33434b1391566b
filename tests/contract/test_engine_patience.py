"""Sites that fall silent: who waits how long, and what is left of it."""

import pytest

from fakeserver.base.seed_world import ARRAYS
from fakeserver.engine.cloud_client.cloud import CloudUnreachable, RemoteCloud
from fakeserver.engine.peer.client import Peer, PeerSilent
from fakeserver.store import groups
from tests.helpers.engine_parts import DB, WEB, A, B, Two

STEPS = (
    "get_latest_snapshot",
    "promote_volumes_on_flasharray",
    "manage_volumes_into_cinder",
    "recreate_instances",
)


class Gate:
    """Cuts the sites off from each other, from a point on, for a time."""

    def __init__(self, two: Two, site: str, point: str, seconds: float):
        self.clock = two.pair.clock
        self.until = 0.0
        self.seconds = seconds
        self.point = point
        plan = two.pair.site(site).parts.faults
        at = plan.at

        def watched(point: str) -> None:
            if point == self.point and not self.until:
                self.until = self.clock.time() + self.seconds
            at(point)

        plan.at = watched
        for name in (A, B):
            other = two.pair.site(name).parts.faults
            other.cuts = self._cuts(other.cuts, name)

    def _cuts(self, cuts, name):
        def cut(target: str) -> bool:
            away = target != name and self.clock.time() < self.until
            return away or cuts(target)

        return cut


def as_before(two: Two) -> bool:
    running = {n: s for n, s in two.servers(A).items() if n.startswith("web")}
    return (
        running == dict.fromkeys(("web-1", "web-2", "web-3"), "ACTIVE")
        and two.servers(B) == {}
        and two.volumes(B) == {}
        and two.on_array(B) == set()
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_step_waits_30_seconds_for_the_other_site(two, step):
    gate = Gate(two, A, f"before:{step}", 29.0)
    ended = two.done(A, "failover")
    assert gate.until, "the step was never reached"
    assert ended["status"] == "completed", ended["error_message"]
    assert two.states() == ("failed_over", "failed_over")


def test_a_step_gives_up_after_30_seconds(two):
    before = two.pair.clock.time()
    gate = Gate(two, A, "before:manage_volumes_into_cinder", 60.0)
    ended = two.done(A, "failover")
    assert ended["status"] == "failed"
    assert ended["steps_failed"] == ["manage_volumes_into_cinder"]
    assert "site-b" in ended["error_message"]
    assert as_before(two)
    assert two.states() == ("active", "active")
    assert two.versions() == (3, 3)
    # the step's half minute, and what the undo had to wait after it
    assert 60.0 <= two.pair.clock.time() - before <= 65.0
    assert two.pair.clock.time() >= gate.until


def test_an_undo_waits_15_minutes(two):
    before = two.pair.clock.time()
    Gate(two, A, "before:recreate_instances", 30.0 + 890.0)
    ended = two.done(A, "failover")
    assert ended["status"] == "failed"
    assert ended["result_data"]["leftovers"] == []
    assert as_before(two)
    assert two.states() == ("active", "active")
    assert two.pair.clock.time() - before < 30 + 900


@pytest.fixture
def given_up(two):
    """An operation whose undo found nobody for too long."""
    Gate(two, A, "before:recreate_instances", 3600.0)
    ended = two.done(A, "failover")
    return two, ended


def test_an_undo_that_gives_up_says_what_is_left(given_up):
    two, ended = given_up
    assert ended["status"] == "failed"
    assert two.held(A)["status"] == "error"
    left = ended["result_data"]["leftovers"]
    kinds = {one["kind"] for one in left}
    assert {"volume", "array volume"} <= kinds
    assert all(one["site"] == B for one in left)
    assert {one["id"] for one in left if one["kind"] == "volume"} == set(
        two.volumes(B).values()
    )
    assert {
        one["name"] for one in left if one["kind"] == "array volume"
    } == two.on_array(B)
    # what was stopped at this site runs again all the same
    assert all(state == "ACTIVE" for state in two.servers(A).values())


def test_the_peer_is_told_of_the_error_when_it_is_back(given_up):
    two, _ = given_up
    assert two.versions() == (3, 2)
    assert two.status(A)["status"] == "UNREACHABLE"
    two.pair.advance("2h")
    two.pair.drain()
    assert two.versions() == (3, 3)
    assert two.states() == ("error", "error")
    assert two.status(A)["status"] == "IN_SYNC"


def test_the_way_out_of_an_error(given_up):
    two, _ = given_up
    two.pair.advance("2h")
    two.pair.drain()
    assert two.act(A, "failover").reason == "invalid-state"
    answer = two.act(A, "reset_status", status="active")
    assert answer.status == 202
    record = answer.body["operation"]
    assert (record["operation_type"], record["status"]) == (
        "reset_status",
        "completed",
    )
    assert two.states() == ("active", "active")
    assert two.versions() == (4, 4)
    assert two.operation(A, record["id"])["parameters"]["status"] == "active"


def test_a_reset_names_the_status_that_fits_the_primary(given_up):
    two, _ = given_up
    two.pair.advance("2h")
    two.pair.drain()
    answer = two.act(A, "reset_status", status="failed_over")
    assert (answer.status, answer.reason) == (409, "invalid-state")
    assert "site-a" in answer.message
    assert two.states() == ("error", "error")


def test_a_reset_is_refused_without_the_peer(given_up):
    two, _ = given_up
    answer = two.act(A, "reset_status", status="active")
    assert answer.reason == "peer-unreachable"
    assert two.held(A)["status"] == "error"


def test_a_reset_is_refused_while_two_live_copies_exist(two):
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    two.sync(B)
    # A's instances never stopped; now a failback fails and cannot be undone
    two.pair.fault("step", site=B, match="unplug", stage="undo")
    two.pair.fault("step", site=B, match="stop", stage="undo")
    two.pair.fault("step", site=B, match="recreate_instances")
    ended = two.done(B, "failback")
    assert ended["status"] == "failed"
    assert two.states() == ("error", "error")
    two.pair.clear_faults()
    parts = two.pair.site(B).parts
    group = groups.find(parts.db, two.ids[WEB])
    for member in group.doc["members"]:
        for site_id, entry in member["sites"].items():
            cloud = two.pair.site(B).service.access.cloud(group, site_id)
            cloud.start_server(entry["instance_id"])
    answer = two.act(B, "reset_status", status="failed_over")
    assert answer.reason == "invalid-state"
    for name in ("web-1", "web-2", "web-3"):
        assert name in answer.message


def test_leftovers_of_a_clean_up_are_named(two):
    """The state is written; what cannot be removed does not undo it."""
    two.pair.fault("503", site=A, match="DELETE */servers/*")
    ended = two.done(A, "failover")
    assert ended["status"] == "completed"
    left = ended["result_data"]["leftovers"]
    assert {one["name"] for one in left if one["kind"] == "instance"} == {
        "web-1",
        "web-2",
        "web-3",
    }
    assert all(one["site"] == A and one["why"] for one in left)
    assert set(two.servers(A).values()) == {"SHUTOFF", "ACTIVE"}
    assert two.states() == ("failed_over", "failed_over")


def test_a_clean_up_has_one_patience_for_all(two):
    """Not one for each of three instances."""
    two.pair.fault("503", site=A, match="DELETE */servers/*")
    before = two.pair.clock.time()
    ended = two.done(A, "failover")
    assert len(ended["result_data"]["leftovers"]) == 8
    assert 30 <= two.pair.clock.time() - before <= 35


def test_a_clean_up_is_patient_anew_after_each_deed(two):
    """Every instance is silent for a while: all of them are removed."""
    deaf = {}
    delete = RemoteCloud.delete_server

    def slow(cloud, server_id):
        now = two.pair.clock.time()
        if now - deaf.setdefault(server_id, now) < 29.0:
            raise CloudUnreachable(A, "no answer in time")
        delete(cloud, server_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RemoteCloud, "delete_server", slow)
        ended = two.done(A, "failover")
    assert len(deaf) == 3
    assert ended["result_data"]["leftovers"] == []


def test_a_clean_up_remembers_a_site_that_it_gave_up(two):
    two.pair.fault("503", site=A, match="DELETE */servers/*")
    two.kill_at(A, "update_protection_group_state", "after")
    started = two.started(A, "failover")
    two.pair.drain()
    two.pair.site(A).start()
    before = two.pair.clock.time()
    two.pair.drain()
    assert two.pair.clock.time() - before < 5
    ended = two.operation(A, started)
    assert ended["status"] == "completed"
    assert len(ended["result_data"]["leftovers"]) == 8


def test_the_last_push_is_repeated_until_it_is_accepted(two):
    Gate(two, A, "commit:push", 3600.0)
    ended = two.done(A, "failover")
    assert ended["status"] == "completed"
    assert two.versions() == (3, 2)
    assert two.status(A)["status"] == "UNREACHABLE"
    for _ in range(3):
        two.pair.drain()
    assert two.versions() == (3, 2)
    two.pair.advance("1h")
    two.pair.drain()
    assert two.versions() == (3, 3)
    assert two.states() == ("failed_over", "failed_over")
    assert two.status(A)["status"] == "IN_SYNC"


def test_a_push_that_a_proxy_answers_has_failed(two):
    """The service itself answers; the engine goes on trying."""
    two.started(A, "failover")
    two.pair.fault("503", site=B, match="PUT */metadata")
    two.pair.drain()
    assert two.versions() == (3, 2)
    for _ in range(2):
        found = two.status(A)
        assert found["status"] == "FAILED"
        assert found["message"] == (
            "The last push was not answered by the service of site-b: "
            "HTTP 503, text/html"
        )
        assert found["remote_version"] == 2
        two.pair.drain()
    two.pair.clear_faults()
    two.pair.drain()
    assert two.versions() == (3, 3)
    assert two.status(A)["status"] == "IN_SYNC"


def test_a_push_without_an_answer_has_not(two):
    two.started(A, "failover")
    rule = two.pair.fault("503", site=B, match="PUT */metadata")
    two.pair.drain()
    two.pair.fault("reset", site=B, match="PUT */metadata")
    two.pair.clear_faults(rule)
    assert two.status(A)["status"] == "FAILED"
    two.pair.drain()
    assert two.status(A)["status"] == "OUT_OF_SYNC"


def test_a_sync_that_a_proxy_answers_has_failed(two):
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    assert two.status(B)["status"] == "OUT_OF_SYNC"
    rule = two.pair.fault("503", site=A, match="PUT */metadata")
    assert two.sync(B).reason == "peer-unreachable"
    assert two.status(B)["status"] == "FAILED"
    two.pair.clear_faults(rule)
    assert two.sync(B).told("sync_status")["status"] == "IN_SYNC"


def test_an_unreadable_push_holds_up_no_other_group(two):
    two.started(A, "failover")
    two.started(A, "failover", group=DB)
    rule = two.pair.fault("503", site=B, match="PUT */metadata")
    two.pair.drain()
    due = groups.ids_with_push(two.pair.site(A).parts.db, "due")
    first, second = sorted((WEB, DB), key=lambda n: due.index(two.ids[n]))
    two.pair.clear_faults(rule)
    two.pair.fault("503", site=B, match=f"PUT */{two.ids[first]}/metadata")
    two.pair.drain()
    assert two.versions(first) == (3, 2)
    assert two.versions(second) == (3, 3)


def test_a_push_whose_answer_is_lost_has_arrived(two):
    two.pair.fault(
        "reset", site=B, match="PUT */metadata", stage="after", times=1
    )
    two.started(A, "failover")
    assert two.versions() == (2, 2)
    two.pair.fault(
        "truncate", site=B, match="PUT */metadata", stage="after", times=1
    )
    two.pair.drain()
    assert two.versions() == (3, 3)


@pytest.fixture
def lost(two, monkeypatch):
    """The answer to a push is lost, and then the way to ask for it."""
    put = Peer.put

    def put_and_fall_silent(self, *args):
        monkeypatch.setattr(Peer, "put", put)
        put(self, *args)
        two.pair.fault("reset", site=B, match="GET */sync-status", times=1)
        raise PeerSilent(self.site, "the answer is lost")

    monkeypatch.setattr(Peer, "put", put_and_fall_silent)
    return two


def test_a_push_of_which_nobody_knows_is_answered_by_a_newer_version(lost):
    two = lost
    body = {"protection_group": {"description": "lost"}}
    answer = two.ask(A, "PATCH", two.of(WEB), body)
    assert answer.reason == "peer-unreachable"
    assert two.versions() == (3, 2)
    assert two.held(A)["description"] != "lost"
    assert two.held(B)["description"] == "lost"
    # a person may be quicker than the engine: that is no conflict
    assert two.sync(A).status == 200
    assert two.versions() == (3, 3)
    assert two.held(B)["description"] != "lost"


def test_a_create_of_which_nobody_knows_is_taken_back_at_the_peer(lost):
    two = lost
    group = two.group(A)
    body = {
        "protection_group": {
            "name": "fresh",
            "volume_type_id": group["volume_type_id"],
            "primary_site_id": group["primary_site_id"],
            "secondary_site_id": group["secondary_site_id"],
        }
    }

    def names(site):
        listed = two.ask(site, "GET", "protection-groups").body
        return {one["name"] for one in listed["protection_groups"]}

    answer = two.ask(A, "POST", "protection-groups", body)
    assert answer.reason == "peer-unreachable"
    assert "fresh" not in names(A)
    assert "fresh" in names(B)
    two.pair.drain()
    assert "fresh" not in names(B)
    assert two.ask(A, "POST", "protection-groups", body).status == 201


def test_a_crash_between_a_change_and_its_push_leaves_no_difference(
    two, monkeypatch
):
    def die(self, *args):
        plan = two.pair.site(A).parts.faults
        plan.dead = True
        plan._crash()
        plan.alive()

    with monkeypatch.context() as dying:
        dying.setattr(Peer, "put", die)
        body = {"protection_group": {"description": "half"}}
        assert two.ask(A, "PATCH", two.of(WEB), body).status == 0
    two.pair.site(A).start()
    assert two.versions() == (2, 1)
    two.pair.drain()
    assert two.versions() == (2, 2)
    assert two.held(B)["description"] == "half"


def test_a_stopped_service_goes_on_where_it_was(two):
    started = two.started(A, "failover")
    two.pair.site(A).service.stop()
    two.pair.drain()
    assert two.operation(A, started)["status"] == "pending"
    two.pair.site(A).service.start()
    two.pair.drain()
    assert two.operation(A, started)["status"] == "completed"


def test_slow_replication_is_waited_for(two):
    two.pair.fault("slow-replication", seconds=1800.0)
    before = two.pair.clock.time()
    ended = two.done(A, "failover")
    assert ended["status"] == "completed"
    assert two.pair.clock.time() - before >= 1800.0


def test_arrays_hold_nothing_of_a_failed_operation(two):
    two.pair.fault("step", match="recreate_instances")
    two.done(A, "failover")
    arrays = two.pair.site(A).parts.arrays
    link = arrays.link(two.ids[WEB])
    assert (link.source, link.target) == (ARRAYS[A], ARRAYS[B])
    assert link.running
    assert as_before(two)


def test_a_volume_that_may_be_out_of_cinder_is_named_on_its_array(
    two, monkeypatch
):
    """The answer to its unmanage was lost, and the site with it: by its id
    in Cinder nobody would find it any more."""
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    two.sync(B)
    unmanage = RemoteCloud.unmanage_volume
    stale = set(two.volumes(A).values())

    def last(self, volume_id):
        unmanage(self, volume_id)
        if volume_id in stale:
            two.pair.fault("partition")

    monkeypatch.setattr(RemoteCloud, "unmanage_volume", last)
    ended = two.done(B, "failback")
    assert ended["status"] == "completed", ended["error_message"]
    parts = two.pair.site(A).parts
    there = {one.name for one in parts.arrays.volumes(ARRAYS[A])}
    left = ended["result_data"]["leftovers"]
    named = {one["name"] for one in left if one["kind"] == "array volume"}
    assert named and named <= there
    ids = {one["id"] for one in left if one["kind"] == "volume"}
    assert ids - set(two.volumes(A).values()), "one of them was taken out"
