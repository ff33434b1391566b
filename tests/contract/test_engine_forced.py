"""Forced failovers: what they take over, and what they cannot have."""

import pytest

from fakeserver.engine.model.plans import PLANS
from tests.helpers.engine_parts import DB, WEB, A, B, Two
from tests.helpers.sampling import sampled

NAMES = ("web-1", "web-2", "web-3")
MAKERS = (
    "promote_volumes_on_flasharray",
    "manage_volumes_into_cinder",
    "recreate_instances",
)


def take_address(two: Two, site: str, address: str) -> None:
    """An instance of somebody else in the tenant's project has it."""
    world, url = two.world, two.pair.site(site).url
    http = two.pair.session(site)
    volumes = f"{url}/volume/v3/{world.project_id(site, 'demo')}/volumes"
    volume = http.post(
        volumes, json={"volume": {"name": "squatter", "size": 1}}
    ).json()["volume"]["id"]
    bootable = {"os-set_bootable": {"bootable": True}}
    http.post(f"{volumes}/{volume}/action", json=bootable)
    kind = "primary" if site == A else "secondary"
    network = world.network_id(site, f"net-{kind}-web")
    server = {
        "name": "squatter",
        "flavorRef": world.flavor_id(site, "m1.large"),
        "networks": [{"uuid": network, "fixed_ip": address}],
        "block_device_mapping_v2": [
            {
                "uuid": volume,
                "source_type": "volume",
                "destination_type": "volume",
                "boot_index": 0,
                "delete_on_termination": True,
            }
        ],
    }
    http.post(f"{url}/compute/v2.1/servers", json={"server": server})


def test_it_says_what_it_could_not_know(two):
    two.pair.advance("4m")
    two.pair.site(A).kill()
    ended = two.forced(B)
    result = ended["result_data"]
    assert "site-a" in result["sync_warning"]
    assert "sync-force" in result["sync_warning"]
    assert result["snapshot_created_at"] < ended["started_at"]
    assert ended["parameters"]["force"] is True
    assert two.status(B)["status"] == "UNREACHABLE"
    assert two.held(B)["status"] == "failed_over"
    assert two.group(B)["last_replication_at"] == result["snapshot_created_at"]


def test_a_side_that_is_behind_wins_no_conflict(two):
    """Force decides where both have changed, and nothing else."""
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    for force in (False, True):
        answer = two.sync(A, force=force)
        assert (answer.status, answer.reason) == (409, "wrong-site")
        assert "site-b is ahead" in answer.message
    assert two.versions() == (1, 3)
    assert two.sync(B).status == 200
    assert two.versions() == (3, 3)


def test_its_push_waits_for_people_also_after_a_refusal(two):
    """B's sync comes while A is busy: nobody repeats it by himself."""
    two.kill_at(A, "create_test_instances")
    two.started(A, "test_failover", retain_primary=True)
    two.drain(A)
    two.forced(B)
    two.pair.site(A).start()
    assert two.sync(B).reason == "operation-in-progress"
    for _ in range(25):
        two.pair.drain()
    assert two.versions() == (1, 3)
    assert two.sync(B).status == 200


def test_its_push_waits_for_people(two):
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    for _ in range(25):
        two.pair.drain()
    assert two.versions() == (1, 3)
    assert two.act(B, "failback").reason == "out-of-sync"
    assert two.sync(B).status == 200
    assert two.versions() == (3, 3)


@pytest.mark.parametrize("step", MAKERS)
def test_what_the_peer_had_made_is_taken_over(two, step):
    two.kill_at(A, step, "after")
    first = two.started(A, "failover")
    two.drain(A)
    made = (two.on_array(B), set(two.volumes(B).values()))
    servers = set(two.server_ids(B))
    ended = two.forced(B)
    assert ended["status"] == "completed", ended["error_message"]
    assert two.on_array(B) >= made[0] and len(two.on_array(B)) == 5
    assert set(two.volumes(B).values()) >= made[1]
    assert set(two.server_ids(B)) >= servers
    assert len(two.servers(B)) == 3
    assert two.held(B)["operation"] is None
    assert two.kept(B, ended["id"]).state.lineage == first


def test_it_ends_partial_when_members_cannot_be_rebuilt(two):
    take_address(two, B, "10.10.0.13")
    two.pair.site(A).kill()
    ended = two.forced(B, keep_addresses=True)
    assert ended["status"] == "completed"
    result = ended["result_data"]
    assert result["instances_created"] == 2
    assert result["volumes_managed"] == 5, "the storage was promoted"
    [missing] = result["not_rebuilt"]
    assert "web-3" in missing["why"]
    assert two.held(B)["status"] == "failed_over_partial"
    states = {
        member["sites"][two.world.site_id(B)]["instance_name"]: (
            member["status"]
        )
        for member in two.held(B)["members"]
    }
    assert states == {
        "web-1": "failed_over",
        "web-2": "failed_over",
        "web-3": "error",
    }


def test_the_way_back_from_a_partial_one_brings_all_of_them(two):
    take_address(two, B, "10.10.0.13")
    two.pair.site(A).kill()
    two.forced(B, keep_addresses=True)
    two.pair.site(A).start()
    assert two.sync(B).status == 200
    back = two.done(B, "failback")
    assert back["status"] == "completed", back["error_message"]
    assert {n for n in two.servers(A) if n in NAMES} == set(NAMES)
    assert two.states() == ("active", "active")
    statuses = {member["status"] for member in two.held(A)["members"]}
    assert statuses == {"protected"}
    assert len(back["result_data"]["stale_removed"]) == 3
    assert set(two.servers(B)) == {"squatter"}
    assert two.on_array(B) == set()


