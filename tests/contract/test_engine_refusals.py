"""Which action is refused when, by whom, in which order."""

import concurrent.futures

import pytest

from fakeserver.engine.model.document import checksum
from fakeserver.store import groups
from tests.helpers.engine_parts import (
    BARE,
    DB,
    NEWEST,
    UNREACHABLE,
    WEB,
    A,
    B,
    Two,
)
from tests.helpers.sampling import sampled


def put_status(two: Two, status: str, primary: str = A, **more) -> None:
    """Both sites hold a group that is in this state."""
    for site in (A, B):
        parts = two.pair.site(site).parts
        found = groups.find(parts.db, two.ids[WEB])
        found.doc.update(
            status=status,
            current_primary_site_id=two.world.site_id(primary),
            **more,
        )
        two.pair.site(site).service.metadata.delivered(found)
        with parts.db.transaction() as tx:
            groups.save(tx, found)


ALL = (
    "active",
    "failing_over",
    "failed_over",
    "failed_over_partial",
    "failing_back",
    "error",
)
#: contract: the status an action needs
NEEDS = {
    "failover": {"active"},
    "failback": {"failed_over", "failed_over_partial"},
    "test_failover": {"active"},
    "sync_volumes": {"active", "failed_over", "failed_over_partial"},
}


@pytest.mark.parametrize("action", NEEDS)
def test_each_action_needs_its_status(two, action):
    for status in ALL:
        if status in NEEDS[action]:
            continue
        put_status(two, status)
        answer = two.act(A, action)
        assert (answer.status, answer.reason) == (409, "invalid-state")
        if action == "failback":
            assert answer.message == (
                "Protection Group is not in failed_over state"
            )
        else:
            assert status in answer.message
    assert two.versions() == (1, 1)


@pytest.mark.parametrize("status", ALL)
def test_a_clean_up_needs_a_test_and_a_status(two, status):
    put_status(two, status)
    answer = two.act(A, "test_cleanup")
    fits = status in ("active", "failed_over", "failed_over_partial")
    assert answer.reason == ("nothing-to-clean" if fits else "invalid-state")


def test_an_operation_goes_before_the_status(two):
    """Whoever waits for it can go on; a status is no answer to that."""
    started = two.act(A, "failover").told("operation")
    [member, *_] = two.ask(A, "GET", two.of(WEB, "/members")).told("members")
    instance = {"member": {"instance_id": member["instance_id"]}}
    for site in (A, B):
        assert two.group(site)["status"] == "failing_over"
        for method, path, body in (
            ("DELETE", two.of(WEB), None),
            ("DELETE", two.of(WEB, f"/members/{member['id']}"), None),
            ("POST", two.of(WEB, "/members"), instance),
        ):
            answer = two.ask(site, method, path, body)
            assert answer.reason == "operation-in-progress"
            assert started["id"] in answer.message


@pytest.mark.parametrize("status", ALL)
def test_a_forced_failover_takes_over_what_the_peer_has_left(two, status):
    running = {
        "id": "op-00000000-0000-4000-8000-000000000000",
        "type": "failover",
        "site_id": two.world.site_id(A),
    }
    moving = status in ("failing_over", "failing_back")
    put_status(two, status, operation=running if moving else None)
    two.pair.site(A).kill()
    assert two.forced(B)["status"] == "completed"


def test_a_reset_needs_an_error_and_an_admin(two):
    for status in ALL:
        put_status(two, status)
        answer = two.act(A, "reset_status", status="active")
        if status == "error":
            assert answer.status == 202
        else:
            assert answer.reason == "invalid-state"
    put_status(two, "error")
    body = {"reset_status": {"status": "active"}}
    path = two.of(WEB, "/action")
    assert two.ask(A, "POST", path, body, user="").reason == "forbidden"


@pytest.mark.parametrize(
    ("action", "primary"),
    [
        ("failover", A),
        ("test_failover", A),
        ("sync_volumes", A),
        ("failback", B),
    ],
)
def test_the_wrong_site_names_the_right_one(two, action, primary):
    if primary == B:
        put_status(two, "failed_over", primary=B)
    wrong = B if primary == A else A
    answer = two.act(wrong, action)
    assert answer.reason == "wrong-site"
    assert answer.body["error"]["details"]["site"] == primary
    assert primary in answer.message


