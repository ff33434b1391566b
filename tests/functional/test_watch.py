"""``operation watch`` and ``wait`` of several, as lines and as JSON."""

from __future__ import annotations

import json
import re

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector
from tests.helpers.rests import Rests

WEB = "--network-mapping net-primary-web=net-secondary-web"
FAILOVER = f"protection-group failover prod-web-app {WEB}"
SYNC = "consistency-group sync {} -f value -c id"
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")


def begun(command: str) -> str:
    ran = protector(command)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def rolled_back(pair: LocalPair) -> str:
    """An operation that has failed, of the web group."""
    rule = pair.fault("step", stage="before", match="create_snapshot")
    operation = begun(SYNC.format("prod-web-app"))
    protector(f"operation wait {operation}")
    pair.clear_faults(rule)
    return operation


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_each_change_is_a_line(shell: str, local_pair: LocalPair) -> None:
    operation = begun(SYNC.format("prod-web-app"))
    ran = SHELLS[shell](f"operation watch {operation}")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert all(STAMP.match(line) for line in lines)
    assert STAMP.sub("", lines[-1]) == "100% completed"


def test_each_event_is_an_object(local_pair: LocalPair) -> None:
    good = begun(SYNC.format("prod-db"))
    # over before the fault is there, which does not tell groups apart
    protector(f"operation wait {good}")
    bad = rolled_back(local_pair)
    ran = protector(f"operation watch {good} {bad} op-nosuch --events")
    assert ran.code == 14
    events = [json.loads(line) for line in ran.out.splitlines()]
    ends = {
        event["operation_id"]: (event["outcome"], event["exit_code"])
        for event in events
        if event["event"] == "ended"
    }
    assert ends == {
        good: ("completed", 0),
        bad: ("rolled_back", 10),
        "op-nosuch": ("unknown", 1),
    }
    assert ran.told.splitlines()[-1] == (
        "2 of 3 operations have not completed"
    )


def test_what_does_not_exist(local_pair: LocalPair) -> None:
    ran = protector("operation watch op-nosuch")
    assert ran.code == 1
    assert STAMP.sub("", ran.out) == "op-nosuch: no such operation\n"
    good = begun(SYNC.format("prod-db"))
    ran = protector(f"operation wait op-nosuch {good} -f json")
    assert ran.code == 14
    assert [one["ID"] for one in ran.json] == [good]


@pytest.mark.parametrize(
    "command",
    [
        "operation watch",
        "operation watch op-1 --all",
        "operation watch --all --protection-group prod-db",
        "operation watch op-1 --protection-group prod-db",
    ],
)
def test_what_to_watch_is_said_once(
    command: str, local_pair: LocalPair
) -> None:
    ran = protector(command)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "name operations, or give --protection-group or --all\n"
        "openstack protector operation watch --help\n"
    )


def test_all_takes_up_what_begins_meanwhile(
    local_pair: LocalPair, rests: Rests
) -> None:
    """At the other site too; it ends when nothing runs any more."""
    moved = protector(f"{FAILOVER} --wait")
    assert moved.code == 0, moved.err
    rule = local_pair.fault("slow-replication", seconds=600.0)
    first = begun(SYNC.format("prod-db"))
    more: list[str] = []

    def begin() -> None:
        more.append(begun(SYNC.format("prod-web-app")))

    def go_on() -> None:
        local_pair.clear_faults(rule)
        local_pair.advance("20m")

    rests.after(2, begin)
    rests.after(10, go_on)  # the next look is half a second away
    ran = protector("operation watch --all --events")
    assert ran.code == 0, ran.err
    ends = [
        (event["operation_id"], event["site"], event["outcome"])
        for event in map(json.loads, ran.out.splitlines())
        if event["event"] == "ended"
    ]
    assert sorted(ends) == sorted(
        [(first, "site-a", "completed"), (more[0], "site-b", "completed")]
    )


def test_all_is_taken_up_as_all(local_pair: LocalPair, rests: Rests) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    operation = begun(SYNC.format("prod-db"))
    rests.after(1, rests.interrupt)
    ran = protector("operation watch --all")
    assert ran.code == 130
    assert STAMP.sub("", ran.out.splitlines()[0]).startswith(
        f"prod-db {operation}: "
    )
    assert "\nopenstack protector operation watch --all\n" in ran.err


def test_nothing_runs(local_pair: LocalPair) -> None:
    for command in ("--all", "--protection-group prod-db"):
        ran = protector(f"operation watch {command}")
        assert (ran.code, ran.out, ran.err) == (0, "", "nothing runs\n")
    local_pair.site("b").kill()
    ran = protector("operation watch --all")
    assert (ran.code, ran.out) == (12, "")
    assert ran.err.startswith(
        "whether anything runs is not known: site-b: Keystone does not answer"
    )


