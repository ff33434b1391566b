"""Remove an instance or a volume that may be gone already."""

import logging

from fakeserver.engine.cloud_client import volume_groups
from fakeserver.engine.cloud_client.cloud import CloudRefused, RemoteCloud
from fakeserver.engine.run.step_context import StepContext

LOG = logging.getLogger(__name__)


def delete_server(context: StepContext, site_id: str, server_id: str) -> None:
    """Delete an instance and wait until Nova no longer lists it."""
    cloud = context.cloud(site_id)
    # Nova leaves the ports that it has not made, and their addresses
    for port in cloud.ports(server_id):
        delete_port(cloud, port["id"])
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
    context.deeds += 1


def delete_port(cloud: RemoteCloud, port_id: str) -> None:
    """Delete a port; leave one that belongs to somebody else."""
    try:
        cloud.delete_port(port_id)
    except CloudRefused as refusal:
        if refusal.status not in (403, 409):
            raise
        LOG.info("port %s stays: %s", port_id, refusal)


def unmanage(context: StepContext, site_id: str, volume_id: str) -> None:
    """Unmanage a volume from Cinder; it stays on its array."""
    cloud = context.cloud(site_id)

    def free() -> bool:
        found = cloud.volume(volume_id)
        return found is None or found["status"] in ("available", "error")

    context.wait_until(f"Detaching volume {volume_id}", free)
    context.wait_until(
        f"Removing volume {volume_id} from its volume group",
        lambda: volume_groups.leave(cloud, volume_id),
    )
    if cloud.volume(volume_id) is not None:
        cloud.unmanage_volume(volume_id)
        context.wait_until(
            f"Unmanaging volume {volume_id}",
            lambda: cloud.volume(volume_id) is None,
        )
    context.deeds += 1
