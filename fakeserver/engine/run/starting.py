"""Start an instance that an operation has stopped."""

from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.run.step_context import StepContext

_TASK = "OS-EXT-STS:task_state"


def start(context: StepContext, site_id: str, server_id: str) -> None:
    """Start an instance and wait until it runs.

    Nova starts and stops after its answer. One that still stops takes no
    order to start, and is started when it has stopped. Raise CloudRefused
    where it does not exist.
    """
    cloud = context.cloud(site_id)
    context.wait_until(
        f"Starting instance {server_id}", lambda: _runs(cloud, server_id)
    )


def _runs(cloud: RemoteCloud, server_id: str) -> bool:
    """Start an instance where it takes the order; return whether it runs."""
    found = cloud.server(server_id) or {}
    if found.get(_TASK):
        return False
    if found.get("status") != "ACTIVE":
        cloud.start_server(server_id)
        found = cloud.server(server_id) or {}
    return found.get("status") == "ACTIVE" and not found.get(_TASK)
