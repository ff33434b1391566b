"""All groups at a glance, with both sites and with one."""

from __future__ import annotations

import re

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc.v1.status import ShowStatus
from protectorclient.reports import overview_answer
from tests.helpers.check_states import DB_MAPPING, FLAVOR, World, conflict
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, openstack, protector

GROUP = "protection-group"
STORE = f"openstack protector {GROUP} set"
WEB = "--network-mapping net-primary-web=net-secondary-web"


def mapped(pair: LocalPair) -> None:
    """What the names alone do not match is mapped."""
    world = World(pair)
    world.done(f"{STORE} prod-web-app {WEB}")
    world.done(f"{STORE} prod-db {DB_MAPPING} {FLAVOR}")


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_every_group_has_a_row(shell: str, local_pair: LocalPair) -> None:
    run = SHELLS[shell]
    mapped(local_pair)
    ran = run("status -f json")
    assert (ran.code, ran.err) == (0, "")
    bare, database, web = ran.json
    assert [row["name"] for row in ran.json] == [
        "bare",
        "prod-db",
        "prod-web-app",
    ]
    assert (bare["ready"], bare["rpo_seconds"]) == (False, None)
    assert bare["reasons"] == ["There is no replication policy"]
    for row in (database, web):
        assert (row["primary"], row["status"]) == ("site-a", "active")
        assert (row["in_sync"], row["ready"]) == (True, True)
        assert (row["rpo_seconds"], row["within_rpo"]) == (900, True)
        assert row["last_drill"] is None
    table = run("status prod-db prod-web-app -f value")
    assert [line.split()[0] for line in table.out.splitlines()] == [
        "prod-db",
        "prod-web-app",
    ]
    table = run("status prod-db -c lag -c ready")
    assert "of 15m | yes   |" in table.out


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_the_exit_status_of_a_look(shell: str, local_pair: LocalPair) -> None:
    """3 where anything is wrong; without the option 0 as ever."""
    run = SHELLS[shell]
    mapped(local_pair)
    well = "status prod-db prod-web-app"
    assert run(f"{well} --exit-status").code == 0
    assert run(f"{well} --exit-status -f json").code == 0
    assert run("status").code == 0
    assert run("status --exit-status").code == 3, "bare is not ready"
    metrics = run("status --exit-status --prometheus")
    assert (metrics.code, bool(metrics.out)) == (3, True)
    local_pair.fault("slow-replication", seconds=86400.0)
    local_pair.advance("1h")
    assert run(f"{well} --exit-status").code == 3, "the RPO is not held"
    both = run("status --exit-status --watch")
    assert (both.code, both.err) == (
        2,
        "--exit-status judges one look, and --watch has no last one\n"
        "openstack protector status --help\n",
    )


def test_a_silent_site_is_something_wrong(local_pair: LocalPair) -> None:
    mapped(local_pair)
    well = "status prod-db prod-web-app --exit-status -f value -c name"
    for site in ("b", "a"):
        local_pair.site(site).kill()
        ran = protector(well)
        assert (ran.code, ran.out) == (3, "prod-db\nprod-web-app\n")
        local_pair.site(site).start()
    conflict_free = protector(well)
    assert conflict_free.code == 0, conflict_free.err
    for site in ("b", "a"):
        local_pair.site(site).kill()
    assert protector(well).code == 6


def test_an_unknown_group(local_pair: LocalPair) -> None:
    ran = protector("status prod-db nosuch -f json")
    assert ran.code == 1
    assert [row["name"] for row in ran.json] == ["prod-db"]
    assert ran.err == (
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n"
    )
    alone = protector("status nosuch")
    assert (alone.code, alone.out, alone.err) == (1, "", ran.err)


