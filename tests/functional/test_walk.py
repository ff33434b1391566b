"""The published page's commands, as printed, in the order of a bad day."""

from __future__ import annotations

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers import clirunner
from tests.helpers.clirunner import Ran, openstack

FAILOVER = """protector protection-group failover prod-web-app \\
  --network-mapping net-primary-web=net-secondary-web \\
  --network-mapping net-primary-db=net-secondary-db \\
  --flavor-mapping m1.large=m2.large"""
UNPLANNED = """protector protection-group failover prod-web-app \\
  --type unplanned \\
  --network-mapping net-primary-web=net-secondary-web"""
TEST_FAILOVER = """protector protection-group test-failover prod-web-app \\
  --retain-primary \\
  --network-mapping net-primary-web=net-secondary-web"""
FAILBACK = """protector protection-group failback prod-web-app \\
  --reverse-replication \\
  --network-mapping net-secondary-web=net-primary-web"""
SYNC_STATUS = "protector protection-group sync-status prod-web-app"
SYNC_FORCE = "protector protection-group sync-force prod-web-app"

UNUSED = (
    "warning: network 'net-primary-db' is not used by the group: its "
    "mapping is left out\n"
)


def begun(ran: Ran) -> str:
    """The id of the operation that a command has begun, once it ended."""
    assert ran.code == 0, ran.err
    operation = ran.err.rsplit(": ", 1)[1].split()[0]
    assert operation in ran.out
    waited = openstack(f"protector operation wait {operation} -f json")
    assert waited.code == 0, waited.err
    assert waited.json["status"] == "completed"
    return operation


def group_status(cloud: str) -> str:
    shown = openstack(
        f"--os-cloud {cloud} protector protection-group show prod-web-app "
        "-f value -c status"
    )
    return shown.out.strip()


def test_the_commands_of_the_page(local_pair: LocalPair) -> None:
    failover = openstack(FAILOVER)
    assert failover.brief == (
        UNUSED
        + "failover of prod-web-app from site-a to site-b has begun: op-ID\n"
    )
    operation = begun(failover)

    shown = openstack(f"protector operation show {operation} -f json")
    assert shown.code == 0
    assert shown.err == ""
    record = shown.json
    assert record["operation_type"] == "failover"
    assert record["status"] == "completed"
    assert record["progress"] == 100
    assert record["site"] == "site-a"
    assert record["steps_completed"] == [
        "validate_target_site",
        "get_latest_snapshot",
        "promote_volumes_on_flasharray",
        "manage_volumes_into_cinder",
        "recreate_instances",
        "update_protection_group_state",
    ]
    assert record["result_data"]["instances_created"] == 3
    assert record["result_data"]["volumes_managed"] == 5
    assert record["result_data"]["current_primary_site"] == "site-b"
    assert group_status("site-a") == group_status("site-b") == "failed_over"

    servers = openstack("--os-cloud site-b server list -f json").json
    assert {server["Name"] for server in servers} == {
        "web-1",
        "web-2",
        "web-3",
    }
    assert {server["Flavor"] for server in servers} == {"m2.large"}
    for server in servers:
        assert list(server["Networks"]) == ["net-secondary-web"]
    volumes = openstack("--os-cloud site-b volume list -f json").json
    assert len(volumes) == 5

    # times are in whole seconds: two in one have no order
    local_pair.advance(2)
    begun(openstack(FAILBACK))
    assert group_status("site-a") == "active"

    local_pair.advance(2)
    begun(openstack(TEST_FAILOVER))
    assert group_status("site-a") == "active"
    begun(openstack("protector protection-group test-cleanup prod-web-app"))

    history = openstack("protector operation list --all-sites -f json").json
    assert [(row["Type"], row["Site"]) for row in history] == [
        ("test_cleanup", "site-a"),
        ("test_failover", "site-a"),
        ("failback", "site-b"),
        ("failover", "site-a"),
    ]

    local_pair.site("a").kill()
    unplanned = openstack(UNPLANNED)
    assert unplanned.told.startswith(
        "failover of prod-web-app from site-a to site-b, unplanned\n"
        "  instances: web-1, web-2, web-3; 5 volumes, 160 GiB\n"
    )
    assert unplanned.told.endswith(
        "failover of prod-web-app from site-a to site-b has begun: op-ID\n"
        "when site-a is back:\n"
        "openstack protector protection-group sync-force prod-web-app\n"
    )
    operation = unplanned.err.split("begun: ")[1].split()[0]
    assert openstack(f"protector operation wait {operation}").code == 0
    dead = openstack(f"{SYNC_STATUS} -f value -c status")
    assert (dead.code, dead.out) == (3, "UNREACHABLE\n")

    local_pair.site("a").start()
    apart = openstack(SYNC_STATUS)
    assert apart.code == 3
    assert apart.err == (
        "openstack protector protection-group sync-force prod-web-app\n"
    )
    assert "| OUT OF SYNC " in apart.out
    forced = openstack(SYNC_FORCE)
    assert forced.code == 0, forced.err
    assert "| IN SYNC " in forced.out
    together = openstack(f"{SYNC_STATUS} -f json")
    assert together.code == 0
    assert together.json["status"] == "IN_SYNC"
    first, second = together.json["sites"]
    assert (first["site"], first["role"]) == ("site-b", "primary")
    assert (second["site"], second["role"]) == ("site-a", "secondary")
    assert first["version"] == second["version"]
    assert first["checksum"] == second["checksum"]


@pytest.mark.parametrize("shell", clirunner.SHELLS)
def test_both_shells_say_the_same(shell: str, local_pair: LocalPair) -> None:
    run = clirunner.SHELLS[shell]
    listed = run("protection-group list -f json")
    assert (listed.code, listed.err) == (0, "")
    assert [row["Name"] for row in listed.json] == [
        "bare",
        "prod-db",
        "prod-web-app",
    ]
    waited = run(
        "protection-group failover prod-web-app --wait -f json "
        "--network-mapping net-primary-web=net-secondary-web"
    )
    assert waited.code == 0
    assert waited.json["status"] == "completed"
    lines = [line for line in waited.told.splitlines() if line[:2] != "  "]
    said, first, *middle, last = lines
    assert said == "failover of prod-web-app from site-a to site-b"
    assert first == (
        "failover of prod-web-app from site-a to site-b has begun: op-ID"
    )
    assert middle
    assert last == "100% completed"


def test_a_table_in_eighty_columns(local_pair: LocalPair) -> None:
    """What ``watch -n 5 openstack protector operation show`` would show."""
    operation = begun(openstack(FAILOVER))
    for command in (
        f"protector operation show {operation}",
        "protector consistency-group show prod-web-app",
        SYNC_STATUS,
    ):
        shown = openstack(command).out.splitlines()
        assert max(len(line) for line in shown) <= 80, command
        assert len(shown) <= 35, command


def test_consistency_group_and_policy(local_pair: LocalPair) -> None:
    synced = openstack("protector consistency-group sync prod-db --wait")
    assert synced.code == 0
    shown = openstack("protector consistency-group show prod-db -f json").json
    assert len(shown["volumes"]) == 4
    newest = shown["recovery_points"][0]
    assert newest["complete"] is True
    policy = openstack("protector policy show prod-db -f json").json
    assert policy["credentials_set"] is True
    assert not [key for key in policy if "token" in key]
