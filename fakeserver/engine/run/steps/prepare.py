"""The first two steps: check the target, choose the recovery point."""

from collections.abc import Iterable, Sequence
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import current_array_names, entry
from fakeserver.engine.model.operation_state import (
    OldCopy,
    OldVolume,
    Port,
    QuietInstance,
    StoppedInstance,
)
from fakeserver.engine.run import on_array, ports, remove
from fakeserver.engine.run.step_context import StepContext, StepFailed
from fakeserver.engine.run.steps import (
    addresses,
    power_states,
    replication,
)
from fakeserver.storage.driver import RecoveryPoint, StorageError
from fakeserver.store.effects import EffectDetail


def validate_target_site(context: StepContext) -> None:
    """Check that the target's clouds answer and have room for the addresses,
    and that each member can be stopped; stop every older copy there."""
    cloud = context.cloud(context.target)
    cloud.ping()
    networks = {n["id"]: n for n in cloud.networks()}
    flavors = {f["id"] for f in cloud.flavors()}
    for plan in context.state.plan:
        if plan.flavor.id not in flavors:
            raise StepFailed(
                f"Flavor {plan.flavor.name} is gone from "
                f"{context.name(context.target)}"
            )
        for network in plan.networks:
            if network.stands_for is None and network.id not in networks:
                raise StepFailed(
                    f"Network {network.name} is gone from "
                    f"{context.name(context.target)}"
                )
    power_states.read_live(context)
    servers = cloud.servers()
    shared = {id_ for id_, one in networks.items() if one.get("shared")}
    addresses.check(context, servers, shared)
    if not context.is_drill:
        _set_drills_aside(context, servers)
        _set_stale_aside(context, servers)
    context.progress(1, 1)


def _set_drills_aside(
    context: StepContext, servers: Sequence[dict[str, Any]]
) -> None:
    """Drills at the target that were not cleaned up when their primary
    died, or that were cut short. They have the addresses that the rebuilt
    instances get, and run on without them."""
    members = {member["id"] for member in context.doc()["members"]}
    known = {
        server["id"]
        for test in context.doc()["tests"]
        if test["site_id"] == context.target
        for server in test["instances"]
    }
    for server in servers:
        worn = server.get("metadata") or {}
        ours = orphans.DRILL in worn and worn.get(orphans.MEMBER) in members
        if ours or server["id"] in known:
            _free_addresses(
                context,
                server["id"],
                server["name"],
                _ports(context, server["id"]),
            )


def _set_stale_aside(
    context: StepContext, servers: Sequence[dict[str, Any]]
) -> None:
    """Stop what earlier operations left at the target: the old primary's
    instances after a forced failover, what a clean-up could not remove,
    what a rollback had to leave.

    It may hold writes that never replicated: its volumes are kept as
    snapshots on the array before anything of it is deleted. Its addresses
    are the ones that the rebuilt instances get.
    """
    for copy in stop_stale(context, servers):
        if copy.instance_id is not None:
            _free_addresses(
                context, copy.instance_id, copy.name, copy.addresses
            )
    keep_stale(context)


def stop_stale(
    context: StepContext, servers: Sequence[dict[str, Any]] | None = None
) -> list[OldCopy]:
    """Find the old copies at the target, note them, stop those that run.

    :param servers: all instances at the target; None lists them.
    """
    if context.state.stale is None:
        if servers is None:
            servers = context.cloud(context.target).servers()
        context.state.stale = _find_stale(context, servers)
        context.save()
    running = [
        StoppedInstance(copy.instance_id, copy.name)
        for copy in context.state.stale
        if copy.running and copy.instance_id is not None
    ]
    _unlock(context, [one.id for one in running])
    stop_all(context, context.target, running)
    return context.state.stale