def test_a_forced_failover_belongs_to_the_other_site(two):
    answer = two.act(A, "failover", force=True)
    assert answer.reason == "wrong-site"
    assert answer.body["error"]["details"]["site"] == B


def test_the_checks_come_in_their_order(two):
    """Each refusal hides those behind it; all of them are true at first."""
    nobody = {"00000000-0000-4000-8000-000000000000": "x"}

    def asked(site=B, **params):
        return two.act(site, "failover", network_mapping=nobody, **params)

    test = {
        "operation_id": "op-1",
        "site_id": two.world.site_id(B),
        "instances": [],
        "volumes": [],
        "stopped_site_id": two.world.site_id(A),
        "stopped": [],
    }
    policy = two.held(A)["policy"]
    running = {
        "id": "op-00000000-0000-4000-8000-000000000000",
        "type": "failover",
        "site_id": two.world.site_id(A),
    }
    put_status(two, "error", operation=running, policy=None, tests=[test])
    two.pair.fault("partition")
    two.ids["none"] = "00000000-0000-4000-8000-000000000000"
    body = two.ask(B, "POST", two.of("none", "/action"), {"failover": 1})
    assert body.reason == "bad-request"
    assert two.act(B, "failover", "none").reason == "not-found"
    assert asked().reason == "operation-in-progress"
    put_status(two, "error", operation=None)
    assert asked().reason == "invalid-state"
    put_status(two, "active")
    assert asked().reason == "wrong-site"
    assert asked(A).reason == "test-not-cleaned"
    put_status(two, "active", tests=[])
    assert asked(A).reason == "policy-missing"
    put_status(two, "active", policy=policy)
    assert asked(A).reason == "peer-unreachable"
    assert asked(A).message == UNREACHABLE
    two.pair.clear_faults()
    group = groups.find(two.pair.site(B).parts.db, two.ids[WEB])
    group.doc["description"] = "changed apart"
    with two.pair.site(B).parts.db.transaction() as tx:
        groups.save(tx, group)
    assert asked(A).reason == "out-of-sync"
    put_status(two, "active", description="")
    refused = asked(A)
    assert refused.reason == "bad-request"
    assert "00000000-0000-4000-8000-000000000000" in refused.message
    assert two.versions() == (1, 1)
    assert two.ask(A, "GET", "operations").body["operations"] == []


def test_one_unfinished_operation_a_group(two):
    first = two.started(A, "failover")
    for site, action in (
        (A, "failover"),
        (A, "sync_volumes"),
        (B, "failback"),
    ):
        answer = two.act(site, action)
        assert answer.reason == "operation-in-progress"
        assert first in answer.message
    assert two.act(A, "sync_volumes", DB).status == 202
    two.pair.drain()
    assert two.operation(A, first)["status"] == "completed"


def test_a_change_is_refused_while_an_operation_runs(two):
    two.started(A, "test_failover", retain_primary=True)
    body = {"protection_group": {"description": "x"}}
    for site in (A, B):
        answer = two.ask(site, "PATCH", two.of(WEB), body)
        assert answer.reason == "operation-in-progress", site
    assert two.versions() == (1, 1)


def test_everything_that_changes_is_blocked_without_the_peer(two):
    two.done(A, "test_failover", group=DB, retain_primary=True)
    two.pair.site(B).stop()
    policy = {
        "primary_fa_url": "https://one.example.com",
        "secondary_fa_url": "https://two.example.com",
        "primary_fa_api_token": "one",
        "secondary_fa_api_token": "two",
    }
    member = two.ask(A, "GET", two.of(WEB, "/members")).body["members"][0]
    group = two.group(A)
    fresh = {
        "name": "fresh",
        "volume_type_id": group["volume_type_id"],
        "primary_site_id": group["primary_site_id"],
        "secondary_site_id": group["secondary_site_id"],
    }
    blocked = [
        two.act(A, "failover"),
        two.act(A, "test_failover"),
        two.act(A, "test_cleanup", DB),
        two.act(A, "sync_volumes"),
        two.sync(A),
        two.sync(A, force=True),
        two.ask(A, "POST", two.of(WEB, "/consistency-group/sync")),
        two.ask(A, "POST", two.of(WEB, "/policy"), {"policy": policy}),
        two.ask(A, "DELETE", two.of(WEB, "/policy")),
        two.ask(
            A, "PATCH", two.of(WEB), {"protection_group": {"name": "other"}}
        ),
        two.ask(A, "DELETE", two.of(WEB)),
        two.ask(A, "DELETE", two.of(WEB, f"/members/{member['id']}")),
        two.ask(A, "POST", "protection-groups", {"protection_group": fresh}),
    ]
    for answer in blocked:
        assert (answer.status, answer.reason) == (409, "peer-unreachable")
        assert answer.message == UNREACHABLE
    for path in ("", "/members", "/policy", "/sync-status", "/metadata"):
        assert two.ask(A, "GET", two.of(WEB, path)).status == 200
    assert two.status(A)["status"] == "UNREACHABLE"
    assert two.held(A)["version"] == 1


