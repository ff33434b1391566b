"""Versions, statuses and records of operations that go well."""

import re

import pytest

from fakeserver.engine.model.plans import PLANS, REVERSING
from fakeserver.store import groups
from tests.helpers.engine_parts import DB, WEB, A, B, Two
from tests.helpers.sampling import sampled

COUNT = "failover_count"


def counts(two: Two) -> tuple[int, int]:
    return two.held(A, WEB)[COUNT], two.held(B, WEB)[COUNT]


def test_a_new_group_has_version_1(two):
    kind = two.group(A)["volume_type_id"]
    sites = [two.world.site_id(name) for name in (A, B)]
    asked = {
        "name": "fresh",
        "volume_type_id": kind,
        "primary_site_id": sites[0],
        "secondary_site_id": sites[1],
    }
    made = two.ask(
        A, "POST", "protection-groups", {"protection_group": asked}
    ).told("protection_group")
    two.ids["fresh"] = made["id"]
    assert made["metadata_version"] == 1
    assert two.versions("fresh") == (1, 1)
    assert two.states("fresh") == ("active", "active")
    assert made["consistency_group_id"] not in (
        None,
        two.group(B, "fresh")["consistency_group_id"],
    )


def test_a_planned_move_and_the_way_back_count_two_each(two):
    assert two.versions() == (1, 1)
    started = two.started(A, "failover")
    assert two.versions() == (2, 2)
    assert two.states() == ("failing_over", "failing_over")
    assert two.held(B)["operation"] == {
        "id": started,
        "type": "failover",
        "site_id": two.world.site_id(A),
    }
    two.pair.drain()
    assert two.versions() == (3, 3)
    assert two.states() == ("failed_over", "failed_over")
    assert counts(two) == (1, 1)
    assert two.held(A) == two.held(B)
    two.started(B, "failback")
    assert two.versions() == (4, 4)
    assert two.states() == ("failing_back", "failing_back")
    two.pair.drain()
    assert two.versions() == (5, 5)
    assert two.states() == ("active", "active")
    assert counts(two) == (1, 1), "a failback is no failover"


def test_a_rollback_counts_one_more(two):
    two.pair.fault("step", match="recreate_instances", stage="before")
    ended = two.done(A, "failover")
    assert ended["status"] == "failed"
    assert two.versions() == (3, 3)
    assert two.states() == ("active", "active")
    assert counts(two) == (0, 0)


def test_a_drill_and_its_clean_up_count_one_each(two):
    two.started(A, "test_failover", retain_primary=True)
    assert two.versions() == (1, 1)
    assert two.states() == ("active", "active")
    two.pair.drain()
    assert two.versions() == (2, 2)
    assert two.held(A)["tests"] == two.held(B)["tests"] != []
    two.started(A, "test_cleanup")
    assert two.versions() == (2, 2)
    two.pair.drain()
    assert two.versions() == (3, 3)
    assert two.held(B)["tests"] == []
    assert two.states() == ("active", "active")


def test_a_sync_counts_nothing(two):
    assert two.done(A, "sync_volumes")["status"] == "completed"
    assert two.sync(A).status == 200
    assert two.versions() == (1, 1)


def test_a_forced_failover_leaves_the_dead_site_behind(two):
    two.pair.site(A).kill()
    two.forced(B)
    assert two.held(B)["version"] == 3
    two.pair.site(A).start()
    assert two.versions() == (1, 3)
    assert counts(two) == (0, 1)
    assert two.sync(B).told("sync_status")["status"] == "IN_SYNC"
    assert two.versions() == (3, 3)
    assert counts(two) == (1, 1)
    assert two.held(A) == two.held(B)


def test_background_replication_is_no_change(two):
    before = two.group(A)["last_replication_at"]
    two.pair.advance("1h")
    assert two.group(A)["last_replication_at"] > before
    assert two.versions() == (1, 1)


def test_the_document_is_neutral(two):
    """Nothing that is another thing at the other site, or at no site."""
    found = two.ask(A, "GET", two.of(WEB, "/metadata")).told("metadata")
    text = str(found)
    for site in (A, B):
        assert two.world.project_id(site, "demo") not in text
        group = two.group(site)
        assert group["consistency_group_id"] not in text
        assert group["volume_type_id"] not in text
    # the one moment in it is of the instances, not of the documents
    timeless = re.sub(r"'power_state_at': '[^']*'", "", text)
    assert timeless != text
    assert not re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", timeless)
    assert "sealed" not in text
    assert "fa-token" not in text


