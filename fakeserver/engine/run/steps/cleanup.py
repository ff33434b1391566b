"""Steps of a test clean-up."""

from typing import Any

from fakeserver.engine.model import power
from fakeserver.engine.run import isolation, on_array, remove, starting
from fakeserver.engine.run.step_context import StepContext


def delete_instances(context: StepContext) -> None:
    """Start the instances that the test stopped; then delete the test
    instances, and the networks that were made for them."""
    _start_stopped(context)
    found = _each(context, "instances")
    for n, (test, server) in enumerate(found, 1):
        remove.delete_server(context, test["site_id"], server["id"])
        context.inside()
        context.progress(n, len(found))
    isolation.remove_tagged(context)


def _start_stopped(context: StepContext) -> None:
    for site_id, server_id in power.started_by_cleanup(context.doc()):
        # one that somebody has deleted since is not missed here
        if context.cloud(site_id).server(server_id) is not None:
            starting.start(context, site_id, server_id)


def unmanage_volumes(context: StepContext) -> None:
    """Unmanage the test volumes from Cinder."""
    found = _each(context, "volumes")
    for n, (test, volume) in enumerate(found, 1):
        remove.unmanage(context, test["site_id"], volume["id"])
        context.inside()
        context.progress(n, len(found))


def delete_volumes(context: StepContext) -> None:
    """Delete the test volumes on the array."""
    found = _each(context, "volumes")
    for n, (test, volume) in enumerate(found, 1):
        on_array.delete(
            context,
            test["site_id"],
            volume["array_name"],
            volume.get("array_serial"),
        )
        context.inside()
        context.progress(n, len(found))


def _each(
    context: StepContext, what: str
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (test, one) for test in context.doc()["tests"] for one in test[what]
    ]
