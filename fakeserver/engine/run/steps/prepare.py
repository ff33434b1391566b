"""The first two steps: is the target fit, and from what is it rebuilt."""

from collections.abc import Iterable
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import current_array_names, entry
from fakeserver.engine.model.operation_state import (
    OldCopy,
    OldVolume,
    Port,
    StoppedInstance,
)
from fakeserver.engine.run.step_context import StepFailed, Work
from fakeserver.engine.run.steps import replication
from fakeserver.storage.driver import RecoveryPoint, StorageError
from fakeserver.store.effects import EffectDetail


def validate_target_site(work: Work) -> None:
    """The target's clouds answer, and no older copy runs there."""
    cloud = work.cloud(work.target)
    cloud.ping()
    networks = {n["id"] for n in cloud.networks()}
    flavors = {f["id"] for f in cloud.flavors()}
    for plan in work.state.plan:
        if plan.flavor.id not in flavors:
            raise StepFailed(
                f"Flavor {plan.flavor.name} is gone from "
                f"{work.name(work.target)}"
            )
        for network in plan.networks:
            if network.id not in networks:
                raise StepFailed(
                    f"Network {network.name} is gone from "
                    f"{work.name(work.target)}"
                )
    if not work.is_drill:
        _set_drills_aside(work)
        _set_stale_aside(work)
    work.progress(1, 1)


def _set_drills_aside(work: Work) -> None:
    """Drills at the target that were not cleaned up when their primary
    died, or that were cut short. They have the addresses that the rebuilt
    instances get, and run on without them."""
    members = {member["id"] for member in work.doc()["members"]}
    known = {
        server["id"]
        for test in work.doc()["tests"]
        if test["site_id"] == work.target
        for server in test["instances"]
    }
    for server in work.cloud(work.target).servers():
        worn = server.get("metadata") or {}
        ours = orphans.DRILL in worn and worn.get(orphans.MEMBER) in members
        if ours or server["id"] in known:
            ports = _ports(work, server["id"])
            _free_addresses(work, server["id"], server["name"], ports)


def _set_stale_aside(work: Work) -> None:
    """Stop what earlier operations left at the target: the old primary's
    instances after a forced failover, what a clean-up could not remove,
    what a rollback had to leave.

    It may hold writes that never replicated: its volumes are kept as
    snapshots on the array before anything of it is deleted. Its addresses
    are the ones that the rebuilt instances get.
    """
    for copy in stop_stale(work):
        if copy.instance_id is not None:
            _free_addresses(work, copy.instance_id, copy.name, copy.addresses)
    keep_stale(work)


def stop_stale(work: Work) -> list[OldCopy]:
    """Find it, write down what it is, and stop what of it runs."""
    if work.state.stale is None:
        work.state.stale = _find_stale(work)
        work.save()
    running = [
        StoppedInstance(copy.instance_id, copy.name)
        for copy in work.state.stale
        if copy.running and copy.instance_id is not None
    ]
    stop_all(work, work.target, running)
    return work.state.stale


def keep_stale(work: Work) -> None:
    """Keep a snapshot of each volume of it on the array."""
    array = work.array(work.target)
    for copy in work.state.stale or []:
        for volume in copy.volumes:
            if work.site.arrays.volume(array, volume.array_name):
                volume.snapshot = work.site.arrays.keep_snapshot(
                    array, volume.array_name, work.operation.id
                )
    work.save()


def _ports(work: Work, server_id: str) -> list[Port]:
    """Network and address of each port of an instance at the target."""
    return [
        Port(port["net_id"], port["fixed_ips"][0]["ip_address"])
        for port in work.cloud(work.target).interfaces(server_id)
        if port["fixed_ips"]
    ]


def _free_addresses(
    work: Work, server_id: str, name: str, ports: list[Port]
) -> None:
    cloud = work.cloud(work.target)
    for network_id, address in ports:

        def unplug(wanted: tuple[str, str] = (network_id, address)) -> None:
            for port in cloud.interfaces(server_id):
                held = port["fixed_ips"][0]["ip_address"]
                if (port["net_id"], held) == wanted:
                    cloud.unplug(server_id, port["port_id"])

        detail = EffectDetail(
            site=work.target,
            id=server_id,
            name=name,
            network_id=network_id,
            address=address,
        )
        work.effect("unplug", f"{server_id}/{address}", detail, unplug)


