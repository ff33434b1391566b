"""Find addresses that somebody else has at the target."""

import contextlib
from collections.abc import Container, Iterator, Sequence
from typing import Any

from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudRefused
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.member_plan import NetworkPlan
from fakeserver.engine.run import ports
from fakeserver.engine.run.step_context import StepContext, StepFailed

Record = dict[str, Any]


def check(
    context: StepContext, servers: Sequence[Record], shared: Container[str]
) -> None:
    """Fail where an address is taken; a forced failover goes on without it.

    What an older copy of a member has does not count, nor what an uncleaned
    test of the group has: both are set aside. A test takes nothing away.

    :param servers: all instances at the target.
    :param shared: ids of the networks of which Neutron may not show each port.
    """
    wanted = [
        network
        for plan in context.state.plan
        for network in plan.networks
        # in a network of its own nobody else has an address
        if network.fixed_ip is not None and network.stands_for is None
    ]
    if not wanted:
        return
    taken = []
    networks = {network.id for network in wanted}
    owners = dict(_owners(context, networks, servers))
    each = [
        (one, address)
        for one in wanted
        for address in (str(one.fixed_ip), *(one.more_ips or ()))
    ]
    for network, address in each:
        place = network.id, address
        owner = owners.get(place)
        if place not in owners and network.id in shared:
            owner = _hidden_owner(context, network, address)
        if owner is None:
            continue
        why = (
            f"Address {address} in {network.name} at "
            f"{context.name(context.target)} is taken: {owner}"
        )
        taken.append(why)
        if context.forced:
            _do_without(network, address, why)
    if taken and not context.forced:
        raise StepFailed("; ".join(taken))
    context.save()


def _hidden_owner(
    context: StepContext, network: NetworkPlan, address: str
) -> str | None:
    """Return words for a port that Neutron does not show to the project.

    Whether there is one shows when a port is created; it is deleted at once.
    A forced failover learns it when it creates the port of the instance.
    """
    if context.forced:
        return None
    cloud, lineage = context.cloud(context.target), context.state.lineage
    wanted: Record = {
        "name": derived_name(lineage, f"{network.id}/{address}"),
        "description": ports.mark(context.state.plan[0].member_id),
        "network_id": network.id,
        "fixed_ips": [{"ip_address": address}],
    }
    try:
        made = cloud.create_port(wanted)
    except CloudRefused as refusal:
        if address in refusal.message:
            return "a port of another project"
        return None
    cloud.delete_port(made["id"])
    return None


def _do_without(network: NetworkPlan, address: str, why: str) -> None:
    if address != network.fixed_ip:
        others = [one for one in network.more_ips or () if one != address]
        network.more_ips = others or None
        return
    network.fixed_ip = network.more_ips = None
    network.why_not = why


def _owners(
    context: StepContext, networks: set[str], listed: Sequence[Record]
) -> Iterator[tuple[tuple[str, str], str | None]]:
    """Return network and address of each port that Neutron shows, with words
    for its owner; None where it gives way to the group."""
    cloud = context.cloud(context.target)
    servers = {server["id"]: server for server in listed}
    ours = set(_ours(context, servers.values()))
    marks = {ports.mark(member["id"]) for member in context.doc()["members"]}
    own = {
        derived_name(context.state.lineage, plan.member_id)
        for plan in context.state.plan
    }
    for network_id in sorted(networks):
        for port in cloud.ports_on(network_id):
            device = port["device_id"]
            # a port of an earlier try of this operation
            made = str(port.get("name")).rpartition("-")[0] in own
            if device in ours or made:
                for fixed in port["fixed_ips"]:
                    yield (network_id, fixed["ip_address"]), None
                continue
            if not device and port.get("description") in marks:
                # it was made for a member; somebody has deleted the
                # instance, and Nova left its port
                with contextlib.suppress(CloudRefused):
                    cloud.delete_port(port["id"])
                    continue
            if device in servers:
                owner = f"instance {servers[device]['name']} ({device})"
            else:
                owner = port["device_owner"] or "no device"
            for fixed in port["fixed_ips"]:
                place = (network_id, fixed["ip_address"])
                yield place, f"port {port['id']} of {owner}"
    for subnet in cloud.subnets():
        if subnet["network_id"] in networks and subnet["gateway_ip"]:
            place = (subnet["network_id"], subnet["gateway_ip"])
            yield place, "it is the gateway"


def _ours(context: StepContext, servers: Any) -> Iterator[str]:
    """Return the ids of the instances whose addresses will be free."""
    doc, lineage = context.doc(), context.state.lineage
    members = {member["id"] for member in doc["members"]}
    for server in servers:
        worn = server.get("metadata") or {}
        if (
            worn.get(orphans.OPERATION) == lineage
            or not context.is_drill
            and worn.get(orphans.MEMBER) in members
        ):
            yield server["id"]
    if context.is_drill:
        return
    for test in doc["tests"]:
        for one in test["instances"]:
            yield one["id"]
    for member in doc["members"]:
        known = entry(member, context.target)
        if known is None:
            continue
        for held in (known, known.get("left") or {}):
            if held.get("instance_id"):
                yield held["instance_id"]