def test_checksums_are_equal_although_secrets_are_sealed_apart(two):
    policy = {
        "primary_fa_url": "https://one.example.com",
        "secondary_fa_url": "https://two.example.com",
        "primary_fa_api_token": "secret-one",
        "secondary_fa_api_token": "secret-two",
    }
    for site in (A, A, B):
        answer = two.ask(
            site, "POST", two.of(WEB, "/policy"), {"policy": policy}
        )
        assert answer.status in (200, 201), answer.body
    assert two.versions() == (4, 4)
    found = two.status(A)
    assert found["local_checksum"] == found["remote_checksum"]
    opened = two.pair.site(A).parts.pair.decrypt(
        two.held(A)["policy"]["primary_fa_api_token"]["sealed"], two.ids[WEB]
    )
    assert opened == "secret-one"


CASES = {
    "failover": (A, (), {}),
    "failback": (B, ("failover",), {}),
    "test_failover": (A, (), {"retain_primary": True}),
    "test_cleanup": (A, ("test_failover",), {}),
    "sync_volumes": (A, (), {}),
}


@pytest.mark.parametrize("action", CASES)
def test_the_steps_that_end(two, action):
    site, before, params = CASES[action]
    for earlier in before:
        assert two.done(A, earlier)["status"] == "completed"
    ended = two.done(site, action, **params)
    assert ended["status"] == "completed"
    plan = PLANS[action]
    assert ended["steps_completed"] == [step.name for step in plan]
    assert ended["steps_failed"] == []
    assert ended["progress"] == 100
    assert ended["error_message"] is None


@pytest.mark.parametrize(
    ("action", "n"),
    sampled(
        [(action, n) for action in CASES for n in range(len(PLANS[action]))],
        8,
    ),
)
def test_the_bands_of_the_steps(two, action, n):
    site, before, params = CASES[action]
    plan = PLANS[action]
    for earlier in before:
        assert two.done(A, earlier)["status"] == "completed"
    two.pair.fault("step", match=plan[n].name, stage="before", times=1)
    failed = two.done(site, action, **params)
    assert failed["status"] == "failed"
    assert failed["steps_failed"] == [plan[n].name]
    assert failed["steps_completed"] == [s.name for s in plan[:n]]
    start = plan[n - 1].end if n else 0
    assert start <= failed["progress"] <= plan[n].end


def test_reversing_adds_a_step(two):
    two.done(A, "failover")
    ended = two.done(B, "failback", reverse_replication=True)
    assert ended["steps_completed"] == [step.name for step in REVERSING]
    assert ended["steps_completed"][-2] == "reverse_replication"


def test_the_result_of_a_failover(two):
    result = two.done(A, "failover", group=DB)["result_data"]
    assert result["instances_created"] == 2 == len(result["instances"])
    assert result["volumes_managed"] == 4 == len(result["volumes"])
    assert result["current_primary_site"] == B
    assert set(result["volumes"]) <= set(two.volumes(B).values())
    assert set(result["instances"]) <= set(two.server_ids(B))
    assert result["leftovers"] == []
    assert "sync_warning" not in result
    points = two.ask(B, "GET", two.of(DB, "/consistency-group")).told(
        "consistency_group"
    )["recovery_points"]
    chosen = {p["id"]: p["created_at"] for p in points if p["complete"]}
    assert chosen[result["snapshot_id"]] == result["snapshot_created_at"]


def test_nothing_is_left_at_the_source(two):
    two.done(A, "failover")
    assert two.servers(B) == dict.fromkeys(
        ("web-1", "web-2", "web-3"), "ACTIVE"
    )
    assert not {name for name in two.servers(A) if name.startswith("web")}
    assert not {name for name in two.volumes(A) if name.startswith("web")}


def grouped(two: Two, site: str) -> set[str]:
    """What Cinder's own group holds at a site."""
    opened = two.pair.site(site).opened
    found = groups.find(opened.ground.db, two.ids[WEB])
    cloud = opened.service.access.cloud(found, two.world.site_id(site))
    return set(cloud.group(found.local.consistency_group_id)["volumes"])


def test_the_consistency_group_follows_the_primary(two):
    assert len(grouped(two, A)) == 5
    moved = two.done(A, "failover")["result_data"]["volumes"]
    two.pair.drain()
    assert (grouped(two, A), grouped(two, B)) == (set(), set(moved))
    back = two.done(B, "failback")["result_data"]["volumes"]
    two.pair.drain()
    assert (grouped(two, A), grouped(two, B)) == (set(back), set())
    two.done(A, "sync_volumes")
    two.pair.site(A).kill()
    forced = two.forced(B)["result_data"]["volumes"]
    assert grouped(two, B) == set(forced)


def test_a_consistency_group_that_cannot_be_asked_follows_later(two):
    two.started(A, "failover")
    two.pair.drain()
    two.pair.reset()
    two.pair.fault("503", site=B, match="*/groups/*")
    moved = two.done(A, "failover")["result_data"]["volumes"]
    two.pair.drain()
    two.pair.clear_faults()
    assert grouped(two, B) == set()
    two.pair.drain()
    assert grouped(two, B) == set(moved)