def _find_stale(work: Work) -> list[OldCopy]:
    cloud, doc = work.cloud(work.target), work.doc()
    servers = {server["id"]: server for server in cloud.servers()}
    volumes = {volume["id"]: volume for volume in cloud.volumes()}
    found = []
    for member in doc["members"]:
        had = entry(member, work.target)
        if had is None:
            continue
        if (id_ := had["instance_id"]) is not None:
            held = [v for v in had["volumes"] if v["id"] is not None]
            name = had["instance_name"]
            found.append(_stale(work, id_, servers.get(id_), name, held))
        if left := had.get("left"):
            id_ = left["instance_id"]
            held = [v for v in left["volumes"] if v["id"] in volumes]
            if id_ in servers or held:
                server = servers.get(id_)
                found.append(_stale(work, id_, server, left["name"], held))
    lineage = work.state.lineage
    for stray in orphans.find(
        servers.values(), volumes.values(), doc, work.target, lineage
    ):
        held = [
            {**volume, "array_name": volume["metadata"][orphans.KEY]}
            for volume in stray.volumes
        ]
        id_ = stray.server["id"] if stray.server else None
        found.append(_stale(work, id_, stray.server, stray.name, held))
    return found


def _stale(
    work: Work,
    id_: str | None,
    server: dict[str, Any] | None,
    name: str,
    volumes: list[dict[str, Any]],
) -> OldCopy:
    """An instance to be removed, with its volumes, as it is noted."""
    return OldCopy(
        id_,
        name,
        running=server is not None and server["status"] == "ACTIVE",
        addresses=_ports(work, server["id"]) if server else [],
        volumes=[
            OldVolume(volume["id"], volume["name"], volume["array_name"])
            for volume in volumes
        ],
    )


def get_latest_snapshot(work: Work) -> None:
    """Choose the recovery point; a planned move makes a last one."""
    target = work.array(work.target)
    work.sign_in(work.target)
    if work.state.moves_last_writes:
        work.sign_in(work.source)
        if work.operation.type == "failover":
            # asked before the first instance is stopped
            _require_point(work, target)
        _stop_source(work)
        replication.direct(work, work.source, work.target)
        replication.last_point(work, work.operation.id)
    elif work.state.stops_source:
        _require_point(work, target)
        _stop_source(work)
    names = current_array_names(work.doc())
    point = _require_point(work, target, names)
    work.state.snapshot_id = point.id
    work.state.snapshot_created_at = stamp(point.created_at)
    work.save()
    work.progress(1, 1)


def _require_point(
    work: Work, array: str, holding: Iterable[str] = ()
) -> RecoveryPoint:
    point = work.site.arrays.latest(work.operation.group_id, array, holding)
    if point is None:
        points = work.site.arrays.points(work.operation.group_id)
        since = "once"
        if any(one.complete for one in points):
            # those that there are were made before, of other volumes
            since = "since its last move"
        raise StorageError(
            f"No replicated snapshot of protection group "
            f"{work.doc()['name']} exists on FlashArray {array}: "
            f"replication of its volumes has not completed {since}"
        )
    return point


def _stop_source(work: Work) -> None:
    """Stop the instances that run now, the list written down first."""
    if work.state.stopped is None:
        cloud = work.cloud(work.source)
        running = []
        for member in work.doc()["members"]:
            at_source = entry(member, work.source)
            if at_source is None or at_source["instance_id"] is None:
                continue
            server = cloud.server(at_source["instance_id"])
            if server is not None and server["status"] == "ACTIVE":
                running.append(
                    StoppedInstance(
                        at_source["instance_id"], at_source["instance_name"]
                    )
                )
        work.state.stopped = running
        work.save()
    stop_all(work, work.source, work.state.stopped)


def stop_all(work: Work, site_id: str, servers: list[StoppedInstance]) -> None:
    """Stop instances; a rollback starts exactly those again."""
    cloud = work.cloud(site_id)
    deeds = [
        (one, EffectDetail(site=site_id, id=one, name=name))
        for one, name in servers
    ]
    work.intend("stop", deeds)
    for one, detail in deeds:

        def stop(server_id: str = one) -> None:
            cloud.stop_server(server_id)

            def stopped() -> bool:
                found = cloud.server(server_id)
                return found is None or found["status"] != "ACTIVE"

            work.wait_until(f"Stopping instance {server_id}", stopped)

        work.effect("stop", one, detail, stop)