def test_drills_and_their_age(local_pair: LocalPair) -> None:
    drill = f"{GROUP} test-failover prod-web-app {WEB} --retain-primary"
    assert protector(f"{drill} --wait").code == 0
    cleanup = f"{GROUP} test-cleanup prod-web-app --wait"
    assert protector(cleanup).code == 0
    local_pair.advance("10d")
    (row,) = protector("status prod-web-app -f json").json
    assert row["last_drill"]["operation_type"] == "test_failover"
    assert 864000 <= row["last_drill_age_seconds"] < 864060
    assert row["last_operation"]["operation_type"] == "test_cleanup"
    assert "| 10d " in protector("status prod-web-app").out

    recent = protector("drill overdue --older-than 30d -f value")
    assert recent.code == 3
    assert [line.split()[0] for line in recent.out.splitlines()] == [
        "bare",
        "prod-db",
    ]
    strict = protector("drill overdue --older-than 9d -f json")
    assert strict.code == 3
    assert [row["Name"] for row in strict.json] == [
        "bare",
        "prod-db",
        "prod-web-app",
    ]
    assert strict.json[2]["Age"] >= 864000


def test_no_drill_is_overdue(local_pair: LocalPair) -> None:
    for group in ("bare", "prod-db"):
        assert protector(f"{GROUP} delete {group}").code == 0
    drill = f"{GROUP} test-failover prod-web-app {WEB} --retain-primary"
    assert protector(f"{drill} --wait").code == 0
    ran = protector("drill overdue --older-than 90d -f json")
    assert (ran.code, ran.json) == (0, [])


