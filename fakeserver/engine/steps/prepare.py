"""The first two steps: is the target fit, and from what is it rebuilt."""

from collections.abc import Iterable
from typing import Any

from fakeserver.clock import stamp
from fakeserver.engine.documents import current_array_names, entry
from fakeserver.engine.steps import replication
from fakeserver.engine.work import StepFailed, Work
from fakeserver.storage.driver import RecoveryPoint, StorageError


def validate_target_site(work: Work) -> None:
    """The target's clouds answer, and no older copy runs there."""
    cloud = work.cloud(work.target)
    cloud.ping()
    networks = {n["id"] for n in cloud.networks()}
    flavors = {f["id"] for f in cloud.flavors()}
    for plan in work.notes["plan"]:
        if plan["flavor"]["id"] not in flavors:
            raise StepFailed(
                f"Flavor {plan['flavor']['name']} is gone from site "
                f"{work.name(work.target)}"
            )
        for network in plan["networks"]:
            if network["id"] not in networks:
                raise StepFailed(
                    f"Network {network['name']} is gone from site "
                    f"{work.name(work.target)}"
                )
    if work.operation.type != "test_failover":
        _set_others_aside(work)
        _set_stale_aside(work)
    work.progress(1, 1)


def _set_others_aside(work: Work) -> None:
    """What else was built at the target from these members: a drill that
    was not cleaned up when its primary died, or that was cut short, or
    what a rollback had to leave. It has the addresses that the rebuilt
    instances get, and runs on without them."""
    members = work.doc()["members"]
    sources = {
        found["instance_id"]
        for member in members
        if (found := entry(member, work.source)) is not None
    } - {None}
    tests = {
        server["id"]
        for test in work.doc()["tests"]
        if test["site_id"] == work.target
        for server in test["instances"]
    }
    for server in work.cloud(work.target).servers():
        marks = server.get("metadata", {})
        own = marks.get("protector_operation") == work.notes["lineage"]
        built = marks.get("protector_source") in sources
        if server["id"] in tests or (built and not own):
            ports = _ports(work, server["id"])
            _free_addresses(work, server["id"], server["name"], ports)


def _set_stale_aside(work: Work) -> None:
    """Stop what an earlier forced failover left at the target.

    It holds writes that never replicated: its volumes are kept as
    snapshots on the array before anything of it is deleted. Its addresses
    are the ones that the rebuilt instances get back.
    """
    if "stale" not in work.notes:
        work.note(stale=_find_stale(work))
    array = work.array(work.target)
    stale: list[dict[str, Any]] = work.notes["stale"]
    stop_all(
        work,
        work.target,
        [
            (server["instance_id"], server["name"])
            for server in stale
            if server["running"]
        ],
    )
    for server in stale:
        _free_addresses(
            work, server["instance_id"], server["name"], server["addresses"]
        )
        for volume in server["volumes"]:
            if work.site.arrays.volume(array, volume["array_name"]):
                volume["snapshot"] = work.site.arrays.keep_snapshot(
                    array, volume["array_name"], work.operation.id
                )
    work.note(stale=stale)


def _ports(work: Work, server_id: str) -> list[list[str]]:
    """Network and address of each port of an instance at the target."""
    return [
        [port["net_id"], port["fixed_ips"][0]["ip_address"]]
        for port in work.cloud(work.target).interfaces(server_id)
        if port["fixed_ips"]
    ]


def _free_addresses(
    work: Work, server_id: str, name: str, ports: list[list[str]]
) -> None:
    cloud = work.cloud(work.target)
    for network_id, address in ports:

        def unplug(wanted: tuple[str, str] = (network_id, address)) -> None:
            for port in cloud.interfaces(server_id):
                held = port["fixed_ips"][0]["ip_address"]
                if (port["net_id"], held) == wanted:
                    cloud.unplug(server_id, port["port_id"])

        doc = {
            "site": work.target,
            "id": server_id,
            "name": name,
            "network_id": network_id,
            "address": address,
        }
        work.effect("unplug", f"{server_id}/{address}", doc, unplug)


def _find_stale(work: Work) -> list[dict[str, Any]]:
    cloud = work.cloud(work.target)
    found = []
    for member in work.doc()["members"]:
        had = entry(member, work.target)
        if had is None or had["instance_id"] is None:
            continue
        server = cloud.server(had["instance_id"])
        found.append(
            {
                "instance_id": had["instance_id"],
                "name": had["instance_name"],
                "running": server is not None and server["status"] == "ACTIVE",
                "addresses": []
                if server is None
                else _ports(work, had["instance_id"]),
                "volumes": [
                    {
                        "id": volume["id"],
                        "name": volume["name"],
                        "array_name": volume["array_name"],
                    }
                    for volume in had["volumes"]
                    if volume["id"] is not None
                ],
            }
        )
    return found


def get_latest_snapshot(work: Work) -> None:
    """Choose the recovery point; a planned move makes a last one."""
    arrays = work.site.arrays
    target = work.array(work.target)
    arrays.check(target, work.policy_token(work.target))
    if work.notes["moves_last_writes"]:
        source = work.array(work.source)
        arrays.check(source, work.policy_token(work.source))
        if work.operation.type == "failover":
            # asked before the first instance is stopped
            _require_point(work, target)
        _stop_source(work)
        replication.direct(work, work.source, work.target)
        replication.last_point(work, work.operation.id)
    elif work.notes["stops_source"]:
        _require_point(work, target)
        _stop_source(work)
    names = current_array_names(work.doc())
    point = _require_point(work, target, names)
    work.note(
        snapshot_id=point.id, snapshot_created_at=stamp(point.created_at)
    )
    work.progress(1, 1)


def _require_point(
    work: Work, array: str, holding: Iterable[str] = ()
) -> RecoveryPoint:
    point = work.site.arrays.latest(work.operation.group_id, array, holding)
    if point is None:
        raise StorageError(
            f"No replicated snapshot of protection group "
            f"{work.doc()['name']} exists on FlashArray {array}: "
            "replication of its volumes has not completed once"
        )
    return point


def _stop_source(work: Work) -> None:
    """Stop the instances that run now, the list written down first."""
    if "stopped" not in work.notes:
        cloud = work.cloud(work.source)
        running = []
        for member in work.doc()["members"]:
            at_source = entry(member, work.source)
            if at_source is None or at_source["instance_id"] is None:
                continue
            server = cloud.server(at_source["instance_id"])
            if server is not None and server["status"] == "ACTIVE":
                running.append(
                    [at_source["instance_id"], at_source["instance_name"]]
                )
        work.note(stopped=running)
    stop_all(
        work,
        work.source,
        [(one, name) for one, name in work.notes["stopped"]],
    )


def stop_all(work: Work, site_id: str, servers: list[tuple[str, str]]) -> None:
    """Stop instances; a rollback starts exactly those again."""
    cloud = work.cloud(site_id)
    deeds = [
        (one, {"site": site_id, "id": one, "name": name})
        for one, name in servers
    ]
    work.intend("stop", deeds)
    for one, doc in deeds:

        def stop(server_id: str = one) -> None:
            cloud.stop_server(server_id)

            def stopped() -> bool:
                found = cloud.server(server_id)
                return found is None or found["status"] != "ACTIVE"

            work.wait_until(f"Stopping instance {server_id}", stopped)

        work.effect("stop", one, doc, stop)
