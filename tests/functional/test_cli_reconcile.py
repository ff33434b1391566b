"""After the fire: both sites together again."""

from __future__ import annotations

import pytest
from check_states import World, conflict
from clirunner import SHELLS, protector

from fakeserver.harness import LocalPair

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


@pytest.mark.parametrize("shell", SHELLS)
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
    assert lines[-1] == "not confirmed; --yes copies the metadata of site-b"
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


@pytest.mark.parametrize("command", ["reconcile", "sync-force"])
def test_a_side_that_is_behind_does_not_win(
    command: str, burnt: LocalPair
) -> None:
    """There is no conflict: site-b knows all that site-a knows, and more."""
    yes = "--yes" if command == "reconcile" else ""
    ran = protector(f"{GROUP} {command} prod-web-app {yes} --winner site-a")
    assert (ran.code, ran.out) == (5, "")
    assert "site-a: Site site-b is ahead with version 3 against 1; " in ran.err
    assert ran.err.endswith("hint: there is no conflict: leave out --winner\n")
    shown = protector(f"--os-cloud site-b {GROUP} show prod-web-app -f json")
    assert shown.json["status"] == "failed_over"
    assert shown.json["metadata_version"] == 3
