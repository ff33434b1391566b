"""The arrays check the API tokens of the policy, as the guide expects."""

import pytest

from tests.contract.test_engine_faults import rolled_back
from tests.helpers.engine_parts import BARE, NEWEST, WEB, A, B

PRIMARY, SECONDARY = "primary_fa_api_token", "secondary_fa_api_token"


def set_policy(two, group=WEB, **tokens):
    """The policy with what the arrays take now, or with these."""
    shown = two.pair.folder.tokens()
    policy = {
        "primary_fa_url": "https://one.example.com",
        "secondary_fa_url": "https://two.example.com",
        PRIMARY: shown["flasharray-a"],
        SECONDARY: shown["flasharray-b"],
        **tokens,
    }
    answer = two.ask(A, "POST", two.of(group, "/policy"), {"policy": policy})
    assert answer.status in (200, 201), answer.body


def refused(ended, array, step="get_latest_snapshot"):
    assert ended["status"] == "failed"
    assert ended["steps_failed"] == [step]
    assert ended["error_message"] == (
        f"FlashArray {array} refused the API token of the policy"
    )


@pytest.mark.parametrize(
    ("site", "array"), [(None, "flasharray-b"), (A, "flasharray-a")]
)
def test_the_guide_s_fix(two, site, array):
    """New tokens by the policy cure it."""
    two.pair.fault("array-token", site=site)
    ended = two.done(A, "failover")
    refused(ended, array)
    rolled_back(two, ended)
    set_policy(two)
    assert two.done(A, "failover")["status"] == "completed"
    # and it stays cured when the fault is taken back
    two.pair.clear_faults()
    back = two.done(B, "failback", reverse_replication=True)
    assert back["status"] == "completed"


@pytest.mark.parametrize(
    ("action", "field", "array", "step"),
    [
        ("failover", PRIMARY, "flasharray-a", "get_latest_snapshot"),
        ("failover", SECONDARY, "flasharray-b", "get_latest_snapshot"),
        ("test_failover", SECONDARY, "flasharray-b", "get_latest_snapshot"),
        ("sync_volumes", PRIMARY, "flasharray-a", "create_snapshot"),
        ("sync_volumes", SECONDARY, "flasharray-b", "replicate_snapshot"),
    ],
)
def test_rubbish_is_taken_and_fails_the_step(two, action, field, array, step):
    set_policy(two, **{field: "rubbish"})
    refused(two.done(A, action), array, step)
    set_policy(two)
    assert two.done(A, action)["status"] == "completed"


def test_an_array_that_is_not_needed_is_not_asked(two):
    set_policy(two, **{PRIMARY: "rubbish"})
    ended = two.done(A, "test_failover", retain_primary=True)
    assert ended["status"] == "completed"
    assert two.done(A, "test_cleanup")["status"] == "completed"
    two.pair.site(A).kill()
    assert two.forced(B)["status"] == "completed"


def test_a_forced_failover_needs_the_token_of_its_own_array(two):
    set_policy(two, **{SECONDARY: "rubbish"})
    two.pair.site(A).kill()
    refused(two.forced(B), "flasharray-b")


def test_a_token_that_changes_in_the_middle(two):
    """The promote is the first to notice."""
    two.kill_at(A, "promote_volumes_on_flasharray")
    started = two.started(A, "failover")
    two.drain(A)
    two.pair.fault("array-token", site=B)
    two.pair.site(A).start()
    two.pair.drain()
    ended = two.operation(A, started)
    refused(ended, "flasharray-b", "promote_volumes_on_flasharray")
    rolled_back(two, ended)
    set_policy(two)
    assert two.done(A, "failover")["status"] == "completed"


def test_an_array_that_was_given_another_token(two):
    two.pair.site(A).parts.arrays.require_token("flasharray-b", "fresh")
    ended = two.done(A, "failover")
    refused(ended, "flasharray-b")
    rolled_back(two, ended)
    set_policy(two, **{SECONDARY: "fresh"})
    assert two.done(A, "failover")["status"] == "completed"


def newest(two, group):
    arrays = two.pair.site(A).parts.arrays
    return arrays.newest([two.ids[group]]).get(two.ids[group])


def test_what_replicates_already_goes_on(two):
    """Arrays know each other without the tokens: only who speaks to one
    needs its own."""
    set_policy(two, **{PRIMARY: "rubbish", SECONDARY: "rubbish"})
    before = newest(two, WEB)
    two.pair.advance("1h")
    assert newest(two, WEB) > before


def test_what_is_to_begin_needs_the_token_of_its_array(two):
    set_policy(two, BARE, **{PRIMARY: "rubbish"})
    two.pair.advance("1h")
    assert newest(two, BARE) is None
    set_policy(two, BARE)
    two.pair.advance("1h")
    assert newest(two, BARE) is not None


def health(two, group=WEB):
    url = f"{two.pair.site(A).url}/v1/health"
    found = two.pair.session(A).get(url, headers=NEWEST).json()["health"]
    reports = {one["protection_group_id"]: one for one in found}
    return reports[two.ids[group]]


def test_health_says_which_array_refuses(two):
    assert health(two)["reasons"] == []
    set_policy(two, **{SECONDARY: "rubbish"})
    told = health(two)
    assert told["failover_ready"] is False
    assert told["reasons"] == [
        "FlashArray flasharray-b refuses the policy's API token"
    ]
    set_policy(two)
    # to look uses up no fault of the array
    two.pair.fault("step", stage="array", match="check", times=1)
    assert health(two)["reasons"] == []
    assert two.done(A, "failover")["status"] == "failed"