def test_a_dead_site_is_said_to_be_dead(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    ran = protector("status -f json")
    assert ran.code == 0
    assert ran.err == (
        "warning: site-a is dead: Keystone does not answer: connection"
        " refused; these are site-b's records\n"
    )
    for row in ran.json:
        assert (row["primary"], row["in_sync"]) == ("site-a", None)
        assert (row["ready"], row["dead_site"]) == (False, "site-a")
        assert row["reasons"][0].startswith("site-a is dead")
    table = protector("status prod-web-app")
    assert "site-a is dead" in " ".join(table.out.split())
    assert "never" not in table.out
    local_pair.site("b").kill()
    nobody = protector("status")
    assert (nobody.code, nobody.out) == (6, "")


def test_two_sites_that_are_apart(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    failover = f"{GROUP} failover prod-web-app --type unplanned {WEB} --wait"
    assert protector(failover).code == 0
    local_pair.site("a").start()
    (row,) = protector("status prod-web-app -f json").json
    assert (row["primary"], row["status"]) == ("site-b", "failed_over")
    assert (row["in_sync"], row["sync_status"]) == (False, "OUT_OF_SYNC")
    assert row["last_operation"]["operation_type"] == "failover"
    local_pair.site("a").kill()
    other = (
        f"{GROUP} failover prod-db --type unplanned --wait"
        " --network-mapping net-primary-db=net-secondary-db"
        " --flavor-mapping db.big=db.large"
    )
    assert protector(other).code == 0
    local_pair.site("a").start()
    said = protector("status").err.splitlines()
    where = said.index(
        "warning: the sites hold different records of prod-db, prod-web-app;"
        " shown is the site that is ahead"
    )
    assert said[where + 1 : where + 3] == [
        f"openstack protector protection-group reconcile {name}"
        for name in ("prod-db", "prod-web-app")
    ]


def test_metrics_can_be_read(local_pair: LocalPair) -> None:
    local_pair.site("b").kill()
    ran = protector("status --prometheus")
    assert ran.code == 0
    line = re.compile(r"(\w+)\{(?:\w+=\"[^\"]*\",?)+\} -?[0-9.e+-]+")
    typed: set[str] = set()
    for text in ran.out.splitlines():
        if text.startswith("# TYPE "):
            typed.add(text.split()[2])
            continue
        if text.startswith("# HELP "):
            continue
        found = line.fullmatch(text)
        assert found is not None, text
        assert found[1] in typed
    assert 'protector_site_up{site="site-a"} 1' in ran.out
    assert 'protector_site_up{site="site-b"} 0' in ran.out
    assert 'protector_group_ready{group="bare",' in ran.out
    # what nobody knows is no metric
    assert "protector_group_in_sync{" not in ran.out


def test_metrics_of_what_cannot_be_asked(local_pair: LocalPair) -> None:
    """What a site tells is told; a site that says nothing is not up."""
    text = local_pair.clouds_yaml.read_text()
    first, second = text.split("  site-b:\n", 1)
    local_pair.clouds_yaml.write_text(
        f"{first}  site-b:\n{second.replace('demo-secret', 'wrong', 1)}"
    )
    metrics = protector("status --prometheus")
    assert metrics.code == 0, metrics.err
    assert "warning: site-b refuses: Keystone refused" in metrics.err
    assert 'protector_site_up{site="site-a"} 1' in metrics.out
    assert 'protector_site_up{site="site-b"} 0' in metrics.out
    assert 'protector_group_ready{group="bare",' in metrics.out
    rows = protector("status -f json")
    assert rows.code == 0
    assert [row["primary"] for row in rows.json] == ["site-a"] * 3
    assert {row["in_sync"] for row in rows.json} == {None}
    assert rows.err.startswith("warning: site-b refuses: Keystone refused")
    assert "site-b refuses" in protector("status").out

    local_pair.site("a").kill()
    refused = protector("status --prometheus")
    assert refused.code == 7
    local_pair.site("b").kill()
    dead = protector("status --prometheus")
    assert dead.code == 6
    for ran in (refused, dead):
        for site in ("site-a", "site-b"):
            assert f'protector_site_up{{site="{site}"}} 0' in ran.out


def test_metrics_have_one_format(local_pair: LocalPair) -> None:
    ran = protector("status --prometheus -f json")
    assert (ran.code, ran.out) == (2, "")


def test_a_link_that_is_cut_is_not_out_of_sync(local_pair: LocalPair) -> None:
    local_pair.fault("partition", site="b")
    for row in protector("status -f json").json:
        assert (row["in_sync"], row["sync_status"]) == (True, "UNREACHABLE")


def test_an_older_site_has_no_health_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not known of a group is not said to be well."""
    with LocalPair(sockets=True, max_microversion="1.1") as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        ran = protector("status prod-db -f json")
        assert (ran.code, ran.err) == (0, "")
        (row,) = ran.json
        assert (row["in_sync"], row["ready"]) == (True, False)
        assert row["reasons"] == [
            "No network at site-b matches net-primary-db: map it with"
            " --network-mapping",
            "No flavor at site-b matches db.big: map it with --flavor-mapping",
        ]
        assert row["within_rpo"] is True
        (bare,) = protector("status bare -f json").json
        assert (bare["in_sync"], bare["ready"]) == (True, None)
        assert bare["reasons"] == ["unknown: needs API version 1.2"]
        table = protector("status bare -f value")
        assert "unknown: needs API version 1.2" in table.out
        metrics = protector("status --prometheus")
        assert 'protector_group_ready{group="bare"' not in metrics.out
        moved = f"{GROUP} failover prod-web-app {WEB} --wait"
        assert protector(moved).code == 0
        (away,) = protector("status prod-web-app -f json").json
        assert away["ready"] is False
        assert away["reasons"] == ["The group is failed_over"]


@pytest.mark.parametrize("form", ["", "-f json"])
def test_watching(
    form: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            local_pair.site("a").kill()
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ShowStatus, "sleep", staticmethod(sleep))
    ran = protector(f"status prod-db --watch --interval 3s {form}")
    assert ran.code == 130
    assert looks == [3.0, 3.0, 3.0]
    assert ran.out.count("prod-db") >= 3
    assert "\x1b" not in ran.out
    assert "warning: site-a is dead" in ran.err


def test_live_copies_are_named(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until they are stopped; then they are left over, and no more. A site
    that refuses to list groups in brief says the same."""
    local_pair.site("a").kill()
    failover = f"{GROUP} failover prod-web-app --type unplanned {WEB} --wait"
    assert protector(failover).code == 0
    (silent,) = protector("status prod-web-app -f json").json
    assert silent["live_copies"] is None
    local_pair.site("a").start()
    assert protector(f"{GROUP} sync-force prod-web-app").code == 0
    ran = protector("status -f json")
    rows = {row["name"]: row for row in ran.json}
    with monkeypatch.context() as patched:
        patched.setattr(overview_answer, "FIELDS", ("nosuch",))
        long_way = protector("status -f json")
    for row in (*ran.json, *long_way.json):
        # which goes on
        del row["replication_lag_seconds"]
    assert (long_way.json, long_way.err) == (ran.json, ran.err)
    assert rows["prod-db"]["live_copies"] == []
    live = rows["prod-web-app"]["live_copies"]
    assert [one["name"] for one in live] == ["web-1", "web-2", "web-3"]
    assert {(one["site"], one["runs"]) for one in live} == {("site-a", True)}
    told = (
        "web-1, web-2, web-3 run and write at site-a now, beside the group at"
        " site-b"
    )
    assert told in rows["prod-web-app"]["reasons"]
    # no other instance there is called so
    stop = "openstack --os-cloud site-a server stop web-1 web-2 web-3"
    assert ran.err.splitlines() == [
        f"problem: prod-web-app: {told}",
        "openstack protector protection-group failback prod-web-app"
        " --reverse-replication --wait",
        "or, where the group stays at site-b:",
        stop,
    ]
    assert openstack(stop.removeprefix("openstack ")).code == 0
    after = protector("status prod-web-app -f json")
    assert (after.json[0]["live_copies"], after.err) == ([], "")


def test_no_recovery_point_is_no_lag(local_pair: LocalPair) -> None:
    """A lag of none would read as the best that there is."""
    world = World(local_pair)
    mapped(local_pair)
    assert protector(f"{GROUP} failover prod-web-app --wait").code == 0
    assert protector(f"{GROUP} failback prod-web-app --wait").code == 0
    ran = protector("status prod-web-app -c Lag")
    assert "| no recovery point |" in ran.out
    ran = protector("status prod-web-app -f csv -c Lag")
    assert ran.out.split("\n")[1] == '""'
    (row,) = protector("status prod-web-app -f json").json
    assert (row["replication_lag_seconds"], row["within_rpo"]) == (None, False)
    world.done(
        "openstack protector consistency-group sync prod-web-app --wait"
    )
    (row,) = protector("status prod-web-app -f json").json
    assert row["within_rpo"] is True


def test_ready_is_what_the_next_failover_would_be(
    local_pair: LocalPair,
) -> None:
    """Not while it would be refused for a mapping, or fail at Cinder."""
    (row,) = protector("status prod-web-app -f json").json
    assert (row["ready"], row["reasons"]) == (
        False,
        [
            "No network at site-b matches net-primary-web: map it with"
            " --network-mapping"
        ],
    )
    mapped(local_pair)
    assert protector("status prod-web-app -f json").json[0]["ready"] is True
    local_pair.fault("cinder-403", site="b")
    (row,) = protector("status prod-web-app -f json").json
    assert (row["ready"], row["reasons"]) == (
        False,
        ["Cinder of site-b lets no member manage volumes"],
    )


def test_equal_versions_without_a_health_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They may hold different things: the checksums are compared."""
    with LocalPair(sockets=True, max_microversion="1.1") as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        conflict(World(pair))
        (row,) = protector("status prod-web-app -f json").json
        assert (row["in_sync"], row["sync_status"]) == (False, "OUT_OF_SYNC")


def test_a_site_that_does_not_know_a_group(local_pair: LocalPair) -> None:
    ran = protector("--secondary-cloud site-b-rival status prod-web-app")
    assert ran.code == 0, ran.err
    assert "warning: site-b-rival does not know prod-web-app" in ran.err
    assert "different records" not in ran.err
