"""Every row of the table: found alone, and cleared as it is printed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.base.errors import STATUS as REASONS
from fakeserver.local.pair import LocalPair
from protectorclient.preflight import checks
from tests.helpers.check_states import (
    EQUIVALENTS,
    GROUP,
    RETYPED,
    STATES,
    WEB_MAPPING,
    State,
    World,
    left_behind,
)
from tests.helpers.sampling import sampled

#: a malformed request, a too large one and a broken service are no state
#: of the world that could be looked at before; a Keystone that gives no
#: answer is the row of a site that does not answer
NO_ROW = {"bad-request", "too-large", "internal", "identity-unreachable"}


@pytest.fixture
def world(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    state: State = request.param
    with LocalPair(sockets=True, **state.pair) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", state.cloud)
        made = World(pair)
        if state.stored:
            made.done(f"{GROUP} set {state.group} {state.stored}")
        if state.group == "bare":
            made.done(f"{GROUP} set bare {STATES[0].stored}")
        os.environ.update(state.env)
        state.make(made)
        yield made


def bad(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (row["id"], row["severity"])
        for row in rows
        if row["severity"] in ("problem", "warning")
    ]


@pytest.mark.parametrize(
    ("world", "state"),
    sampled([(state, state) for state in STATES], 12),
    ids=[state.id for state in STATES],
    indirect=["world"],
)
def test_exactly_this_row_and_its_fix(world: World, state: State) -> None:
    found = world.type(state.line("--strict -f json"))
    assert sorted(bad(found.json)) == sorted(
        [(state.check, state.severity), *state.beside]
    ), found.out
    assert found.code == (3 if state.severity == "problem" else 4)
    (row,) = [
        row for row in found.json if row["id"] == state.check and row["fix"]
    ]
    for field in ("message", "cause", "impact", "fix", "site"):
        assert row[field], field
    assert row["blocks"] is state.blocks

    retyped = clear(world, state, row, printed(world, state, row))
    again = world.type(f"{retyped or state.line()} --strict -f json")
    left = bad(again.json)
    assert state.check not in [check for check, _ in left], again.out
    if state.clean:
        assert (left, again.code) == ([], 0), again.out


def printed(
    world: World, state: State, row: dict[str, Any]
) -> list[tuple[str, bool]]:
    """The commands on stderr for a row, and whether each takes an admin.

    Each is a line of its own; of two ways the first. No command is in the
    table.
    """
    ran = world.type(state.line("--strict"))
    assert "openstack" not in ran.out, ran.out
    lines = ran.err.splitlines()
    start = lines.index(f"{row['id']} ({row['site']}):") + 1
    found, as_admin = [], False
    for line in lines[start:]:
        if HEAD.fullmatch(line) or line.startswith("or, "):
            break
        if line.startswith(("openstack", "  openstack")):
            found.append((line, as_admin))
        as_admin = line.endswith("as an admin:")
    assert [line for line, _ in found] == [
        line
        for line in row["fix"].partition("\nor, ")[0].splitlines()
        if line.startswith("openstack ")
    ]
    return found


#: how what clears a row begins, and how the last line does
HEAD = re.compile(r"[a-z-]+ \([\w-]+\):|\d+ ok, .*")


def clear(
    world: World,
    state: State,
    row: dict[str, Any],
    lines: list[tuple[str, bool]],
) -> str | None:
    """Do what is printed; the command to type from now on, if it is one."""
    if state.check in RETYPED:
        return RETYPED[state.check]
    if state.check in EQUIVALENTS:
        assert not row["fix"].startswith("openstack protector")
        EQUIVALENTS[state.check](world)
        return None
    assert lines
    for line, as_admin in lines:
        if "protection-group check" in line:
            return line
        cloud = None
        if as_admin:
            ours = " protector " in line
            cloud = "site-a-admin" if ours else f"{row['site']}-admin"
            line = line.replace("--os-cloud site-b ", f"--os-cloud {cloud} ")
        world.done(line, cloud)
    return None


def test_every_check_has_a_state() -> None:
    assert {check.id for check in checks.CHECKS} == {
        state.check for state in STATES
    }


def test_every_reason_has_a_check() -> None:
    told = {check.reason for check in checks.CHECKS} - {None}
    assert told == set(REASONS) - NO_ROW


@pytest.mark.parametrize("purpose", ["failover", "test-failover"])
def test_a_sound_group_has_no_bad_row(
    purpose: str, local_pair: LocalPair
) -> None:
    world = World(local_pair)
    ran = world.type(
        f"{GROUP} check prod-web-app --for {purpose} --strict -f json"
        " --network-mapping net-primary-web=net-secondary-web"
    )
    assert ran.code == 0, ran.out
    assert {row["severity"] for row in ran.json} == {"ok"}
    assert ran.err.splitlines()[-1] == (
        f"{len(ran.json)} ok, 0 warnings, 0 problems"
    )


@pytest.mark.parametrize("site", ["site-a", "site-b"])
def test_a_dead_site_is_one_problem(site: str, local_pair: LocalPair) -> None:
    """What cannot be asked is skipped, and names the cause."""
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {STATES[0].stored}")
    local_pair.site(site).kill()
    ran = world.type(f"{GROUP} check prod-web-app -f json", "site-a")
    assert ran.code == 3
    assert bad(ran.json) == [("reachable", "problem")]
    skipped = [row for row in ran.json if row["severity"] == "skipped"]
    assert skipped
    assert {row["message"] for row in skipped} == {f"{site} does not answer"}
    assert "1 problem," in ran.err.splitlines()[-1]


def test_a_dead_primary_is_no_problem_of_an_unplanned_failover(
    local_pair: LocalPair,
) -> None:
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {STATES[0].stored}")
    local_pair.site("a").kill()
    ran = world.type(
        f"{GROUP} check prod-web-app --for unplanned --strict -f json"
    )
    assert (bad(ran.json), ran.code) == ([], 0)


def test_several_groups_are_told_apart(local_pair: LocalPair) -> None:
    world = World(local_pair)
    ran = world.type(f"{GROUP} check bare prod-db -f json")
    assert ran.code == 3
    assert {row["protection_group"] for row in ran.json} == {"bare", "prod-db"}
    table = world.type(f"{GROUP} check bare prod-db -f value -c Check")
    assert len(table.out.splitlines()) == len(ran.json)


def test_a_misspelt_group_does_not_hide_the_rest(
    local_pair: LocalPair,
) -> None:
    ran = World(local_pair).type(f"{GROUP} check prod-db nosuch -f json")
    assert ran.code == 1
    assert {row["protection_group"] for row in ran.json} == {"prod-db"}
    assert ran.err.endswith(
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n"
    )


def test_a_group_that_is_not_there(local_pair: LocalPair) -> None:
    ran = World(local_pair).type(f"{GROUP} check nosuch")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n"
    )


#: what each purpose finds where nothing replicates since a failback
UNREPLICATED = [
    ("failover", 0, [("replication", "warning")]),
    (
        "test-failover",
        3,
        [("replication", "warning"), ("recovery-point", "problem")],
    ),
    (
        "unplanned",
        3,
        [
            ("primary-silent", "problem"),
            ("replication", "warning"),
            ("recovery-point", "problem"),
        ],
    ),
]


def test_after_a_failback_nothing_is_replicated(local_pair: LocalPair) -> None:
    """The points of the way out and of the way home serve nobody."""
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {STATES[0].stored}")
    world.done(f"{GROUP} failover prod-web-app --wait")
    world.done(f"{GROUP} failback prod-web-app --wait")
    for purpose, code, rows in UNREPLICATED:
        ran = world.type(f"{GROUP} check prod-web-app --for {purpose} -f json")
        assert (ran.code, bad(ran.json)) == (code, rows), ran.out
    (health,) = [
        one
        for one in world.client("site-a").health.list()
        if one.protection_group_name == "prod-web-app"
    ]
    assert health.failover_ready is False
    assert health.rpo_compliant is False
    assert health.replication_lag_seconds is None
    assert health.reasons == ("The replication to site-b is stopped",)
    guarded = world.type(
        f"{GROUP} failover prod-web-app --max-recovery-point-age 1d"
    )
    assert (guarded.code, guarded.err) == (
        5,
        "prod-web-app has no complete recovery point at site-b; nothing was"
        " sent\n"
        "openstack protector consistency-group show prod-web-app\n",
    )
    local_pair.site("a").kill()
    lost = world.type(
        f"{GROUP} check prod-web-app --for unplanned -f json", "site-b"
    )
    assert bad(lost.json) == UNREPLICATED[1][2]
    fixes = {row["fix"] for row in lost.json if row["severity"] == "problem"}
    assert fixes == {"None can be made before site-a is back"}


def test_a_planned_failover_makes_the_point_that_there_is_not(
    local_pair: LocalPair,
) -> None:
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {STATES[0].stored}")
    world.done(f"{GROUP} failover prod-web-app --wait")
    world.done(f"{GROUP} failback prod-web-app --wait")
    ran = world.done(f"{GROUP} failover prod-web-app --wait")
    assert (
        "  recovery point: one is made first, so no data is lost"
        in ran.err.splitlines()
    )


@pytest.mark.parametrize("name", ["it's $(x)", "my group"])
def test_a_fix_can_be_typed_whatever_the_group_is_called(
    name: str, local_pair: LocalPair
) -> None:
    world = World(local_pair)
    quoted = shlex.quote(name)
    world.done(f"{GROUP} set prod-web-app --name {quoted}")
    for purpose in ("failover", "unplanned", "test-cleanup"):
        ran = world.type(f"{GROUP} check {quoted} --for {purpose} -f json")
        fixes = [
            line
            for row in ran.json
            for line in (row["fix"] or "").splitlines()
            if line.startswith("openstack protector protection-group")
        ]
        assert fixes
        assert all(shlex.split(fix)[4] == name for fix in fixes), fixes


def fix_of(rows: list[dict[str, Any]], check: str) -> str:
    (row,) = [
        row
        for row in rows
        if row["id"] == check and row["severity"] == "problem"
    ]
    fix: str = row["fix"]
    return fix


def test_a_way_round_a_dead_site_where_there_is_one(
    local_pair: LocalPair,
) -> None:
    """An unplanned failover is no help but for a dead primary."""
    world = World(local_pair)
    look = f"{GROUP} check prod-web-app -f json --for"
    move = f"{GROUP} failover prod-web-app --type unplanned {WEB_MAPPING}"
    url = local_pair.site("a").url
    local_pair.site("a").kill()
    rows = world.type(f"{look} failover").json
    assert fix_of(rows, "reachable").splitlines() == [
        "Look at site-a: systemctl status protector-api there,"
        f" curl -k {url} from here",
        "In a real outage:",
        move,
    ]
    # what is stored must be known to both
    assert fix_of(rows, "networks") == move
    rows = world.type(f"{look} unplanned").json
    assert [check for check, _ in bad(rows)] == ["networks"]
    assert fix_of(rows, "networks") == move
    rows = world.type(f"{look} test-failover").json
    assert "unplanned" not in fix_of(rows, "reachable")
    world.done(f"{move} --wait")
    rows = world.type(f"{look} failback").json
    assert "unplanned" not in fix_of(rows, "reachable")
    local_pair.site("b").kill()
    for purpose in ("failover", "unplanned"):
        rows = world.type(f"{look} {purpose}").json
        assert [
            row["fix"] for row in rows if row["severity"] == "problem"
        ] == [
            f"Look at {site}: systemctl status protector-api there, curl -k"
            " its Keystone and its protector from here"
            for site in ("site-a", "site-b")
        ]


def test_a_dead_secondary_has_no_way_round(local_pair: LocalPair) -> None:
    world = World(local_pair)
    local_pair.site("b").kill()
    ran = world.type(f"{GROUP} check prod-web-app -f json")
    assert "unplanned" not in fix_of(ran.json, "reachable")


def test_a_dead_primary_is_none_of_the_problems_of_the_survivor(
    local_pair: LocalPair,
) -> None:
    local_pair.site("a").kill()
    text = local_pair.clouds_yaml.read_text()
    first, second = text.split("  site-b:\n", 1)
    local_pair.clouds_yaml.write_text(
        f"{first}  site-b:\n{second.replace('demo-secret', 'wrong', 1)}"
    )
    ran = World(local_pair).type(
        f"{GROUP} check prod-web-app --for unplanned -f json"
    )
    assert bad(ran.json) == [("sign-in", "problem")]


def test_what_a_group_in_error_leaves_to_be_done(
    local_pair: LocalPair,
) -> None:
    """A status that is set is not all that was wrong."""
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {STATES[0].stored}")
    left_behind(world)
    look = f"{GROUP} check prod-web-app -f json"
    rows = world.type(look).json
    first, who, second = fix_of(rows, "status").splitlines()
    assert who == "as an admin:"
    assert first.startswith("openstack protector operation diagnose op-")
    told = world.type(first)
    assert "server delete" in told.out + told.err
    assert second == f"{GROUP} set prod-web-app --status active"
    world.done(second, "site-a-admin")
    rows = {row["id"]: row for row in world.type(look).json if row["fix"]}
    assert rows["running"]["message"] == (
        "web-1 is SHUTOFF, web-2 is SHUTOFF, web-3 is SHUTOFF"
    )
    assert rows["running"]["fix"] == (
        "openstack --os-cloud site-a server start web-1 web-2 web-3"
    )
    assert rows["left-over"]["site"] == "site-b"


def test_a_group_that_was_deleted_at_one_site(local_pair: LocalPair) -> None:
    """Its older copy cannot be brought back: it is deleted as well."""
    world = World(local_pair)
    local_pair.site("b").stop()
    world.done(f"{GROUP} delete prod-web-app --force", "site-a-admin")
    local_pair.site("b").start()
    ran = world.type(f"{GROUP} check prod-web-app -f json", "site-b")
    (row,) = [row for row in ran.json if row["id"] == "known" and row["fix"]]
    assert row["message"] == (
        "site-a has no protection group 'prod-web-app': it was deleted there"
    )
    assert row["fix"] == (
        "openstack --os-cloud site-b protector protection-group delete"
        " prod-web-app"
    )
    world.done(row["fix"])
    gone = world.type(f"{GROUP} show prod-web-app", "site-b")
    assert gone.code == 1


def test_a_quota_is_set_at_the_site_that_lacks_it(
    local_pair: LocalPair,
) -> None:
    world = World(local_pair)
    world.done("openstack quota set --instances 1 demo", "site-b-admin")
    ran = world.type(f"{GROUP} check prod-web-app -f json")
    assert fix_of(ran.json, "quota-compute").startswith(
        "as an admin:\nopenstack --os-cloud site-b quota set --instances 3 "
    )


def test_a_group_that_is_home_has_one_problem(local_pair: LocalPair) -> None:
    ran = World(local_pair).type(
        f"{GROUP} check prod-web-app --for failback -f json"
    )
    assert bad(ran.json) == [("status", "problem")]


def test_a_link_that_is_cut_one_way(local_pair: LocalPair) -> None:
    """The site that is asked reaches the other: that is all it takes."""
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {STATES[0].stored}")
    local_pair.fault("partition", site="b")
    ran = world.type(f"{GROUP} check prod-web-app -f json")
    assert (ran.code, bad(ran.json)) == (0, [("peer-link", "warning")])
    world.done(f"{GROUP} failover prod-web-app --wait")


@pytest.mark.parametrize("group", ["prod-web-app", "prod-db"])
def test_the_fix_of_a_test_that_is_not_there_has_its_mappings(
    group: str, local_pair: LocalPair
) -> None:
    world = World(local_pair)
    ran = world.type(f"{GROUP} check {group} --for test-cleanup -f json")
    world.done(fix_of(ran.json, "test-there"))
