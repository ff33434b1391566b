"""The commands of the published page, behind real Keystones."""

import signal
from collections.abc import Callable

import pytest

from fakeserver.cli import lifecycle
from fakeserver.sandbox.folder import Folder
from tests.functional.test_walk import (
    FAILBACK,
    FAILOVER,
    SYNC_FORCE,
    SYNC_STATUS,
    TEST_FAILOVER,
    UNPLANNED,
    begun,
    group_status,
)
from tests.helpers.clirunner import openstack
from tests.interop.place import Place

pytestmark = pytest.mark.interop


def test_the_commands_of_the_page(
    use: Callable[[str], None],
    run: Place,
    sandbox: Folder,
    silence: Callable[[str], None],
) -> None:
    listed = openstack("protector protection-group list")
    assert listed.code == 0, listed.err
    operation = begun(openstack(FAILOVER))
    shown = openstack(f"protector operation show {operation} -f json").json
    assert shown["result_data"]["instances_created"] == 3
    assert group_status("site-a") == group_status("site-b") == "failed_over"
    servers = openstack("--os-cloud site-b server list -f json").json
    assert [s["Name"] for s in sorted(servers, key=lambda s: s["Name"])] == [
        "web-1",
        "web-2",
        "web-3",
    ]
    begun(openstack(FAILBACK))
    assert group_status("site-a") == "active"
    begun(openstack(TEST_FAILOVER))
    begun(openstack("protector protection-group test-cleanup prod-web-app"))
    history = openstack("protector operation list --all-sites -f json").json
    # which was the first of two that different sites began and ended in one
    # second is not known
    kinds: dict[str, list[str]] = {}
    for row in history:
        kinds.setdefault(row["Site"], []).append(row["Type"])
    assert kinds == {
        "site-a": ["test_cleanup", "test_failover", "failover"],
        "site-b": ["failback"],
    }

    # the data centre burns down: its Keystone with it
    lifecycle.end(sandbox, "site-a", signal.SIGKILL)
    alive = openstack(UNPLANNED)
    assert alive.code == 5, alive.err
    silence("site-a")
    unplanned = openstack(UNPLANNED)
    assert unplanned.code == 0, unplanned.err
    operation = unplanned.err.split("begun: ")[1].split()[0]
    assert openstack(f"protector operation wait {operation}").code == 0
    dead = openstack(f"{SYNC_STATUS} -f value -c status")
    assert (dead.code, dead.out) == (3, "UNREACHABLE\n")


def test_both_sites_again_after_the_fire(
    use: Callable[[str], None], run: Place, sandbox: Folder
) -> None:
    lifecycle.end(sandbox, "site-a", signal.SIGKILL)
    divergent = openstack(f"{UNPLANNED} --accept-divergence")
    operation = divergent.err.split("begun: ")[1].split()[0]
    assert openstack(f"protector operation wait {operation}").code == 0
    lifecycle.start(sandbox, "site-a")
    apart = openstack(SYNC_STATUS)
    assert apart.code == 3
    assert "| OUT OF SYNC " in apart.out
    forced = openstack(SYNC_FORCE)
    assert forced.code == 0, forced.err
    together = openstack(f"{SYNC_STATUS} -f json")
    assert together.json["status"] == "IN_SYNC"
