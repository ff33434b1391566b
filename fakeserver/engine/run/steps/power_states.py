"""Find out how each member is, before anything stops or is rebuilt."""

from typing import Any

from fakeserver.engine.model import power
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.operation_record import Loss
from fakeserver.engine.run.step_context import StepContext, StepFailed
from fakeserver.store import effects

ATTRIBUTE = "power_state"


def read_live(context: StepContext) -> None:
    """Read the power states at the source; fail where an instance could not
    be stopped, naming each.

    A forced failover reads nothing here: nobody answers at its source.
    """
    if context.forced or context.state.power is not None:
        return
    doc, source = context.doc(), context.source
    cloud = context.cloud(source)
    by_us = power.stopped_by_tests(doc, source) | effects.left_stopped(
        context.site.db, doc["id"]
    )
    stops = context.state.moves_last_writes or context.state.stops_source
    found, obstacles, losses = {}, [], []
    for member in doc["members"]:
        at_source = entry(member, source)
        id_ = (at_source or {}).get("instance_id")
        # one by one: a list has the instances of all other groups, too
        server = cloud.details(id_) if id_ else None
        if server is None:
            continue
        obstacle = power.obstacle(server)
        if stops and obstacle is not None:
            obstacles.append(obstacle)
        status = power.counted(server, by_us)
        found[member["id"]] = status
        if status not in (power.RUNNING, power.STOPPED):
            losses.append(
                Loss(
                    server["name"],
                    ATTRIBUTE,
                    status,
                    "A test instance is running or stopped",
                )
            )
    if obstacles:
        raise StepFailed("; ".join(obstacles))
    context.state.power = found
    context.state.power_losses = losses
    context.save()


def read_kept(context: StepContext) -> None:
    """Take the power states of a forced failover from the metadata; start
    each member whose state at the recovery point is not known."""
    if context.state.power is not None:
        return
    found: dict[str, str] = {}
    losses = []
    for member in context.doc()["members"]:
        at_source = entry(member, context.source)
        if at_source is None:
            continue
        kept = at_source.get("attributes", {})
        why = power.unknown(kept, context.state.snapshot_created_at)
        state = kept.get(ATTRIBUTE)
        if why is None:
            found[member["id"]] = state
        elif state != power.RUNNING:
            losses.append(
                Loss(
                    at_source["instance_name"],
                    ATTRIBUTE,
                    state,
                    f"{why}; the instance is started",
                )
            )
    context.state.power = found
    context.state.power_losses = losses
    context.save()


def stays_stopped(context: StepContext, member: dict[str, Any]) -> bool:
    """Return whether a member comes back stopped."""
    if member["id"] in context.state.power_on:
        return False
    return (context.state.power or {}).get(member["id"]) == power.STOPPED
