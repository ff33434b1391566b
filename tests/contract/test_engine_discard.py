"""The way back from a failover that was forced by mistake."""

import shutil
from collections.abc import Iterator

import pytest

from fakeserver.base.seed_world import ARRAYS
from fakeserver.engine.model.plans import PLANS
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups
from tests.helpers.engine_parts import NEWEST, UNREACHABLE, WEB, A, B, Two
from tests.helpers.sampling import sampled

NAMES = ["web-1", "web-2", "web-3"]
REQUEST = "req-11111111-2222-4333-8444-555555555555"
STEPS = [step.name for step in PLANS["sync_force"]]


@pytest.fixture
def apart(forced_by_mistake, tmp_path) -> Iterator[Two]:
    """A lives and runs the group, and B was told to take it over."""
    made, then = forced_by_mistake
    shutil.copytree(made, tmp_path / "pair")
    with LocalPair(tmp_path / "pair") as pair:
        pair.advance(max(0.0, then - pair.clock.time()))
        yield Two(pair)


def discard(two: Two, version: int, site: str = A, request_id=None, group=WEB):
    headers = dict(NEWEST)
    if request_id is not None:
        headers["X-OpenStack-Request-ID"] = request_id
    path = two.of(group, f"/sync-force?force=true&discard={version}")
    return two.ask(site, "POST", path, headers=headers)


def web(two: Two, site: str) -> dict[str, str]:
    found = two.servers(site)
    return {name: found[name] for name in NAMES if name in found}


def everything(two: Two) -> tuple:
    """What both sites run, keep and hold."""
    return (
        two.servers(A),
        two.servers(B),
        two.volumes(B),
        two.on_array(B),
        two.pair.site(A).parts.arrays.kept(ARRAYS[B]),
        two.held(A),
        two.held(B),
        two.addresses(B),
    )


def edit(two: Two, site: str, **fields) -> None:
    """Change what one site holds, and nobody is told."""
    parts = two.pair.site(site).parts
    found = groups.find(parts.db, two.ids[WEB])
    found.doc.update(fields)
    with parts.db.transaction() as tx:
        groups.save(tx, found)


def settled(two: Two, held: int = 3) -> None:
    """One copy is left, both sites know it, and B's is kept."""
    assert web(two, A) == dict.fromkeys(NAMES, "ACTIVE")
    assert two.servers(B) == {} and two.volumes(B) == {}
    assert two.on_array(B) == set()
    mine, other = two.held(A), two.held(B)
    assert mine == other
    assert mine["version"] == held + 1
    assert mine["failover_count"] == 2
    assert mine["status"] == "active"
    assert mine["current_primary_site_id"] == two.world.site_id(A)
    assert {two.status(site)["status"] for site in (A, B)} == {"IN_SYNC"}
    assert len(two.pair.site(A).parts.arrays.kept(ARRAYS[B])) == 5


def test_the_side_that_is_behind_wins(apart):
    two = apart
    written = two.pair.clock.time()
    answer = discard(two, 3)
    assert answer.status == 200, answer.body
    told = answer.told("sync_status")
    assert told["status"] == "IN_SYNC"
    assert (told["local_version"], told["remote_version"]) == (4, 4)
    assert told["local_failover_count"] == 2
    removed = told["stale_removed"]
    assert sorted(one["name"] for one in removed) == NAMES
    kept = two.pair.site(A).parts.arrays.kept(ARRAYS[B])
    assert sorted(n for one in removed for n in one["snapshots"]) == sorted(
        kept
    )
    # up to the moment in which its instance was stopped
    assert set(kept.values()) == {written}
    settled(two)
    record = two.operation(A, told["operation_id"])
    assert record["operation_type"] == "sync_force"
    assert record["status"] == "completed"
    assert record["steps_completed"] == STEPS
    assert record["result_data"]["stale_removed"] == removed
    assert record["result_data"]["discarded_version"] == 3
    assert record["result_data"]["leftovers"] == []
    # what is overwritten can be read back where it was
    old = two.ask(B, "GET", two.of(WEB, "/metadata?version=3"))
    assert old.told("metadata")["status"] == "failed_over"


def test_the_group_works_on(apart):
    two = apart
    assert discard(two, 3).status == 200
    assert two.done(A, "sync_volumes")["status"] == "completed"
    assert two.done(A, "failover")["status"] == "completed"
    assert two.done(B, "failback", reverse_replication=True)["status"] == (
        "completed"
    )
    assert web(two, A) == dict.fromkeys(NAMES, "ACTIVE")
    assert two.servers(B) == {}


@pytest.mark.parametrize("version", [1, 2, 4])
def test_another_version_is_not_discarded(apart, version):
    before = everything(apart)
    answer = discard(apart, version)
    assert (answer.status, answer.reason) == (409, "metadata-conflict")
    assert "holds version 3" in answer.message
    details = answer.body["error"]["details"]
    assert details["local"]["version"] == 1
    assert details["remote"]["version"] == 3
    assert everything(apart) == before
    assert apart.ask(A, "GET", "operations").body["operations"] == []


