"""The last step: write the group's new state in one transaction.

Once it is written there is no way back: a restart goes on from it.
"""

from typing import Any

from fakeserver.base.clock import parse_stamp, stamp
from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model import rules
from fakeserver.engine.model.document import Doc, entry
from fakeserver.engine.model.operation_record import (
    Leftover,
    Loss,
    OperationResult,
)
from fakeserver.engine.model.operation_state import OldCopy, OldVolume
from fakeserver.engine.peer import cinder_group
from fakeserver.engine.run.step_context import StepContext
from fakeserver.engine.run.steps import discard
from fakeserver.engine.run.steps.volumes import planned_volumes
from fakeserver.store import groups, operations
from fakeserver.store.effects import EffectDetail
from fakeserver.store.groups import Group


def write_state(context: StepContext) -> None:
    """Write the group's new state and mark the operation as committed."""
    group = context.group_to_change()
    result = _WRITERS[context.operation.type](context, group)
    if rules.RULES[context.operation.type].counts:
        group.doc["version"] += 1
        group.doc["operation"] = None
        group.local.last_operation = context.operation.id
        context.metadata.owe(group, context.forced)
        group.local.look = True
    group.local.updated_at = context.metadata.now()
    context.operation.record.result_data = result
    context.state.committed = True
    with context.site.db.transaction() as tx:
        groups.save(tx, group)
        operations.save(tx, context.operation)


def _moved(context: StepContext, group: Group) -> OperationResult:
    """Make the target the primary, after a failover or a failback."""
    doc = group.doc
    built = _built(context)
    not_rebuilt = {one.member_id for one in context.state.not_rebuilt}
    left = []
    for member in doc["members"]:
        at_source = entry(member, context.source)
        if at_source is None:
            continue
        if not context.forced:
            left.append(_leave(at_source))
        member["sites"][context.target] = built[member["id"]]
        if member["id"] in not_rebuilt:
            member["status"] = "error"
        elif context.target == doc["primary_site_id"]:
            member["status"] = "protected"
        else:
            member["status"] = "failed_over"
    if context.operation.type == "failover":
        doc["failover_count"] += 1
    doc["current_primary_site_id"] = context.target
    doc["status"] = _status_after(context, doc, bool(not_rebuilt))
    if context.state.moves_last_writes:
        group.local.last_replication_at = context.state.snapshot_created_at
    context.state.left = left
    result = _made(context)
    if context.forced:
        result.sync_warning = (
            f"{context.name(context.source)} has older metadata. When it "
            f"answers again, run sync-force at "
            f"{context.name(context.target)}"
        )
    if not_rebuilt:
        result.not_rebuilt = context.state.not_rebuilt
    return result


def _status_after(context: StepContext, doc: Doc, partial: bool) -> str:
    if partial:
        return rules.PARTIAL
    if context.target == doc["primary_site_id"]:
        return rules.ACTIVE
    return rules.FAILED_OVER


def _leave(at_source: dict[str, Any]) -> OldCopy:
    """Take the old copy from the member; return it for the clean-up.

    It is not the member's any more, and stays on record: where the clean-up
    does not get to it, the way back finds it in its way.
    """
    volumes = [OldVolume.of(volume) for volume in at_source["volumes"]]
    left = OldCopy(
        at_source["instance_id"], at_source["instance_name"], volumes=volumes
    )
    at_source["instance_id"] = None
    for volume in at_source["volumes"]:
        volume["id"] = None
        volume["array_name"] = None
        volume.pop("array_serial", None)
    at_source["left"] = {
        "instance_id": left.instance_id,
        "name": left.name,
        "volumes": [volume.to_json() for volume in volumes],
    }
    return left


def _built(context: StepContext) -> dict[str, dict[str, Any]]:
    """Return what each member has at the target, by member id."""
    managed = {
        effect.key: effect.detail for effect in context.effects("manage")
    }
    servers = {
        effect.detail.member_id: effect.detail
        for effect in context.effects("server")
        if effect.state == "done"
    }
    volumes: dict[str, list[dict[str, Any]]] = {}
    for volume in planned_volumes(context):
        volumes.setdefault(volume.member_id, []).append(
            {
                "id": managed[volume.array_name].id,
                "name": volume.name,
                "size": volume.size,
                "bootable": volume.bootable,
                "device": volume.device,
                "volume_type": volume.volume_type,
                "array_name": managed[volume.array_name].array_name,
                "array_serial": managed[volume.array_name].array_serial,
                **_kept(volume.at_source, "properties"),
                **(managed[volume.array_name].volume or {}),
            }
        )
    members = {m["id"]: m for m in context.doc()["members"]}
    built = {}
    for plan in context.state.plan:
        at_source = entry(members[plan.member_id], context.source)
        assert at_source is not None
        server = servers.get(plan.member_id, EffectDetail())
        built[plan.member_id] = {
            "instance_id": server.id,
            "instance_name": at_source["instance_name"],
            "flavor": plan.flavor.to_json(),
            "image_id": at_source["image_id"],
            "networks": server.networks
            or [
                {
                    "id": network.id,
                    "name": network.name,
                    "cidr": network.cidr,
                    "fixed_ip": network.fixed_ip,
                }
                for network in plan.networks
            ],
            "volumes": volumes.get(plan.member_id, []),
        }
        if "attributes" in at_source or server.attributes:
            # secrets are not asked for again: they are what was given
            built[plan.member_id]["attributes"] = {
                **at_source.get("attributes", {}),
                **(server.attributes or {}),
            }
    return built


