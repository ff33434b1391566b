"""After the fire: both sites together again."""

from __future__ import annotations

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc import prompts
from tests.helpers.check_states import World, conflict
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, openstack, protector
from tests.helpers.sampling import sampled

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"
BESIDE = (
    "web-1, web-2, web-3 run and write at site-a now, beside the group at"
    " site-b"
)
RECONCILE = f"{GROUP} reconcile prod-web-app"


@pytest.fixture
def burnt(local_pair: LocalPair) -> LocalPair:
    """site-a was away while the group went to site-b, and is back."""
    local_pair.site("a").kill()
    ran = protector(
        f"{GROUP} failover prod-web-app --type unplanned {WEB} --wait"
    )
    assert ran.code == 0, ran.err
    local_pair.site("a").start()
    return local_pair


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_from_the_fire_to_the_way_home(shell: str, burnt: LocalPair) -> None:
    run = SHELLS[shell]
    looked = run(RECONCILE)
    assert looked.code == 13
    lines = looked.err.splitlines()
    assert lines[0].split() == ["site-a", "site-b"]
    assert lines[1].split() == ["primary", "site-a", "site-b"]
    assert lines[4].split() == ["version", "1", "3"]
    assert "site-b is ahead: failover count 1, and 0 at site-a" in lines
    left = lines.index("left at site-a:")
    assert [line.split()[0] for line in lines[left + 1 : left + 4]] == [
        "web-1",
        "web-2",
        "web-3",
    ]
    assert lines[left + 1].endswith(", ACTIVE, runs and writes now")
    problem = lines.index(f"problem: prod-web-app: {BESIDE}")
    assert lines[problem + 1] == (
        "openstack protector protection-group sync-force prod-web-app"
    )
    assert lines[-2:] == [
        "not confirmed; --yes copies the metadata of site-b",
        "openstack protector protection-group reconcile prod-web-app --yes",
    ]
    assert run(f"{GROUP} sync-status prod-web-app").code == 3

    done = run(f"{RECONCILE} --yes -f json")
    assert done.code == 3, done.err
    assert done.json["ahead"] == "site-b"
    assert done.json["synced"] is True
    assert [one["name"] for one in done.json["left_at_old_primary"]] == [
        "web-1",
        "web-2",
        "web-3",
    ]
    assert {one["runs"] for one in done.json["left_at_old_primary"]} == {True}
    bad = [one for one in done.json["checks"] if one["severity"] != "ok"]
    assert [(one["id"], one["severity"], one["blocks"]) for one in bad] == [
        ("live-copies", "problem", False),
        ("left-over", "warning", False),
    ]
    assert bad[0]["message"] == BESIDE
    assert "check --for failback:" in done.err
    assert run(f"{GROUP} sync-status prod-web-app").code == 0
    assert run(f"{GROUP} failback prod-web-app --wait").code == 0

    after = run(f"{RECONCILE} -f json")
    assert "left at site-b: nothing" in after.err
    assert after.json["was_in_sync"] is True
    assert after.json["left_at_old_primary"] == []


def test_nothing_to_do(local_pair: LocalPair) -> None:
    mapped = f"{GROUP} set prod-web-app {WEB}"
    assert protector(mapped).code == 0
    ran = protector(f"{RECONCILE} -f json")
    assert ran.code == 0, ran.err
    assert ran.json["was_in_sync"] is True
    assert ran.json["synced"] is False
    assert "both hold version 2" in ran.err