def test_force_and_discard_go_together(apart):
    for query in ("discard=3", "force=false&discard=3"):
        path = apart.of(WEB, f"/sync-force?{query}")
        answer = apart.ask(A, "POST", path)
        assert (answer.status, answer.reason) == (400, "bad-request")
    for bad in ("x", "0", "-1", "", "3.0"):
        path = apart.of(WEB, f"/sync-force?force=true&discard={bad}")
        assert apart.ask(A, "POST", path).status == 400


def test_only_the_side_that_is_behind_and_runs_it(apart):
    before = everything(apart)
    ahead = discard(apart, 1, site=B)
    assert (ahead.status, ahead.reason) == (409, "metadata-conflict")
    assert "site-b is ahead" in ahead.message
    assert everything(apart) == before


def test_nothing_to_discard(two):
    answer = discard(two, 1)
    assert (answer.status, answer.reason) == (409, "metadata-conflict")
    assert "there is nothing to discard" in answer.message


def test_the_only_copy_is_not_discarded(two):
    """B completed a failback, and its push is not there yet: what A, which
    is behind, takes for B's copy is the only one."""
    two.done(A, "failover")
    two.kill_at(B, "push", "commit")
    two.started(B, "failback")
    two.drain(B)
    two.pair.site(B).start()
    two.pair.fault("partition", site=B)
    version = two.held(B)["version"]
    assert two.held(A)["version"] < version
    answer = discard(two, version)
    assert answer.status == 409, answer.body
    # it is under way at B; once it has ended, A is not the primary it knows
    two.pair.drain()
    ended = two.ask(B, "GET", "operations").body["operations"][0]
    assert ended["status"] == "completed"
    answer = discard(two, version)
    assert (answer.status, answer.reason) == (409, "invalid-state")
    assert "runs at site-b" in answer.message
    two.pair.clear_faults()
    two.pair.drain()
    assert web(two, A) == dict.fromkeys(NAMES, "ACTIVE")


@pytest.mark.parametrize("how", ["dead", "cut off", "its clouds"])
def test_a_silent_loser(apart, how):
    two = apart
    before = everything(two)
    if how == "dead":
        two.pair.site(B).kill()
    elif how == "cut off":
        two.pair.fault("partition")
    else:
        two.pair.fault("503", site=B, match="* /networking/*")
    answer = discard(two, 3)
    assert (answer.status, answer.reason) == (409, "peer-unreachable")
    assert answer.message == UNREACHABLE
    two.pair.clear_faults()
    two.pair.site(B).start()
    two.pair.drain()
    assert everything(two) == before
    assert two.ask(A, "GET", "operations").body["operations"] == []


def test_an_unfinished_operation_at_the_loser(two):
    """B's forced failover still runs."""
    two.kill_at(B, "manage_volumes_into_cinder")
    started = two.started(
        B, "failover", force=True, network_mapping=two.networks(A)
    )
    version = two.held(B)["version"]
    answer = discard(two, version)
    assert (answer.status, answer.reason) == (409, "metadata-conflict")
    assert started in answer.message and "site-b" in answer.message
    two.pair.drain()


def test_an_unfinished_operation_here(apart):
    """Of two requests the second is refused while the first one works."""
    two = apart
    two.kill_at(A, STEPS[0])
    assert discard(two, 3).status == 0, "A died of it"
    two.pair.site(A).start()
    two.pair.site(A).stop_engine()
    answer = discard(two, 3)
    assert (answer.status, answer.reason) == (409, "metadata-conflict")
    assert "not finished at site-a" in answer.message
    busy = two.act(A, "sync_volumes")
    assert busy.reason == "operation-in-progress"
    assert two.sync(B).reason == "operation-in-progress"
    two.pair.site(A).start_engine()
    two.pair.drain()
    settled(two)


def test_a_repeated_request_makes_nothing_twice(apart):
    two = apart
    first = discard(two, 3, request_id=REQUEST)
    again = discard(two, 3, request_id=REQUEST)
    assert first.status == again.status == 200
    assert again.body == first.body
    late = discard(two, 3)
    assert (late.status, late.reason) == (409, "metadata-conflict")
    settled(two)
    assert len(two.ask(A, "GET", "operations").body["operations"]) == 1
    other = two.act(A, "sync_volumes", request_id=REQUEST)
    assert (other.status, other.reason) == (409, "name-conflict")
    assert "sync_force" in other.message


@pytest.mark.parametrize(
    "point",
    sampled(
        [
            pytest.param((step, stage), id=f"{step}-{stage}")
            for step, stage in (
                *((step, "before") for step in STEPS),
                *((step, "inside") for step in STEPS),
                *((step, "after") for step in STEPS),
                ("push", "commit"),
                ("clean", "commit"),
            )
        ],
        5,
    ),
)
def test_it_is_resumed_wherever_it_dies(apart, point):
    two = apart
    two.kill_at(A, *point)
    assert discard(two, 3, request_id=REQUEST).status == 0
    assert not two.pair.site(A).running
    two.pair.site(A).start()
    again = discard(two, 3, request_id=REQUEST)
    two.pair.drain()
    assert again.status == 200, again.body
    settled(two)
    assert len(two.ask(A, "GET", "operations").body["operations"]) == 1


