"""The last step: what an operation makes of the group, in one transaction.

Once it is written there is no way back: a restart goes on from it.
"""

from typing import Any

from fakeserver.base.clock import parse_stamp, stamp
from fakeserver.engine.model import rules
from fakeserver.engine.model.document import Doc, entry
from fakeserver.engine.peer.replicate import OVER
from fakeserver.engine.run.step_context import Work
from fakeserver.engine.run.steps import discard
from fakeserver.engine.run.steps.volumes import planned_volumes
from fakeserver.store import groups, operations
from fakeserver.store.groups import Group


def write_state(work: Work) -> None:
    """The group's new state and the operation's mark of it, together."""
    group = work.group()
    result = _WRITERS[work.operation.type](work, group)
    if rules.RULES[work.operation.type].counts:
        group.doc["version"] += 1
        group.doc["operation"] = None
        group.local["last_operation"] = work.operation.id
        work.metadata.owe(group, work.forced)
        group.local["look"] = True
    group.local["updated_at"] = work.metadata.now()
    work.operation.doc["result_data"] = result
    work.operation.work["committed"] = True
    with work.site.db.transaction() as tx:
        groups.save(tx, group)
        operations.save(tx, work.operation)


def _moved(work: Work, group: Group) -> dict[str, Any]:
    """A failover or a failback: the target is the primary now."""
    doc = group.doc
    built = _built(work)
    not_rebuilt = {one["member_id"] for one in work.notes["not_rebuilt"]}
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
    if work.notes["moves_last_writes"]:
        group.local["last_replication_at"] = work.notes["snapshot_created_at"]
    work.operation.work["left"] = left
    result = _made(work)
    if work.forced:
        result["sync_warning"] = (
            f"{work.name(work.source)} was not told; its metadata is "
            "behind until sync-force has run from "
            f"{work.name(work.target)}"
        )
    if not_rebuilt:
        result["not_rebuilt"] = work.notes["not_rebuilt"]
    return result


def _status_after(work: Work, doc: Doc, partial: bool) -> str:
    if partial:
        return rules.PARTIAL
    if work.target == doc["primary_site_id"]:
        return rules.ACTIVE
    return rules.FAILED_OVER


def _leave(at_source: dict[str, Any]) -> dict[str, Any]:
    """What the source is about to be cleaned of.

    It is not the member's any more, and stays on record: where the clean-up
    does not get to it, the way back finds it in its way.
    """
    left = {
        "instance_id": at_source["instance_id"],
        "name": at_source["instance_name"],
        "volumes": [
            {field: volume[field] for field in ("id", "name", "array_name")}
            for volume in at_source["volumes"]
        ],
    }
    at_source["instance_id"] = None
    for volume in at_source["volumes"]:
        volume["id"] = None
        volume["array_name"] = None
    at_source["left"] = left
    return left


def _built(work: Work) -> dict[str, dict[str, Any]]:
    """Member id -> what it has at the target from now on."""
    managed = {
        effect.doc["array_name"]: effect.doc["id"]
        for effect in work.effects("manage")
    }
    servers = {
        effect.doc["member_id"]: effect.doc
        for effect in work.effects("server")
        if effect.state == "done"
    }
    volumes: dict[str, list[dict[str, Any]]] = {}
    for volume in planned_volumes(work):
        volumes.setdefault(volume["member_id"], []).append(
            {
                "id": managed[volume["array_name"]],
                "name": volume["name"],
                "size": volume["size"],
                "bootable": volume["bootable"],
                "device": volume["device"],
                "volume_type": volume["volume_type"],
                "array_name": volume["array_name"],
            }
        )
    members = {m["id"]: m for m in work.doc()["members"]}
    built = {}
    for plan in work.notes["plan"]:
        at_source = entry(members[plan["member_id"]], work.source)
        assert at_source is not None
        server = servers.get(plan["member_id"], {})
        addresses = server.get("addresses", {})
        built[plan["member_id"]] = {
            "instance_id": server.get("id"),
            "instance_name": at_source["instance_name"],
            "flavor": plan["flavor"],
            "image_id": at_source["image_id"],
            "networks": [
                {
                    **network,
                    "fixed_ip": addresses.get(
                        network["name"], network["fixed_ip"]
                    ),
                }
                for network in plan["networks"]
            ],
            "volumes": volumes.get(plan["member_id"], []),
        }
    return built