def _unlock(context: StepContext, ids: list[str]) -> None:
    """Unlock old copies and tests: Nova changes nothing of a locked one."""
    cloud = context.cloud(context.target)
    for server_id in ids:
        if (cloud.details(server_id) or {}).get("locked"):
            cloud.unlock_server(server_id)


def keep_stale(context: StepContext) -> None:
    """Keep a snapshot of each volume of an old copy on the array."""
    array = context.array(context.target)
    for copy in context.state.stale or []:
        for volume in copy.volumes:
            if on_array.note(context, context.target, volume) is not None:
                volume.snapshot = context.site.arrays.keep_snapshot(
                    array, volume.array_name, context.operation.id
                )
    context.save()


def _ports(context: StepContext, server_id: str) -> list[Port]:
    """List network and address of each port of an instance at the target."""
    return [
        Port(port["net_id"], port["fixed_ips"][0]["ip_address"])
        for port in context.cloud(context.target).interfaces(server_id)
        if port["fixed_ips"]
    ]


def _free_addresses(
    context: StepContext, server_id: str, name: str, places: list[Port]
) -> None:
    """Take the ports of an instance away; a rollback puts them back."""
    cloud = context.cloud(context.target)
    if places:
        _unlock(context, [server_id])
    shown = cloud.ports(server_id) if places else []
    for network_id, address in places:

        def unplug(wanted: tuple[str, str] = (network_id, address)) -> None:
            for port in cloud.interfaces(server_id):
                held = port["fixed_ips"][0]["ip_address"]
                if (port["net_id"], held) == wanted:
                    remove.unplug(
                        context, context.target, server_id, port["port_id"]
                    )

        detail = EffectDetail(
            site=context.target,
            id=server_id,
            name=name,
            network_id=network_id,
            address=address,
            port=_held(shown, network_id, address),
        )
        context.effect("unplug", f"{server_id}/{address}", detail, unplug)


def _held(
    shown: list[dict[str, Any]], network_id: str, address: str
) -> dict[str, Any] | None:
    for port in shown:
        fixed = [one["ip_address"] for one in port["fixed_ips"]]
        if port["network_id"] == network_id and address in fixed:
            return ports.held(port)
    return None


def _find_stale(
    context: StepContext, listed: Sequence[dict[str, Any]]
) -> list[OldCopy]:
    cloud, doc = context.cloud(context.target), context.doc()
    servers = {server["id"]: server for server in listed}
    volumes = {volume["id"]: volume for volume in cloud.volumes()}
    found = []
    for member in doc["members"]:
        had = entry(member, context.target)
        if had is None:
            continue
        if (id_ := had["instance_id"]) is not None:
            held = [v for v in had["volumes"] if v["id"] is not None]
            name = had["instance_name"]
            found.append(_stale(context, id_, servers.get(id_), name, held))
        if left := had.get("left"):
            id_ = left["instance_id"]
            held = [v for v in left["volumes"] if v["id"] in volumes]
            if id_ in servers or held:
                server = servers.get(id_)
                found.append(_stale(context, id_, server, left["name"], held))
    lineage = context.state.lineage
    for orphan in orphans.find(
        servers.values(), volumes.values(), doc, context.target, lineage
    ):
        held = [
            {
                **volume,
                "array_name": volume["metadata"][orphans.KEY],
                "array_serial": volume["metadata"].get(orphans.SERIAL),
            }
            for volume in orphan.volumes
        ]
        id_ = orphan.server["id"] if orphan.server else None
        found.append(_stale(context, id_, orphan.server, orphan.name, held))
    return found


def _stale(
    context: StepContext,
    id_: str | None,
    server: dict[str, Any] | None,
    name: str,
    volumes: list[dict[str, Any]],
) -> OldCopy:
    """Build the record of an old copy."""
    return OldCopy(
        id_,
        name,
        running=server is not None and server["status"] == "ACTIVE",
        addresses=_ports(context, server["id"]) if server else [],
        volumes=[OldVolume.of(volume) for volume in volumes],
    )