@pytest.mark.parametrize("point", [("push", "commit"), (STEPS[1], "before")])
def test_the_loser_dies_in_the_middle(apart, point):
    """Before the state is written it is undone; after it goes forward."""
    two = apart
    before = web(two, B)
    two.kill_at(A, *point)
    assert discard(two, 3).status == 0
    two.pair.site(B).kill()
    two.pair.site(A).start()
    two.pair.drain()
    two.pair.site(B).start()
    for _ in range(12):
        two.pair.drain()
    [record] = two.ask(A, "GET", "operations").body["operations"]
    if point[1] == "commit":
        assert record["status"] == "completed"
        assert two.held(A) == two.held(B)
        assert len(record["result_data"]["leftovers"]) == 3 + 5
        return
    assert record["status"] == "failed"
    # its instances could not be started again in 15 minutes
    left = record["result_data"]["leftovers"]
    assert [one["kind"] for one in left] == ["stopped instance"] * 3
    assert set(before) == set(web(two, B))
    assert two.held(A)["status"] == "active", "nothing of it was changed"
    assert two.versions() == (1, 3)
    assert discard(two, 3).status == 200
    settled(two)


@pytest.mark.parametrize("step", STEPS)
def test_one_that_fails_changes_nothing(apart, step):
    two = apart
    before = everything(two)
    two.pair.fault("step", match=step, stage="inside", times=1)
    answer = discard(two, 3)
    assert answer.status == 202
    told = answer.told("sync_status")
    assert told["status"] == "OUT_OF_SYNC"
    assert told["stale_removed"] is None
    record = two.operation(A, told["operation_id"])
    assert record["status"] == "failed"
    assert record["steps_failed"] == [step]
    assert record["result_data"]["leftovers"] == []
    assert "failed" in told["message"]
    after = everything(two)
    kept = 4
    assert after[:kept] == before[:kept] and after[5:] == before[5:]
    assert discard(two, 3).status == 200


def test_the_peer_moves_on_in_the_middle(apart):
    """Whoever pushes into B meanwhile is not overwritten."""
    two = apart
    two.kill_at(A, STEPS[1])
    assert discard(two, 3).status == 0
    edit(two, B, version=9)
    two.pair.site(A).start()
    two.pair.drain()
    [record] = two.ask(A, "GET", "operations").body["operations"]
    assert record["status"] == "failed"
    assert "version 9" in record["error_message"]
    assert web(two, B) == dict.fromkeys(NAMES, "ACTIVE")
    assert two.held(B)["version"] == 9


def test_from_home_the_other_way(two):
    """The group is at B, and A was told to take it over: B wins."""
    assert two.done(A, "failover")["status"] == "completed"
    assert two.done(B, "sync_volumes")["status"] == "completed"
    assert two.forced(A)["status"] == "completed"
    version = two.held(A)["version"]
    answer = discard(two, version, site=B)
    assert answer.status == 200, answer.body
    told = answer.told("sync_status")
    assert sorted(one["name"] for one in told["stale_removed"]) == NAMES
    assert web(two, B) == dict.fromkeys(NAMES, "ACTIVE")
    assert web(two, A) == {}
    assert two.held(A) == two.held(B)
    assert two.held(B)["status"] == "failed_over"
    assert two.done(B, "failback")["status"] == "completed"
    assert web(two, A) == dict.fromkeys(NAMES, "ACTIVE")


def test_a_forced_failover_that_failed_left_only_a_version(two):
    two.pair.fault("step", site=B, match="recreate_instances", times=1)
    assert two.forced(B)["status"] == "failed"
    assert two.versions() == (1, 3)
    answer = discard(two, 3)
    assert answer.status == 200, answer.body
    assert answer.told("sync_status")["stale_removed"] == []
    assert two.held(A) == two.held(B)
    assert two.held(A)["failover_count"] == 1


def test_a_reader_may_not(apart):
    path = apart.of(WEB, "/sync-force?force=true&discard=3")
    url = apart.pair.site(A).url
    project = apart.world.project_id(A, "demo")
    session = apart.pair.session("site-a-auditor")
    answer = session.post(f"{url}/v1/{project}/{path}", raise_exc=False)
    assert answer.status_code == 403


def test_other_groups_are_left_alone(apart):
    two = apart
    before = (two.held(A, "prod-db"), two.servers(A))
    assert discard(two, 3).status == 200
    assert (two.held(A, "prod-db"), two.servers(A)) == before


def test_a_group_in_error_stays_so(apart):
    two = apart
    edit(two, A, status="error")
    assert discard(two, 3).status == 200
    assert two.held(A)["status"] == two.held(B)["status"] == "error"