def _kept(held: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: held[name]} if name in held else {}


def _not_kept(context: StepContext) -> list[Loss] | None:
    """Return what the rebuilt instances did not get; None where they got
    all."""
    found = [
        loss
        for effect in (*context.effects("server"), *context.effects("manage"))
        if effect.state == "done"
        for loss in effect.detail.losses or ()
    ]
    return [*found, *context.state.power_losses] or None


def _made(context: StepContext) -> OperationResult:
    """Return the result: what the operation created."""
    servers = [e for e in context.effects("server") if e.state == "done"]
    managed = context.effects("manage")
    primary = context.source if context.is_drill else context.target
    return OperationResult(
        instances_created=len(servers),
        volumes_managed=len(managed),
        current_primary_site=context.name(primary),
        instances=[str(effect.detail.id) for effect in servers],
        volumes=[str(effect.detail.id) for effect in managed],
        snapshot_id=context.state.snapshot_id,
        snapshot_created_at=context.state.snapshot_created_at,
        not_kept=_not_kept(context),
        networks=[
            {
                "id": one.id,
                "name": one.name,
                "source_id": one.source_id,
                "source_name": one.source_name,
            }
            for one in context.state.isolated
        ]
        or None,
    )


def _tested(context: StepContext, group: Group) -> OperationResult:
    """Add the test to the document, so that both sites know its resources."""
    volumes = [effect.detail for effect in context.effects("manage")]
    stopped = context.state.stopped or []
    group.doc["tests"].append(
        {
            "operation_id": context.operation.id,
            "site_id": context.target,
            "instances": [
                {"id": effect.detail.id, "name": effect.detail.name}
                for effect in context.effects("server")
            ],
            "volumes": [
                {
                    "id": one.id,
                    "name": one.name,
                    "array_name": one.array_name,
                    "array_serial": one.array_serial,
                }
                for one in volumes
            ],
            "stopped_site_id": context.source,
            "stopped": [one.id for one in stopped],
        }
    )
    return _made(context)


def _cleaned(context: StepContext, group: Group) -> OperationResult:
    """Remove every test from the document."""
    tests = group.doc["tests"]
    group.doc["tests"] = []
    return OperationResult(
        tests_removed=[test["operation_id"] for test in tests],
        instances_deleted=sum(len(t["instances"]) for t in tests),
        volumes_deleted=sum(len(t["volumes"]) for t in tests),
    )


def _replicated(context: StepContext, group: Group) -> OperationResult:
    """Note the time of the recovery point; only this site keeps it."""
    made = context.state.snapshot_created_at
    assert made is not None
    group.local.look = group.local.look or not _group_is_whole(context, group)
    last = group.local.last_replication_at
    if last is None or parse_stamp(last) < parse_stamp(made):
        group.local.last_replication_at = made
    return OperationResult(
        snapshot_id=context.state.snapshot_id, snapshot_created_at=made
    )


def _group_is_whole(context: StepContext, group: Group) -> bool:
    """See to it that Cinder has the volume group with all its volumes;
    return False where that takes longer: the reconciler goes on."""
    try:
        return cinder_group.follow(context.site, context.access, group)
    except CloudUnreachable:
        return False


def _discarded(context: StepContext, group: Group) -> OperationResult:
    """Raise this site's version above the peer's; the next push replaces
    exactly that version of the peer."""
    held = discard.still_held(context)
    doc = group.doc
    doc["failover_count"] = 1 + max(doc["failover_count"], held.failover_count)
    doc["version"] = 1 + max(doc["version"], held.version)
    group.local.last_operation = context.operation.id
    group.local.push_over = held.version
    group.local.look = True
    context.metadata.owe(group, forced=False)
    return OperationResult(
        discarded_version=held.version,
        current_primary_site=context.name(context.source),
        stale_removed=[],
    )


_WRITERS = {
    "failover": _moved,
    "failback": _moved,
    "test_failover": _tested,
    "test_cleanup": _cleaned,
    "sync_volumes": _replicated,
    "sync_force": _discarded,
}


def finish(context: StepContext, leftovers: list[Leftover]) -> None:
    """Complete the operation."""
    record = context.operation.record
    record.result.leftovers = leftovers
    record.status = "completed"
    record.progress = 100
    record.completed_at = stamp(context.site.clock.time())
    last = context.state.last_step
    if last is not None and last not in record.steps_completed:
        record.steps_completed.append(last)
    context.save()
