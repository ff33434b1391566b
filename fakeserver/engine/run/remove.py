"""Remove an instance or a volume that may be gone already."""

import logging
from collections.abc import Sequence
from typing import Any

from fakeserver.engine.cloud_client import volume_groups
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    RemoteCloud,
)
from fakeserver.engine.model.operation_record import Leftover
from fakeserver.engine.run import ports
from fakeserver.engine.run.step_context import StepContext
from fakeserver.store import operations

LOG = logging.getLogger(__name__)


def delete_server(context: StepContext, site_id: str, server_id: str) -> None:
    """Delete an instance and its ports; wait until Nova no longer lists
    it.

    Nova leaves the ports that it has not made, with their addresses, and
    Neutron lets nobody but Nova delete them before.
    """
    cloud = context.cloud(site_id)
    held = [port["id"] for port in cloud.ports(server_id)]
    if held:
        # once the instance is gone nothing says whose they were
        context.state.ports[server_id] = held
        context.save_ports(server_id)
    try:
        cloud.delete_server(server_id)
    except CloudRefused as refusal:
        if refusal.status != 409:
            raise
        # somebody has locked it
        cloud.unlock_server(server_id)
        cloud.delete_server(server_id)
    context.wait_until(
        f"Deleting instance {server_id}",
        lambda: cloud.server(server_id) is None,
    )
    noted = context.state.ports.get(server_id, ())
    for port_id in noted:
        delete_port(cloud, port_id)
    if not noted:
        # somebody may have deleted the instance alone
        _delete_left_ports(context, cloud)
    context.state.ports.pop(server_id, None)
    context.deeds += 1


def _delete_left_ports(context: StepContext, cloud: RemoteCloud) -> None:
    """Delete the ports of the group's members that no instance has."""
    for member_id in _member_ids(context):
        for port in cloud.ports_described(ports.mark(member_id)):
            if not port["device_id"]:
                delete_port(cloud, port["id"])


def _member_ids(context: StepContext) -> list[str]:
    """Return the ids of the members, with those that are no members any more
    and of which a test still has instances."""
    doc = context.doc()
    found = {str(member["id"]) for member in doc["members"]}
    for test in doc["tests"]:
        made = operations.find(context.site.db, test["operation_id"])
        if made is not None:
            found |= {plan.member_id for plan in made.state.plan}
    return sorted(found)


def left_ports(
    context: StepContext, site_id: str, server_id: str, why: str
) -> list[Leftover]:
    """Name the ports that a deletion of an instance may have left: it has
    begun and has not come to its end."""
    noted = context.state.ports.get(server_id, ())
    try:
        if noted and context.cloud(site_id).server(server_id) is not None:
            return []
    except (CloudUnreachable, CloudRefused):
        # not known to be there
        pass
    site = context.name(site_id)
    return [Leftover("port", port, port, site, why) for port in noted]


def unplug(
    context: StepContext, site_id: str, server_id: str, port_id: str
) -> None:
    """Remove a port from an instance, so that its address is free."""
    cloud = context.cloud(site_id)
    cloud.unplug(server_id, port_id)

    def free() -> bool:
        port = cloud.port(port_id)
        return port is None or not port["device_id"]

    context.wait_until(f"Removing port {port_id} from its instance", free)
    delete_port(cloud, port_id)


def delete_port(cloud: RemoteCloud, port_id: str) -> None:
    """Delete a port; leave one that belongs to somebody else."""
    try:
        cloud.delete_port(port_id)
    except CloudRefused as refusal:
        if refusal.status not in (403, 409):
            raise
        LOG.info("port %s stays: %s", port_id, refusal)


def leave_group(
    context: StepContext, site_id: str, volume_ids: Sequence[str]
) -> None:
    """Remove volumes from the volume group that they are in, with one change
    of it; those of another group stay there."""
    cloud = context.cloud(site_id)
    for id_ in volume_ids:
        found = cloud.volume(id_)
        if found is not None:
            break
    else:
        return
    group_id = found.get("group_id")
    if group_id:
        context.wait_until(
            f"Removing {len(volume_ids)} volumes from their volume group",
            lambda: volume_groups.change(
                cloud, str(group_id), remove=volume_ids
            ),
        )
        context.deeds += 1


def unmanage(context: StepContext, site_id: str, volume_id: str) -> None:
    """Unmanage a volume from Cinder; it stays on its array."""
    cloud = context.cloud(site_id)
    shown: dict[str, Any] = {}

    def free() -> bool:
        shown.clear()
        shown.update(cloud.volume(volume_id) or {})
        return not shown or shown["status"] in ("available", "error")

    context.wait_until(f"Detaching volume {volume_id}", free)
    if shown.get("group_id"):
        context.wait_until(
            f"Removing volume {volume_id} from its volume group",
            lambda: volume_groups.leave(cloud, volume_id),
        )
    if shown:
        cloud.unmanage_volume(volume_id)
        context.wait_until(
            f"Unmanaging volume {volume_id}",
            lambda: cloud.volume(volume_id) is None,
        )
    context.deeds += 1