# -- mappings


def test_a_key_must_be_at_the_source_and_a_value_at_the_target(two):
    good = two.networks(A)
    [(key, value)] = good.items()
    for mapping, name in (
        ({value: value}, value),
        ({key: key}, key),
        ({"no-such": value}, "no-such"),
    ):
        answer = two.act(A, "failover", network_mapping=mapping)
        assert (answer.status, answer.reason) == (400, "bad-request")
        assert name in answer.message
    for mapping, name in (
        ({"db.large": "m1.large"}, "db.large"),
        ({"m1.large": "db.big"}, "db.big"),
    ):
        answer = two.act(A, "failover", flavor_mapping=mapping)
        assert (answer.status, answer.reason) == (400, "bad-request")
        assert name in answer.message


def test_flavors_are_named_or_numbered(two):
    big = two.world.flavor_id(A, "db.big")
    large = two.world.flavor_id(B, "db.large")
    for key in ("db.big", big):
        for value in ("db.large", large):
            started = two.act(A, "failover", DB, flavor_mapping={key: value})
            assert started.status == 202, started.body
            two.pair.fault("step", match="validate_target_site", times=1)
            two.pair.drain()


def test_what_is_not_mapped_is_matched_by_name_or_named(two):
    answer = two.act(A, "failover", DB, network_mapping={}, flavor_mapping={})
    assert (answer.status, answer.reason) == (400, "mapping-incomplete")
    for name in ("db.big", "net-primary-db"):
        assert name in answer.message
    assert "m1.large" not in answer.message
    twice = two.act(
        A,
        "failover",
        DB,
        flavor_mapping={
            "db.big": "db.large",
            two.world.flavor_id(A, "db.big"): "m1.large",
        },
    )
    assert twice.reason == "bad-request"


def test_a_mapped_source_that_no_member_uses_is_allowed(two):
    both = two.networks(A) | two.networks(A, DB)
    assert two.act(A, "failover", network_mapping=both).status == 202


def test_a_failback_gives_back_what_a_member_had(two):
    before = two.addresses(A)
    two.done(A, "failover", group=DB)
    ended = two.done(
        B, "failback", group=DB, network_mapping={}, flavor_mapping={}
    )
    assert ended["status"] == "completed"
    entries = [
        member["sites"][two.world.site_id(A)]
        for member in two.held(A, DB)["members"]
    ]
    assert {e["flavor"]["name"] for e in entries} == {"db.big"}
    assert two.addresses(A) == before


def test_stored_mappings_serve_where_an_action_gives_none(two):
    body = {
        "protection_group": {
            "network_mapping": two.networks(A) | two.networks(A, DB),
            "flavor_mapping": {"db.big": "db.large"},
        }
    }
    assert two.ask(A, "PATCH", two.of(DB), body).status == 200
    started = two.act(A, "failover", DB, network_mapping={}, flavor_mapping={})
    assert started.status == 202, started.body


def test_a_forced_failover_looks_its_names_up_in_the_metadata(two):
    two.pair.site(A).kill()
    both = two.networks(A) | two.networks(A, DB)
    nobody = {"no-such": next(iter(both.values()))}
    answer = two.act(B, "failover", network_mapping=nobody, force=True)
    assert (answer.status, answer.reason) == (400, "bad-request")
    assert "no-such" in answer.message
    # the other network is known from another group of the tenant
    assert two.forced(B, network_mapping=both)["status"] == "completed"


def test_a_stored_mapping_is_not_in_the_way_of_a_forced_failover(two):
    gone = "00000000-0000-4000-8000-000000000000"
    mapping = two.networks(A)
    stored = {**mapping, gone: next(iter(mapping.values()))}
    put_status(two, "active", network_mapping=stored)
    two.pair.site(A).kill()
    assert two.forced(B, network_mapping={})["status"] == "completed"