def _made(work: Work) -> dict[str, Any]:
    """What the operation made, as ``result_data`` says it."""
    servers = [e for e in work.effects("server") if e.state == "done"]
    managed = work.effects("manage")
    primary = work.source if work.is_drill else work.target
    return {
        "instances_created": len(servers),
        "volumes_managed": len(managed),
        "current_primary_site": work.name(primary),
        "instances": [effect.doc["id"] for effect in servers],
        "volumes": [effect.doc["id"] for effect in managed],
        "snapshot_id": work.notes["snapshot_id"],
        "snapshot_created_at": work.notes["snapshot_created_at"],
        "leftovers": [],
    }


def _tested(work: Work, group: Group) -> dict[str, Any]:
    """A test failover: its resources are known to both sites."""
    volumes = [effect.doc for effect in work.effects("manage")]
    group.doc["tests"].append(
        {
            "operation_id": work.operation.id,
            "site_id": work.target,
            "instances": [
                {"id": effect.doc["id"], "name": effect.doc["name"]}
                for effect in work.effects("server")
            ],
            "volumes": [
                {field: one[field] for field in ("id", "name", "array_name")}
                for one in volumes
            ],
            "stopped_site_id": work.source,
            "stopped": [one for one, _ in work.notes.get("stopped", [])],
        }
    )
    return _made(work)


def _cleaned(work: Work, group: Group) -> dict[str, Any]:
    """A test clean-up: nothing of a test is left."""
    tests = group.doc["tests"]
    group.doc["tests"] = []
    return {
        "tests_removed": [test["operation_id"] for test in tests],
        "instances_deleted": sum(len(t["instances"]) for t in tests),
        "volumes_deleted": sum(len(t["volumes"]) for t in tests),
        "leftovers": [],
    }


def _replicated(work: Work, group: Group) -> dict[str, Any]:
    """A sync: the time of its recovery point, known to this site alone."""
    made = work.notes["snapshot_created_at"]
    last = group.local.get("last_replication_at")
    if last is None or parse_stamp(last) < parse_stamp(made):
        group.local["last_replication_at"] = made
    return {
        "snapshot_id": work.notes["snapshot_id"],
        "snapshot_created_at": made,
        "leftovers": [],
    }


def _discarded(work: Work, group: Group) -> dict[str, Any]:
    """The copy of this site, above that of the peer by count and version:
    the push that follows takes the place of exactly that version."""
    held = discard.still_held(work)
    doc = group.doc
    doc["failover_count"] = 1 + max(doc["failover_count"], held.failover_count)
    doc["version"] = 1 + max(doc["version"], held.version)
    group.local["last_operation"] = work.operation.id
    group.local[OVER] = held.version
    group.local["look"] = True
    work.metadata.owe(group, forced=False)
    return {
        "discarded_version": held.version,
        "current_primary_site": work.name(work.source),
        "stale_removed": [],
        "leftovers": [],
    }


_WRITERS = {
    "failover": _moved,
    "failback": _moved,
    "test_failover": _tested,
    "test_cleanup": _cleaned,
    "sync_volumes": _replicated,
    "sync_force": _discarded,
}


def finish(work: Work, leftovers: list[dict[str, Any]]) -> None:
    """The operation is completed."""
    doc = work.operation.doc
    doc["result_data"]["leftovers"] = leftovers
    doc["status"] = "completed"
    doc["progress"] = 100
    doc["completed_at"] = stamp(work.site.clock.time())
    last = work.notes["last_step"]
    if last not in doc["steps_completed"]:
        doc["steps_completed"].append(last)
    work.save()
