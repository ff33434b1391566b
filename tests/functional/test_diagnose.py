"""``operation diagnose``: from what is wrong to what to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.advice import causes, guide, match
from protectorclient.advice.row import Advice
from protectorclient.shell import ProtectorShell
from tests.helpers.clirunner import (
    EITHER_SHELL,
    SHELLS,
    Ran,
    openstack,
    protector,
)

WEB = "--network-mapping net-primary-web=net-secondary-web"
GROUP = "protection-group"
FAILOVER = f"{GROUP} failover prod-web-app {WEB} --wait -f value -c id"
UNPLANNED = f"{FAILOVER} --type unplanned"
TEST = f"{GROUP} test-failover prod-web-app {WEB} --retain-primary --wait"
OPENSTACK = "openstack protector "


def parses(command: str) -> None:
    """A command of ours that is printed can be typed."""
    words = shlex.split(command.removeprefix(OPENSTACK), comments=True)
    shell = ProtectorShell()
    factory, name, rest = shell.command_manager.find_command(words)
    factory(shell, None).get_parser(name).parse_args(rest)


def diagnosed(operation: str, code: int = 3) -> Ran:
    ran = protector(f"operation diagnose {operation} -f json")
    assert (ran.code, ran.err) == (code, ""), ran.err
    for command in ran.json["next_commands"]:
        if command.startswith(OPENSTACK):
            parses(command)
    table = protector(f"operation diagnose {operation}")
    assert max(map(len, table.out.splitlines())) <= 80
    said = table.err.splitlines()
    # a command is a line of its own, in order
    told = [line for line in said if line in ran.json["next_commands"]]
    assert told[: len(ran.json["next_commands"])] == ran.json["next_commands"]
    return ran


def failed(command: str) -> str:
    ran = protector(command)
    assert ran.code in (10, 11), ran.err
    return ran.out.strip()


def test_everything_advised_can_be_typed() -> None:
    for row in match.TABLE:
        filled = row.filled(group="prod-web-app", operation="op-1")
        for command in filled.commands:
            # what is not ours is for another shell, or another machine
            if command.startswith(OPENSTACK):
                parses(command)


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_nothing_is_wrong(shell: str, local_pair: LocalPair) -> None:
    operation = protector(FAILOVER).out.strip()
    ran = SHELLS[shell](f"operation diagnose {operation} -f json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["verdict"] == "the failover completed"
    assert ran.json["next_commands"] == []
    assert ran.json["site"] == "site-a"
    assert [
        (one["site"], one["group_status"], one["sync_status"])
        for one in ran.json["sites"]
    ] == [
        ("site-a", "failed_over", "IN_SYNC"),
        ("site-b", "failed_over", "IN_SYNC"),
    ]


# The seven symptoms of the published page


def test_the_remote_site_is_unreachable(local_pair: LocalPair) -> None:
    operation = protector(FAILOVER).out.strip()
    local_pair.site("b").kill()
    found = diagnosed(operation).json
    assert (
        found["verdict"]
        == "the failover completed, a site does not answer now"
    )
    assert found["symptom"] == guide.PEER_UNREACHABLE.symptom
    url = local_pair.site("b").url
    first, *rest = found["next_commands"]
    assert first == f"curl {url}/"
    # the group runs at the site that is dead: that is a genuine outage
    assert any("--type unplanned" in command for command in rest)


def test_a_dead_secondary_is_no_reason_to_fail_over(
    local_pair: LocalPair,
) -> None:
    rule = local_pair.fault(
        "step", match="recreate_instances", message="site-b does not answer"
    )
    operation = failed(FAILOVER)
    local_pair.clear_faults(rule)
    local_pair.site("b").kill()
    found = diagnosed(operation).json
    assert found["symptom"] == guide.PEER_UNREACHABLE.symptom
    assert not any("unplanned" in one for one in found["next_commands"])


def test_the_cinder_policy(local_pair: LocalPair) -> None:
    local_pair.fault("cinder-403", site="b")
    operation = failed(FAILOVER)
    found = diagnosed(operation).json
    assert found["symptom"] == guide.CINDER_POLICY.symptom
    assert found["failed_step"] == "manage_volumes_into_cinder"
    assert "403" in found["error_message"]
    *_, again = found["next_commands"]
    assert again.startswith(f"{OPENSTACK}{GROUP} failover prod-web-app ")
    local_pair.clear_faults()
    retried = protector(again.removeprefix(OPENSTACK) + " -f json")
    assert retried.code == 0, retried.err


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        ("no-snapshot", guide.NO_SNAPSHOT),
        ("array-token", guide.ARRAY_TOKEN),
    ],
)
def test_the_storage(fault: str, row: Advice, local_pair: LocalPair) -> None:
    local_pair.fault(fault)
    found = diagnosed(failed(FAILOVER)).json
    assert found["symptom"] == guide.STORAGE.symptom
    assert found["cause"] == row.cause
    assert "policy show prod-web-app" in found["next_commands"][0]
    assert not [one for one in found["next_commands"] if "ARRAY" in one]


def test_what_the_storage_lacks_can_be_typed(local_pair: LocalPair) -> None:
    rule = local_pair.fault("no-snapshot")
    commands = diagnosed(failed(FAILOVER)).json["next_commands"]
    local_pair.clear_faults(rule)
    assert commands[1].endswith("consistency-group sync prod-web-app --wait")
    typed_in_order(commands, local_pair)


def test_nothing_has_moved_for_long(local_pair: LocalPair) -> None:
    local_pair.fault("slow-replication", seconds=36000.0)
    begun = protector(
        "consistency-group sync prod-db -f value -c id"
    ).out.strip()
    going = diagnosed(begun, 0).json
    assert going["verdict"] == "the sync_volumes goes on"
    assert going["next_commands"] == [f"{OPENSTACK}operation watch {begun}"]
    local_pair.advance("16m")
    found = diagnosed(begun).json
    assert found["symptom"] == guide.STUCK.symptom
    assert found["unchanged_for"] > 15 * 60
    commands = found["next_commands"]
    assert commands[0] == ("systemctl status protector-engine")
    assert found["notes"] == [
        "on site-a's controller: systemctl status protector-engine;"
        " journalctl -u protector-engine -n 100",
        "there, where it is stopped: systemctl restart protector-engine",
        f"then, from here: {OPENSTACK}operation show {begun};"
        f" {OPENSTACK}operation watch {begun}",
    ]
    assert commands[-1] == f"{OPENSTACK}operation watch {begun}"
    ran = protector(f"operation wait {begun} --timeout 0")
    assert ran.code == 8
    *_, said, resume, hint = ran.told.splitlines()
    assert re.search(
        r"still runs \(\d+ %\); nothing has changed for 1\dm", said
    )
    assert resume == f"{OPENSTACK}operation wait op-ID"
    assert hint == f"{OPENSTACK}operation diagnose op-ID"


def test_the_sites_differ_after_an_outage(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    operation = protector(UNPLANNED).out.strip()
    away = diagnosed(operation).json
    assert away["verdict"].endswith("the other site is still away")
    local_pair.site("a").start()
    found = diagnosed(operation).json
    assert found["symptom"] == guide.OUT_OF_SYNC.symptom
    sync, status, failback = found["next_commands"]
    for command in (sync, status):
        ran = protector(command.removeprefix(OPENSTACK))
        assert ran.code == 0, ran.err
    beside = diagnosed(operation).json
    assert beside["verdict"] == (
        "the failover completed; web-1, web-2, web-3 run and write at site-a"
        " now, beside the group at site-b"
    )
    assert beside["symptom"] == causes.LIVE_COPIES.symptom
    assert beside["next_commands"][1:] == [failback]
    assert failback.endswith(" --reverse-replication --wait")
    # typed in order, it would stop what the first way has built
    assert beside["notes"] == [
        "or, where the group stays at site-b: openstack --os-cloud site-a"
        " server stop web-1 web-2 web-3"
    ]
    typed_in_order([failback], local_pair)
    diagnosed(operation, 0)


@pytest.mark.parametrize("reverse", ["", "--reverse-replication"])
def test_a_failback_that_leaves_no_protection(
    reverse: str, local_pair: LocalPair
) -> None:
    assert protector(f"{FAILOVER} --wait").code == 0
    operation = protector(
        f"{GROUP} failback prod-web-app {reverse} --wait -f value -c id"
    ).out.strip()
    if reverse:
        diagnosed(operation, 0)
        return
    found = diagnosed(operation).json
    assert found["symptom"] == causes.UNPROTECTED.symptom
    assert found["next_commands"] == [
        f"{OPENSTACK}consistency-group sync prod-web-app --wait"
    ]
    typed_in_order(found["next_commands"], local_pair)
    diagnosed(operation, 0)


def test_a_test_that_was_not_cleaned_up(local_pair: LocalPair) -> None:
    operation = protector(f"{TEST} -f value -c id").out.strip()
    found = diagnosed(operation).json
    assert found["symptom"] == guide.TEST_LEFT.symptom
    assert found["cause"] == guide.NEVER_CLEANED.cause
    (cleanup,) = found["next_commands"]
    assert cleanup.endswith(" test-cleanup prod-web-app --wait")
    typed_in_order([cleanup], local_pair)
    diagnosed(operation, 0)


def test_a_cleanup_that_failed(local_pair: LocalPair) -> None:
    drill = protector(f"{TEST} -f value -c id").out.strip()
    local_pair.fault("step", match="delete_test_instances", message="busy")
    operation = failed(
        f"{GROUP} test-cleanup prod-web-app --wait -f value -c id"
    )
    found = diagnosed(operation).json
    assert found["symptom"] == guide.TEST_LEFT.symptom
    assert found["leftovers"]
    (cleanup,) = found["next_commands"]
    assert cleanup.endswith(" test-cleanup prod-web-app --wait")
    look, by_hand = found["notes"]
    assert look == (
        "if it goes on failing, look at what the test made:"
        f" {OPENSTACK}operation show {drill}"
    )
    head = "and remove its leftovers by hand: openstack --os-cloud "
    assert by_hand.startswith(head)
    left = diagnosed(drill).json
    assert left["verdict"].endswith("its test is not cleaned up")
    assert left["cause"] == guide.TEST_LEFT.cause
    assert left["next_commands"] == [cleanup]
    typed_in_order([cleanup], local_pair)
    diagnosed(drill, 0)


# And more


def test_what_was_left_is_named(
    local_pair: LocalPair, passing: Callable[[], None]
) -> None:
    local_pair.fault("step", match="recreate_instances", message="no host")
    local_pair.fault("step", stage="undo", message="cannot undo")
    passing()
    operation = failed(FAILOVER)
    found = diagnosed(operation).json
    assert found["verdict"] == "the failover failed and left something behind"
    names = {item["name"] for item in found["leftovers"]}
    assert any("web-1" in name for name in names)
    commands = found["next_commands"]
    removed = [one for one in commands if " server delete " in one]
    assert removed
    assert all(one.startswith("openstack --os-cloud ") for one in removed)
    volumes = {
        item["name"]
        for item in found["leftovers"]
        if item["kind"] == "array volume"
    }
    arrays, reset, *_ = found["notes"]
    told, _, named = arrays.rpartition(": ")
    assert told == (
        "for the storage admin: remove from flasharray-b, the array of site-b"
    )
    assert set(named.split(", ")) == volumes
    command = f"{OPENSTACK}{GROUP} set prod-web-app --status active"
    assert reset == f"as an admin: {command}"
    assert commands.index(command) > commands.index(removed[-1])
    assert commands[-1].endswith("--wait")
    table = protector(f"operation diagnose {operation}")
    assert "openstack" not in table.out
    lines = table.err.splitlines()
    assert [line for line in lines if line in commands] == commands
    assert lines[lines.index(command) - 1] == "as an admin:"
    typed_in_order(commands, local_pair)


def typed_in_order(commands: list[str], pair: LocalPair) -> None:
    """As a person does who has read what stands before them."""
    pair.clear_faults()
    for words in commands:
        cloud = ""
        if " --status " in words:
            cloud = "--os-cloud site-a-admin --secondary-cloud site-b-admin "
        if words.startswith("openstack "):
            ran = openstack(cloud + words.removeprefix("openstack "))
            assert ran.code == 0, (words, ran.err)


def test_a_forced_failover_that_failed(local_pair: LocalPair) -> None:
    """Without the primary only as long as that is dead."""
    rule = local_pair.fault(
        "step", match="promote_volumes_on_flasharray", message="array busy"
    )
    local_pair.site("a").kill()
    operation = failed(UNPLANNED)
    local_pair.clear_faults(rule)
    *_, again = diagnosed(operation).json["next_commands"]
    assert "--type unplanned" in again
    local_pair.site("a").start()
    commands = diagnosed(operation).json["next_commands"]
    assert not [one for one in commands if "unplanned" in one]
    verbs = [" ".join(one.split()[2:4]) for one in commands]
    assert verbs[-4:] == [
        f"{GROUP} sync-force",
        f"{GROUP} sync-status",
        f"{GROUP} check",
        f"{GROUP} failover",
    ]
    assert "--for failover" in commands[-2]
    typed_in_order(commands[-4:], local_pair)


@pytest.fixture
def passing(local_pair: LocalPair) -> object:
    """Time goes by quickly while something is waited for."""
    import threading

    over = threading.Event()

    def pass_time() -> None:
        while not over.wait(0.1):
            local_pair.advance("1m")

    clock = threading.Thread(target=pass_time)
    yield clock.start
    over.set()
    clock.join()


def test_nobody_knows(local_pair: LocalPair) -> None:
    operation = protector(FAILOVER).out.strip()
    local_pair.site("a").kill()
    ran = protector(f"operation diagnose {operation} -f json")
    assert (ran.code, ran.err) == (12, "")
    assert ran.json["verdict"] == (
        "not known: site-a may know it, and cannot be asked"
    )
    assert ran.json["status"] is None
    assert ran.json["next_commands"] == [
        f"{OPENSTACK}operation wait {operation}"
    ]


def test_what_the_survivor_was_told(local_pair: LocalPair) -> None:
    """The site that works on it is dead; the other one holds metadata."""
    local_pair.fault("slow-replication", seconds=36000.0)
    begun = protector(f"{FAILOVER.replace(' --wait', '')}").out.strip()
    local_pair.site("a").kill()
    ran = protector(f"operation diagnose {begun} -f json")
    assert (ran.code, ran.err) == (12, "")
    found = ran.json
    assert found["verdict"] == (
        "not known: site-a may know it, and cannot be asked; the metadata at"
        " site-b name a failover of prod-web-app, which is failing_over there"
    )
    assert found["operation_type"] == "failover"
    assert found["protection_group"] == "prod-web-app"
    assert found["status"] is None
    survivor = found["sites"][1]
    assert (survivor["site"], survivor["group_status"]) == (
        "site-b",
        "failing_over",
    )
    curl, check, failover, wait = found["next_commands"]
    assert curl == f"curl {local_pair.site('a').url}/"
    for command in (check, failover, wait):
        parses(command)
    assert check.endswith("check prod-web-app --for unplanned")
    assert wait == f"{OPENSTACK}operation wait {begun}"
    local_pair.clear_faults()
    moved = protector(f"{failover.removeprefix(OPENSTACK)} {WEB}")
    assert moved.code == 0, moved.err


def test_there_is_none(local_pair: LocalPair) -> None:
    ran = protector("operation diagnose op-nosuch")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "no site knows an operation 'op-nosuch'\n"
        "openstack protector operation list --all-sites\n"
    )