# -- the same request again


REQUEST = "req-11111111-2222-4333-8444-555555555555"
OTHER_REQUEST = "req-66666666-2222-4333-8444-555555555555"


def test_a_request_id_starts_one_operation(two):
    first = two.act(A, "sync_volumes", request_id=REQUEST)
    again = two.act(A, "sync_volumes", request_id=REQUEST)
    assert first.status == again.status == 202
    assert first.body == again.body
    two.pair.drain()
    late = two.act(A, "sync_volumes", request_id=REQUEST)
    assert late.status == 202
    assert late.body["operation"]["id"] == first.body["operation"]["id"]
    assert late.body["operation"]["status"] == "completed"
    other = two.act(A, "sync_volumes", DB, request_id=REQUEST)
    assert other.body["operation"]["id"] != first.body["operation"]["id"]


@pytest.mark.parametrize("ended", [False, True])
def test_a_request_id_starts_nothing_of_another_type(two, ended):
    first = two.act(A, "sync_volumes", request_id=REQUEST)
    if ended:
        two.pair.drain()
    before = two.held(A)
    for action, given in (
        ("test_failover", {}),
        ("failover", {}),
        ("failover", {"retain_primary": True}),
        ("failback", {}),
        ("test_cleanup", {}),
        ("reset_status", {"status": "active"}),
    ):
        answer = two.act(A, action, request_id=REQUEST, **given)
        assert (answer.status, answer.reason) == (409, "name-conflict")
        named = first.body["operation"]["id"]
        assert named in answer.message and "sync_volumes" in answer.message
        assert answer.body["error"]["details"]["operation_id"] == named
    assert two.held(A) == before
    assert len(two.ask(A, "GET", "operations").body["operations"]) == 1


def test_the_sync_endpoint_and_the_action_are_one_type(two):
    headers = {**NEWEST, "X-OpenStack-Request-ID": REQUEST}
    path = two.of(WEB, "/consistency-group/sync")
    first = two.ask(A, "POST", path, headers=headers)
    two.pair.drain()
    again = two.act(A, "sync_volumes", request_id=REQUEST)
    assert again.status == first.status == 202
    assert again.body["operation"]["id"] == first.body["operation"]["id"]
    two.done(A, "failover", request_id=OTHER_REQUEST)
    headers["X-OpenStack-Request-ID"] = OTHER_REQUEST
    refused = two.ask(A, "POST", path, headers=headers)
    assert (refused.status, refused.reason) == (409, "name-conflict")


def test_a_request_id_of_a_reset(two):
    put_status(two, "error")
    set_to = {"status": "active", "request_id": REQUEST}
    first = two.act(A, "reset_status", **set_to)
    again = two.act(A, "reset_status", **set_to)
    assert first.status == again.status == 202
    assert again.body == first.body
    refused = two.act(A, "sync_volumes", request_id=REQUEST)
    assert (refused.status, refused.reason) == (409, "name-conflict")


def test_a_refused_request_id_is_not_used_up(two):
    two.pair.fault("partition", times=1)
    assert two.act(A, "failover", request_id=REQUEST).status == 409
    assert two.act(A, "failover", request_id=REQUEST).status == 202


@pytest.mark.parametrize("turns", sampled([15, 50], 1))
def test_of_two_at_the_same_instant_exactly_one_wins(two, turns):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for turn in range(turns):
            pair = pool.map(
                lambda action: two.act(A, action),
                ("sync_volumes", "test_failover"),
            )
            answers = sorted(pair, key=lambda answer: answer.status)
            assert [one.status for one in answers] == [202, 409], turn
            assert answers[1].reason == "operation-in-progress"
            two.pair.fault("step", stage="before", times=1)
            two.pair.drain()
    ended = two.ask(A, "GET", "operations?limit=100").body["operations"]
    assert len(ended) == turns


def test_two_sites_that_change_a_group_at_once_do_not_part(two):
    def rename(site):
        body = {"protection_group": {"description": site}}
        return two.ask(site, "PATCH", two.of(WEB), body)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            answers = list(pool.map(rename, (A, B)))
            assert all(one.status in (200, 409) for one in answers)
            two.pair.drain()
            assert checksum(two.held(A)) == checksum(two.held(B))


def test_bare_needs_a_policy(two):
    assert two.act(A, "failover", BARE).reason == "policy-missing"
