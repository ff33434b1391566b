"""The last step: what an operation makes of the group, in one transaction.

Once it is written there is no way back: a restart goes on from it.
"""

from typing import Any

from fakeserver.base.clock import parse_stamp, stamp
from fakeserver.engine.model import rules
from fakeserver.engine.model.document import Doc, entry
from fakeserver.engine.model.operation_record import Leftover, OperationResult
from fakeserver.engine.model.operation_state import OldCopy, OldVolume
from fakeserver.engine.run.step_context import Work
from fakeserver.engine.run.steps import discard
from fakeserver.engine.run.steps.volumes import planned_volumes
from fakeserver.store import groups, operations
from fakeserver.store.effects import EffectDetail
from fakeserver.store.groups import Group


def write_state(work: Work) -> None:
    """The group's new state and the operation's mark of it, together."""
    group = work.group()
    result = _WRITERS[work.operation.type](work, group)
    if rules.RULES[work.operation.type].counts:
        group.doc["version"] += 1
        group.doc["operation"] = None
        group.local.last_operation = work.operation.id
        work.metadata.owe(group, work.forced)
        group.local.look = True
    group.local.updated_at = work.metadata.now()
    work.operation.record.result_data = result
    work.state.committed = True
    with work.site.db.transaction() as tx:
        groups.save(tx, group)
        operations.save(tx, work.operation)


def _moved(work: Work, group: Group) -> OperationResult:
    """A failover or a failback: the target is the primary now."""
    doc = group.doc
    built = _built(work)
    not_rebuilt = {one.member_id for one in work.state.not_rebuilt}
    left = []
    for member in doc["members"]:
        at_source = entry(member, work.source)
        if at_source is None:
            continue
        if not work.forced:
            left.append(_leave(at_source))
        member["sites"][work.target] = built[member["id"]]
        if member["id"] in not_rebuilt:
            member["status"] = "error"
        elif work.target == doc["primary_site_id"]:
            member["status"] = "protected"
        else:
            member["status"] = "failed_over"
    if work.operation.type == "failover":
        doc["failover_count"] += 1
    doc["current_primary_site_id"] = work.target
    doc["status"] = _status_after(work, doc, bool(not_rebuilt))
    if work.state.moves_last_writes:
        group.local.last_replication_at = work.state.snapshot_created_at
    work.state.left = left
    result = _made(work)
    if work.forced:
        result.sync_warning = (
            f"{work.name(work.source)} was not told; its metadata is "
            "behind until sync-force has run from "
            f"{work.name(work.target)}"
        )
    if not_rebuilt:
        result.not_rebuilt = work.state.not_rebuilt
    return result


def _status_after(work: Work, doc: Doc, partial: bool) -> str:
    if partial:
        return rules.PARTIAL
    if work.target == doc["primary_site_id"]:
        return rules.ACTIVE
    return rules.FAILED_OVER


def _leave(at_source: dict[str, Any]) -> OldCopy:
    """What the source is about to be cleaned of.

    It is not the member's any more, and stays on record: where the clean-up
    does not get to it, the way back finds it in its way.
    """
    volumes = [
        OldVolume(volume["id"], volume["name"], volume["array_name"])
        for volume in at_source["volumes"]
    ]
    left = OldCopy(
        at_source["instance_id"], at_source["instance_name"], volumes=volumes
    )
    at_source["instance_id"] = None
    for volume in at_source["volumes"]:
        volume["id"] = None
        volume["array_name"] = None
    at_source["left"] = {
        "instance_id": left.instance_id,
        "name": left.name,
        "volumes": [volume.to_json() for volume in volumes],
    }
    return left