def test_whatever_runs_at_either_site(
    local_pair: LocalPair, rests: Rests
) -> None:
    assert protector(f"{FAILOVER} --wait").code == 0
    local_pair.fault("slow-replication", seconds=600.0)
    both = {
        begun(SYNC.format("prod-web-app")),
        begun(SYNC.format("prod-db")),
    }
    pair = SitePair.open("site-a", "site-b")
    homes = {pair.operation(one)[1].name for one in both}
    assert homes == {"site-a", "site-b"}

    def later() -> None:
        local_pair.clear_faults()
        local_pair.advance("15m")

    rests.after(2, later)
    ran = protector("operation watch --all")
    assert (ran.code, ran.err) == (0, "")
    ended = [line for line in ran.out.splitlines() if "completed" in line]
    assert len(ended) == 2
    for name in ("prod-web-app", "prod-db"):
        assert any(f" {name} op-" in line for line in ended)


def test_the_keyboard_ends_the_watching_alone(
    local_pair: LocalPair, rests: Rests
) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    operation = begun(SYNC.format("prod-db"))
    rests.after(2, rests.interrupt)
    ran = protector("operation watch --protection-group prod-db")
    assert ran.code == 130
    assert ran.err.splitlines() == [
        f"no longer watching; {operation} goes on",
        f"openstack protector operation watch {operation}",
    ]


def test_the_command_that_resumes_names_the_same_clouds(
    local_pair: LocalPair, rests: Rests
) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    operation = begun(SYNC.format("prod-db"))
    rests.after(2, rests.interrupt)
    ran = protector(
        "--os-cloud site-b --secondary-cloud site-a "
        f"operation wait {operation}"
    )
    assert ran.code == 130
    resume = ran.err.splitlines()[-1].removeprefix("openstack ")
    assert resume == (
        "--os-cloud site-b --secondary-cloud site-a protector "
        f"operation wait {operation}"
    )
    again = protector(resume.replace("protector ", "") + " --timeout 0")
    assert again.code == 8


# Waiting for several


def test_several_that_end_well(local_pair: LocalPair) -> None:
    both = [begun(SYNC.format(name)) for name in ("prod-web-app", "prod-db")]
    ran = protector(f"operation wait {' '.join(both)} -f json")
    assert ran.code == 0, ran.err
    assert [row["ID"] for row in ran.json] == both
    assert {row["Status"] for row in ran.json} == {"completed"}
    table = protector(f"operation wait {' '.join(both)}").out
    assert max(map(len, table.splitlines())) <= 80
    some = protector(f"operation wait {' '.join(both)} -f value -c Site")
    assert some.out == "site-a\nsite-a\n"
    shell = protector(f"operation wait {' '.join(both)} -f shell")
    assert (shell.code, shell.out) == (2, "")


def test_several_and_some_fail(local_pair: LocalPair) -> None:
    bad = rolled_back(local_pair)
    good = begun(SYNC.format("prod-db"))
    ran = protector(f"operation wait {good} {bad} -f json")
    assert ran.code == 14
    assert [row["Status"] for row in ran.json] == ["completed", "failed"]
    outcomes = [row["Outcome"] for row in ran.json]
    assert outcomes == ["completed", "rolled_back"]
    table = protector(f"operation wait {good} {bad}").out
    assert "rolled_back" in table
    assert max(map(len, table.splitlines())) <= 81
    twice = protector(f"operation wait {bad} {bad} -f value -c status")
    assert (twice.code, twice.out) == (10, "failed\n"), "it is one"


def test_the_first_that_ends(local_pair: LocalPair) -> None:
    bad = rolled_back(local_pair)
    local_pair.fault("slow-replication", seconds=600.0)
    slow = begun(SYNC.format("prod-db"))
    ran = protector(f"operation wait {slow} {bad} --any -f json")
    assert ran.code == 10
    assert ran.json["id"] == bad
    ran = protector(f"operation wait {slow} --any --timeout 0 -f json")
    assert (ran.code, ran.json["id"]) == (8, slow)


def test_one_dead_site_does_not_hide_the_other(
    local_pair: LocalPair,
) -> None:
    operation = begun(SYNC.format("prod-db"))
    protector(f"operation wait {operation}")
    local_pair.site("b").kill()
    ran = protector(f"operation wait {operation} op-else --timeout 2 -f json")
    assert ran.code == 12
    assert [row["ID"] for row in ran.json] == [operation]
    assert ran.told.splitlines()[-1] == (
        "1 of 2 operations have not completed"
    )


# The status of a record


def test_show_ends_as_the_operation_did(local_pair: LocalPair) -> None:
    bad = rolled_back(local_pair)
    good = begun(f"{SYNC.format('prod-db')} --wait")
    local_pair.fault("slow-replication", seconds=600.0)
    slow = begun(SYNC.format("prod-db"))
    for operation, code in ((bad, 10), (good, 0), (slow, 8)):
        plain = protector(f"operation show {operation} -f json")
        assert (plain.code, plain.err) == (0, "")
        ran = protector(f"operation show {operation} --exit-status -f json")
        assert ran.code == code, ran.err
        assert ran.json["id"] == operation