def test_a_partial_one_may_be_forced_again_from_the_other_side(two):
    take_address(two, B, "10.10.0.13")
    two.pair.site(A).kill()
    two.forced(B, keep_addresses=True)
    two.pair.site(A).start()
    two.sync(B)
    assert two.done(B, "sync_volumes")["status"] == "completed"
    two.pair.site(B).kill()
    again = two.forced(A)
    assert again["status"] == "completed", again["error_message"]
    assert two.held(A)["status"] == "active"


def test_it_fails_when_nothing_can_be_rebuilt(two):
    for address in ("10.10.0.11", "10.10.0.12", "10.10.0.13"):
        take_address(two, B, address)
    two.pair.site(A).kill()
    ended = two.forced(B, keep_addresses=True)
    assert ended["status"] == "failed"
    assert ended["steps_failed"] == ["recreate_instances"]
    assert two.held(B)["status"] == "active", "what it was"
    assert two.held(B)["version"] == 3
    assert two.on_array(B) == set()
    assert set(two.volumes(B)) == {"squatter"}


def test_its_own_cloud_may_be_down(two):
    """Refused before it is begun, and not for the peer's sake."""
    two.pair.site(A).kill()
    two.pair.fault("503", site=B, match="* /compute/*")
    answer = two.act(B, "failover", force=True)
    assert (answer.status, answer.reason) == (409, "invalid-state")
    assert "site-b" in answer.message
    assert two.held(B)["version"] == 1
    two.pair.clear_faults()
    started = two.started(B, "failover", force=True)
    two.pair.fault("503", site=B, match="* /volume/*")
    two.pair.drain()
    ended = two.operation(B, started)
    assert ended["status"] == "failed"
    two.pair.clear_faults()
    assert two.forced(B)["status"] == "completed"


def test_the_planned_one_tells_its_own_cloud_from_the_peer(two):
    two.pair.fault("503", site=A, match="* /networking/*")
    # its own Neutron is asked for what no member has
    spare = two.networks(A, DB)
    both = {**two.networks(A, WEB), **spare}
    answer = two.act(A, "failover", network_mapping=both)
    assert answer.reason == "invalid-state"
    assert "site-a" in answer.message
    two.pair.clear_faults()
    two.pair.fault("503", site=B, match="* /networking/*")
    assert two.act(A, "failover").reason == "peer-unreachable"


def test_a_failback_keeps_what_never_replicated(two):
    """A ran on after the last replication; its writes are on a snapshot."""
    two.pair.advance("4m")
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    two.sync(B)
    two.pair.advance("10m")
    back = two.done(B, "failback")
    assert back["status"] == "completed", back["error_message"]
    removed = back["result_data"]["stale_removed"]
    assert {one["name"] for one in removed} == set(NAMES)
    arrays = two.pair.site(A).parts.arrays
    kept = arrays.kept("flasharray-a")
    for one in removed:
        for name in one["snapshots"]:
            assert name in kept
    assert len(kept) == 5


def test_a_failback_that_fails_lets_the_old_primary_run_again(two):
    two.pair.site(A).kill()
    two.forced(B)
    two.pair.site(A).start()
    two.sync(B)
    before = (two.servers(A), two.addresses(A))
    two.pair.fault("step", match="recreate_instances", times=1)
    assert two.done(B, "failback")["status"] == "failed"
    assert (two.servers(A), two.addresses(A)) == before
    assert two.states() == ("failed_over", "failed_over")
    assert set(two.servers(B).values()) == {"ACTIVE"}


@pytest.mark.parametrize(
    ("step", "stage"),
    sampled(
        [
            (step.name, stage)
            for stage in ("before", "inside", "after")
            for step in PLANS["failover"]
        ],
        8,
    ),
)
def test_it_is_resumed_wherever_it_dies(two, step, stage):
    two.pair.site(A).kill()
    two.kill_at(B, step, stage)
    started = two.started(B, "failover", force=True)
    two.drain(B)
    assert not two.pair.site(B).running
    two.pair.site(B).start()
    two.drain(B)
    ended = two.operation(B, started)
    assert ended["status"] == "completed", ended["error_message"]
    assert sorted(two.servers(B)) == list(NAMES)
    assert len(two.on_array(B)) == 5 == len(two.volumes(B))
    assert two.held(B)["version"] == 3
    assert two.held(B)["failover_count"] == 1


def test_both_sites_die_and_the_first_one_back_goes_on(two):
    two.kill_at(A, "manage_volumes_into_cinder", "inside")
    first = two.started(A, "failover")
    two.drain(A)
    two.pair.site(B).kill()
    two.pair.site(A).start()
    two.pair.site(B).start()
    two.pair.drain()
    ended = two.operation(A, first)
    assert ended["status"] == "completed"
    assert sorted(two.servers(B)) == list(NAMES)
    assert two.versions() == (3, 3)


def test_a_second_crash_in_the_rollback(two):
    two.pair.fault("step", match="recreate_instances", times=1)
    two.kill_at(A, "manage", "undo")
    first = two.started(A, "failover")
    two.drain(A)
    assert not two.pair.site(A).running
    assert two.versions() == (2, 2)
    for kind in ("promote", "link", "stop"):
        two.pair.site(A).start()
        two.kill_at(A, kind, "undo")
        two.drain(A)
        assert not two.pair.site(A).running, kind
    two.pair.site(A).start()
    two.pair.drain()
    ended = two.operation(A, first)
    assert ended["status"] == "failed"
    assert ended["result_data"]["leftovers"] == []
    assert two.servers(B) == {} and two.on_array(B) == set()
    assert {n: s for n, s in two.servers(A).items() if n in NAMES} == (
        dict.fromkeys(NAMES, "ACTIVE")
    )
    assert two.versions() == (3, 3)
    assert two.held(A, WEB)["status"] == "active"