def _built(work: Work) -> dict[str, dict[str, Any]]:
    """Member id -> what it has at the target from now on."""
    managed = {
        effect.detail.array_name: effect.detail.id
        for effect in work.effects("manage")
    }
    servers = {
        effect.detail.member_id: effect.detail
        for effect in work.effects("server")
        if effect.state == "done"
    }
    volumes: dict[str, list[dict[str, Any]]] = {}
    for volume in planned_volumes(work):
        volumes.setdefault(volume.member_id, []).append(
            {
                "id": managed[volume.array_name],
                "name": volume.name,
                "size": volume.size,
                "bootable": volume.bootable,
                "device": volume.device,
                "volume_type": volume.volume_type,
                "array_name": volume.array_name,
            }
        )
    members = {m["id"]: m for m in work.doc()["members"]}
    built = {}
    for plan in work.state.plan:
        at_source = entry(members[plan.member_id], work.source)
        assert at_source is not None
        server = servers.get(plan.member_id, EffectDetail())
        addresses = server.addresses or {}
        built[plan.member_id] = {
            "instance_id": server.id,
            "instance_name": at_source["instance_name"],
            "flavor": plan.flavor.to_json(),
            "image_id": at_source["image_id"],
            "networks": [
                {
                    **network.to_json(),
                    "fixed_ip": addresses.get(network.name, network.fixed_ip),
                }
                for network in plan.networks
            ],
            "volumes": volumes.get(plan.member_id, []),
        }
    return built


def _made(work: Work) -> OperationResult:
    """What the operation made, as ``result_data`` says it."""
    servers = [e for e in work.effects("server") if e.state == "done"]
    managed = work.effects("manage")
    primary = work.source if work.is_drill else work.target
    return OperationResult(
        instances_created=len(servers),
        volumes_managed=len(managed),
        current_primary_site=work.name(primary),
        instances=[str(effect.detail.id) for effect in servers],
        volumes=[str(effect.detail.id) for effect in managed],
        snapshot_id=work.state.snapshot_id,
        snapshot_created_at=work.state.snapshot_created_at,
    )


def _tested(work: Work, group: Group) -> OperationResult:
    """A test failover: its resources are known to both sites."""
    volumes = [effect.detail for effect in work.effects("manage")]
    stopped = work.state.stopped or []
    group.doc["tests"].append(
        {
            "operation_id": work.operation.id,
            "site_id": work.target,
            "instances": [
                {"id": effect.detail.id, "name": effect.detail.name}
                for effect in work.effects("server")
            ],
            "volumes": [
                {
                    "id": one.id,
                    "name": one.name,
                    "array_name": one.array_name,
                }
                for one in volumes
            ],
            "stopped_site_id": work.source,
            "stopped": [one.id for one in stopped],
        }
    )
    return _made(work)


def _cleaned(work: Work, group: Group) -> OperationResult:
    """A test clean-up: nothing of a test is left."""
    tests = group.doc["tests"]
    group.doc["tests"] = []
    return OperationResult(
        tests_removed=[test["operation_id"] for test in tests],
        instances_deleted=sum(len(t["instances"]) for t in tests),
        volumes_deleted=sum(len(t["volumes"]) for t in tests),
    )


def _replicated(work: Work, group: Group) -> OperationResult:
    """A sync: the time of its recovery point, known to this site alone."""
    made = work.state.snapshot_created_at
    assert made is not None
    last = group.local.last_replication_at
    if last is None or parse_stamp(last) < parse_stamp(made):
        group.local.last_replication_at = made
    return OperationResult(
        snapshot_id=work.state.snapshot_id, snapshot_created_at=made
    )


def _discarded(work: Work, group: Group) -> OperationResult:
    """The copy of this site, above that of the peer by count and version:
    the push that follows takes the place of exactly that version."""
    held = discard.still_held(work)
    doc = group.doc
    doc["failover_count"] = 1 + max(doc["failover_count"], held.failover_count)
    doc["version"] = 1 + max(doc["version"], held.version)
    group.local.last_operation = work.operation.id
    group.local.push_over = held.version
    group.local.look = True
    work.metadata.owe(group, forced=False)
    return OperationResult(
        discarded_version=held.version,
        current_primary_site=work.name(work.source),
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


def finish(work: Work, leftovers: list[Leftover]) -> None:
    """Complete the operation."""
    record = work.operation.record
    record.result.leftovers = leftovers
    record.status = "completed"
    record.progress = 100
    record.completed_at = stamp(work.site.clock.time())
    last = work.state.last_step
    if last is not None and last not in record.steps_completed:
        record.steps_completed.append(last)
    work.save()