def test_a_dead_site_cannot_be_reconciled(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    ran = protector(RECONCILE)
    assert (ran.code, ran.out) == (6, "")
    assert ran.err == (
        "site-a: Keystone does not answer: connection refused\n"
        "openstack protector protection-group check prod-web-app\n"
    )


def test_aconflict_needs_a_winner(local_pair: LocalPair) -> None:
    conflict(World(local_pair))
    ran = protector(f"{RECONCILE} --yes")
    assert ran.code == 5
    assert "not the same: name the one to be kept with --winner" in ran.err
    named = protector(f"{RECONCILE} --yes --winner site-b -f json")
    assert named.json["synced"] is True
    assert "copied from site-b" in named.err
    shown = protector(f"{GROUP} show prod-web-app -f value -c description")
    assert shown.out == "from site-b\n"


def test_a_side_that_is_behind_wins_by_reconcile_alone(
    burnt: LocalPair,
) -> None:
    """sync-force copies metadata; what site-b runs would stay."""
    ran = protector(f"{GROUP} sync-force prod-web-app --winner site-a")
    assert (ran.code, ran.out) == (5, "")
    assert "site-a: site-b is ahead with version 3 against 1; " in ran.err
    assert ran.err.endswith(
        "openstack protector protection-group reconcile prod-web-app"
        " --winner site-a\n"
    )
    unchanged()


def unchanged() -> None:
    shown = protector(f"--os-cloud site-b {GROUP} show prod-web-app -f json")
    assert shown.json["status"] == "failed_over"
    assert shown.json["metadata_version"] == 3
    for site in ("site-a", "site-b"):
        assert running(site) == ["web-1", "web-2", "web-3"]


def running(site: str) -> list[str]:
    """The group's instances that run at a site."""
    ran = openstack(f"--os-cloud {site} server list -f json")
    return sorted(
        one["Name"]
        for one in ran.json
        if one["Name"].startswith("web-") and one["Status"] == "ACTIVE"
    )


WINNER = f"{RECONCILE} --winner site-a"


@pytest.fixture
def mistaken(local_pair: LocalPair) -> LocalPair:
    """Both sites run the group: somebody took a live site for dead."""
    ran = protector(
        f"{GROUP} failover prod-web-app --type unplanned"
        f" --accept-divergence --yes {WEB} --wait"
    )
    assert ran.code == 0, ran.err
    local_pair.advance("14m")
    return local_pair


@pytest.mark.usefixtures("mistaken")
@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_the_way_back_from_a_mistake(shell: str) -> None:
    run = SHELLS[shell]
    asked = run(f"{WINNER} --yes")
    assert asked.code == 13
    lines = asked.err.splitlines()
    for site in ("site-a", "site-b"):
        at = lines.index(f"instances at {site}:")
        for name, line in zip(
            ("web-1", "web-2", "web-3"), lines[at + 1 : at + 4], strict=True
        ):
            assert line.startswith(f"  {name} (")
            assert "ACTIVE since 20" in line
    assert "site-b loses version 3 and 3 instances" in asked.err
    assert "14m" in asked.err and "of writes at site-b, since 20" in asked.err
    assert asked.err.endswith(
        "openstack protector protection-group reconcile prod-web-app"
        " --winner site-a --discard-version 3\n"
    )
    unchanged()

    wrong = run(f"{WINNER} --discard-version 2")
    assert wrong.code == 5
    assert "site-b holds version 3, not 2" in wrong.err
    unchanged()

    done = run(f"{WINNER} --discard-version 3 -f json")
    assert done.json["synced"] is True
    assert done.json["was_in_sync"] is False
    assert "left at site-a" not in done.err
    removed = done.json["stale_removed"]
    assert sorted(one["name"] for one in removed) == [
        "web-1",
        "web-2",
        "web-3",
    ]
    for one in removed:
        for snapshot in one["snapshots"]:
            assert f"kept at site-b: {snapshot} ({one['name']})" in done.err
    assert "check --for failover:" in done.err
    assert running("site-a") == ["web-1", "web-2", "web-3"]
    assert running("site-b") == []
    assert run(f"{GROUP} sync-status prod-web-app").code == 0
    again = run(f"{WINNER} --discard-version 3 -f json")
    assert again.json["synced"] is False, "there is nothing left to do"
    assert again.json["was_in_sync"] is True


@pytest.mark.usefixtures("mistaken")
@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (["site-a", "prod-web-app"], None),
        (["site-b", "prod-web-app"], 13),
        (["site-a", "prod-db"], 13),
        (["y", "y"], 13),
        (["", ""], 13),
    ],
)
@pytest.mark.parametrize(
    "more", sampled(["", " --discard-version 3", " --yes"], 1)
)
def test_on_a_terminal_it_asks_for_both_names(
    answers: list[str],
    code: int | None,
    more: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = iter(answers)
    monkeypatch.setattr(prompts, "on_terminal", lambda: True)
    monkeypatch.setattr(prompts, "_answer", lambda prompt, err: next(typed))
    ran = protector(f"{WINNER}{more} -f json")
    if code is None:
        assert ran.json["synced"] is True
    else:
        assert ran.code == code
        unchanged()


@pytest.mark.usefixtures("mistaken")
def test_a_script_on_a_terminal_says_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompts, "on_terminal", lambda: True)
    ran = protector(f"{WINNER} --discard-version 3 --yes -f json")
    assert ran.json["synced"] is True


def test_a_loser_that_is_silent(mistaken: LocalPair) -> None:
    mistaken.site("b").kill()
    ran = protector(f"{WINNER} --discard-version 3")
    assert (ran.code, ran.out) == (6, "")
    mistaken.site("b").start()
    unchanged()


@pytest.mark.usefixtures("mistaken")
@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--discard-version 3", 2, "--discard-version needs --winner"),
        ("--winner site-a --discard-version x", 2, "metadata version"),
        ("--winner site-a --discard-version 0", 2, "metadata version"),
        ("--winner site-c --discard-version 3", 2, "--winner"),
        ("--winner site-b --discard-version 1", 5, "site-b is ahead"),
    ],
)
def test_what_cannot_be_discarded(options: str, code: int, said: str) -> None:
    ran = protector(f"{RECONCILE} --yes {options}")
    assert ran.code == code
    assert said in ran.err
    unchanged()


def test_one_that_fails_ends_as_an_operation_does(
    mistaken: LocalPair,
) -> None:
    mistaken.fault("step", match="keep_snapshots", times=1)
    ran = protector(f"{WINNER} --discard-version 3 -f json")
    assert ran.code == 10, ran.err
    assert ran.json["synced"] is False
    assert "keep_snapshots" in ran.err
    unchanged()
