"""Decide whether a rebuilt instance runs or stays stopped.

A stopped instance comes back stopped. One that an operation of this service
has stopped counts as running.
"""

from collections.abc import Container
from typing import Any

from fakeserver.base.clock import parse_stamp
from fakeserver.engine.model.document import Doc, entry

RUNNING, STOPPED = "ACTIVE", "SHUTOFF"

#: what a person does to an instance that cannot be stopped as it is
CURES = {
    "PAUSED": "openstack server unpause",
    "SUSPENDED": "openstack server resume",
    "SHELVED": "openstack server unshelve",
    "SHELVED_OFFLOADED": "openstack server unshelve",
    "RESCUE": "openstack server unrescue",
    "VERIFY_RESIZE": "openstack server resize confirm",
}
UNLOCK = "openstack server unlock"
LOOK = "openstack server show"


def stopped_by_tests(doc: Doc, site_id: str) -> set[str]:
    """Return the ids of the instances that a test failover has stopped and
    its clean-up starts again."""
    return {
        server_id
        for test in doc["tests"]
        if test["stopped_site_id"] == site_id
        for server_id in test["stopped"]
    }


def started_by_cleanup(doc: Doc) -> list[tuple[str, str]]:
    """Return the site and the id of each instance that a test clean-up starts
    again.

    At a site that is no longer the primary the members stay stopped: they
    run elsewhere. An instance that was a member and is none any more runs
    nowhere else.
    """
    found = []
    for test in doc["tests"]:
        site_id = test["stopped_site_id"]
        members = set()
        if site_id != doc["current_primary_site_id"]:
            members = {
                held["instance_id"]
                for member in doc["members"]
                if (held := entry(member, site_id)) is not None
            }
        found += [
            (site_id, server_id)
            for server_id in test["stopped"]
            if server_id not in members
        ]
    return found


def counted(server: dict[str, Any], stopped_by_us: Container[str]) -> str:
    """Return the power state of an instance as it is kept."""
    if server["status"] == STOPPED and server["id"] in stopped_by_us:
        return RUNNING
    return str(server["status"])


def obstacle(server: dict[str, Any]) -> str | None:
    """Return why an instance cannot be stopped, with the command that cures
    it; None where it can."""
    name, status = server["name"], server["status"]
    if status not in (RUNNING, STOPPED):
        cure = CURES.get(status, LOOK)
        return f"Instance {name} is {status} ({cure} {server['id']})"
    if server.get("locked") and status == RUNNING:
        return f"Instance {name} is locked ({UNLOCK} {server['id']})"
    return None


def unknown(attributes: dict[str, Any], point_at: str | None) -> str | None:
    """Return why the kept power state leaves open how the instance was at
    the recovery point; None where it does not."""
    read_at = attributes.get("power_state_at")
    if read_at is None or "power_state" not in attributes:
        return "Its power state is not known"
    if point_at is not None and parse_stamp(read_at) < int(
        parse_stamp(point_at)
    ):
        return (
            f"Its power state was read at {read_at}, before the recovery "
            f"point of {point_at}"
        )
    return None


def is_stale(held: dict[str, Any], point_at: float) -> bool:
    """Return whether the power state of a member is older than a recovery
    point."""
    read_at = held.get("attributes", {}).get("power_state_at")
    return read_at is None or parse_stamp(read_at) < int(point_at)