def get_latest_snapshot(context: StepContext) -> None:
    """Choose the recovery point; a planned move makes a last one first."""
    target = context.array(context.target)
    context.sign_in(context.target)
    if context.state.moves_last_writes:
        context.sign_in(context.source)
        if context.operation.type == "failover":
            # asked before the first instance is stopped
            _require_point(context, target)
        _note_quiet(context, _stop_source(context))
        replication.direct(context, context.source, context.target)
        replication.last_point(context, context.operation.id)
    elif context.state.stops_source:
        _require_point(context, target)
        _stop_source(context)
    names = current_array_names(context.doc())
    point = _require_point(context, target, names)
    context.state.snapshot_id = point.id
    context.state.snapshot_created_at = stamp(point.created_at)
    context.save()
    if context.forced:
        power_states.read_kept(context)
    context.progress(1, 1)


def _require_point(
    context: StepContext, array: str, holding: Iterable[str] = ()
) -> RecoveryPoint:
    point = context.site.arrays.latest(
        context.operation.group_id, array, holding
    )
    if point is None:
        points = context.site.arrays.points(context.operation.group_id)
        since = "once"
        if any(one.complete for one in points):
            # those that there are were made before, of other volumes
            since = "since its last move"
        raise StorageError(
            f"No replicated snapshot of protection group "
            f"{context.doc()['name']} exists on FlashArray {array}: "
            f"replication of its volumes has not completed {since}"
        )
    return point


def _stop_source(context: StepContext) -> dict[str, dict[str, Any]]:
    """Stop the instances that run at the source; note them first. Return
    those that were stopped just now, as Nova then showed them."""
    if context.state.stopped is None:
        cloud = context.cloud(context.source)
        running = []
        for member in context.doc()["members"]:
            at_source = entry(member, context.source)
            if at_source is None or at_source["instance_id"] is None:
                continue
            server = cloud.server(at_source["instance_id"])
            if server is not None and server["status"] == "ACTIVE":
                running.append(
                    StoppedInstance(
                        at_source["instance_id"], at_source["instance_name"]
                    )
                )
        context.state.stopped = running
        context.save()
    return stop_all(context, context.source, context.state.stopped)


def _note_quiet(
    context: StepContext, stopped: dict[str, dict[str, Any]]
) -> None:
    """Note when Nova last changed each stopped instance of the source.

    No array hears that a server was stopped. As long as Nova's time stays
    the same it has not run again, and the last recovery point holds every
    write of its volumes.
    """
    if context.state.quiet is not None:
        return
    cloud = context.cloud(context.source)
    quiet = []
    for member in context.doc()["members"]:
        at_source = entry(member, context.source)
        if at_source is None or at_source["instance_id"] is None:
            continue
        id_ = at_source["instance_id"]
        server = stopped.get(id_) or cloud.server(id_)
        if server is not None and server["status"] == "SHUTOFF":
            quiet.append(QuietInstance(server["id"], str(server["updated"])))
    context.state.quiet = quiet
    context.save()


def stop_all(
    context: StepContext, site_id: str, servers: list[StoppedInstance]
) -> dict[str, dict[str, Any]]:
    """Stop instances; a rollback starts exactly these again. Return those
    that were stopped just now, as Nova showed them after it."""
    shown: dict[str, dict[str, Any]] = {}
    cloud = context.cloud(site_id)
    deeds = [
        (one, EffectDetail(site=site_id, id=one, name=name))
        for one, name in servers
    ]
    context.intend("stop", deeds)
    for one, detail in deeds:

        def stop(server_id: str = one) -> None:
            cloud.stop_server(server_id)

            def stopped() -> bool:
                found = cloud.server(server_id)
                if found is not None:
                    shown[server_id] = found
                return found is None or found["status"] != "ACTIVE"

            context.wait_until(f"Stopping instance {server_id}", stopped)

        context.effect("stop", one, detail, stop)
    return shown
