"""Create the ports of an instance before the instance itself.

Nova would make them, too, but not with the MAC address, the port security
and the allowed address pairs that the old ones had. A port belongs to the
effect of its instance: it has a derived name, by which a repeated step and a
rollback find it.
"""

import dataclasses
from typing import Any

from fakeserver.engine.cloud_client.cloud import CloudRefused, RemoteCloud
from fakeserver.engine.model import attributes
from fakeserver.engine.model.member_plan import MemberPlan, NetworkPlan
from fakeserver.engine.model.operation_record import Loss

Record = dict[str, Any]

#: what Neutron may refuse, with a word of its refusals; without one of them,
#: the first that is there is left out
_REFUSED = (
    ("mac_address", "mac"),
    ("allowed_address_pairs", "pair"),
    ("port_security_enabled", "security"),
    ("security_groups", "security"),
    ("fixed_ips", "ip"),
)
#: what a member's network has beside its first address
MORE, FLOATING = "more_addresses", "floating_ips"
_FLOATING_WHY = (
    "A floating IP address belongs to the networks of its site; give the "
    "instance another one"
)


@dataclasses.dataclass
class PortsAnswer:
    """The ports of one instance, in the order of its networks."""

    ports: list[Record]
    #: as a member has them at the target
    networks: list[Record]
    losses: list[Loss]


def mark(member_id: str) -> str:
    """Return the description of a port that is made for a member."""
    return f"protector member {member_id}"


def names(key: str, plan: MemberPlan) -> list[str]:
    """Return the name of each port of an instance."""
    return [f"{key}-{n}" for n in range(len(plan.networks))]


def make(
    cloud: RemoteCloud,
    key: str,
    plan: MemberPlan,
    at_source: Record,
    groups: list[str] | None,
    *,
    any_address: bool,
    tried_before: bool,
) -> PortsAnswer:
    """Create the ports of an instance, or find those of an earlier try.

    :param groups: ids of security groups; None leaves it to Neutron.
    :param any_address: whether one whose address is refused gets another.
    :param tried_before: whether ports of an earlier try may be there.
    """
    answer = PortsAnswer([], [], [])
    for n, name in enumerate(names(key, plan)):
        network, held = plan.networks[n], at_source["networks"][n]
        wanted = _wanted(name, network, held, groups)
        wanted["description"] = mark(plan.member_id)
        there = cloud.ports_named(name) if tried_before else []
        port, refusals = (
            (there[0], dict[str, str]())
            if there
            else _create(cloud, wanted, any_address)
        )
        address, *more = _addresses(network, port)
        answer.ports.append(port)
        answer.networks.append(
            {
                "id": network.id,
                "name": network.name,
                "cidr": network.cidr,
                "fixed_ip": address,
                **attributes.of_port(port),
                **({"more_addresses": more} if more else {}),
            }
        )
        answer.losses += _losses(
            at_source["instance_name"], network, held, port, refusals
        )
    return answer


def held(port: Record) -> Record:
    """Return what `put_back` needs of a port that is taken away."""
    found = {
        name: port[name]
        for name in (
            "name",
            "description",
            "network_id",
            "fixed_ips",
            "security_groups",
        )
        if port.get(name)
    }
    return found | attributes.of_port(port)


def put_back(
    cloud: RemoteCloud, server_id: str, key: str, port: Record
) -> None:
    """Give an instance a port again that was taken away from it.

    :param key: names the new port, where the old one had no name.
    :param port: what `held` returned of the old one.
    """
    wanted = {"name": key, **port}
    if not wanted.get("allowed_address_pairs"):
        wanted.pop("allowed_address_pairs", None)
    if wanted.get("port_security_enabled", True):
        wanted.pop("port_security_enabled", None)
    made, _ = _create(cloud, wanted, any_address=False)
    cloud.plug_port(server_id, made["id"])


def _wanted(
    name: str, network: NetworkPlan, held: Record, groups: list[str] | None
) -> Record:
    wanted: Record = {"name": name, "network_id": network.id}
    if network.fixed_ip:
        wanted["fixed_ips"] = [
            {"ip_address": address}
            for address in (network.fixed_ip, *(network.more_ips or ()))
        ]
    if held.get("mac_address"):
        wanted["mac_address"] = held["mac_address"]
    if held.get("port_security_enabled") is False:
        wanted["port_security_enabled"] = False
        return wanted
    if groups is not None:
        wanted["security_groups"] = groups
    if held.get("allowed_address_pairs"):
        wanted["allowed_address_pairs"] = _pairs(held)
    return wanted


def _pairs(held: Record) -> list[Record]:
    """Return the address pairs; one with the port's own MAC address goes with
    that of the new port."""
    return [
        {
            key: value
            for key, value in pair.items()
            if key == "ip_address" or value != held.get("mac_address")
        }
        for pair in held["allowed_address_pairs"]
    ]


def _create(
    cloud: RemoteCloud, wanted: Record, any_address: bool
) -> tuple[Record, dict[str, str]]:
    """Create a port with as much as Neutron accepts; return it, and why it
    refused the rest."""
    refusals: dict[str, str] = {}
    while True:
        try:
            return cloud.create_port(wanted), refusals
        except CloudRefused as refusal:
            for made in cloud.ports_named(wanted["name"]):
                # a first try that was slow on its way
                return made, refusals
            fixed = wanted.get("fixed_ips") or []
            if len(fixed) > 1 and "ip" in refusal.message.lower():
                # the first is the one by which the instance is known
                refusals[MORE] = f"{cloud.site} refused it: {refusal.message}"
                wanted = {**wanted, "fixed_ips": fixed[:1]}
                continue
            left_out = _left_out(wanted, refusal.message, any_address)
            if left_out is None:
                raise
            refusals[left_out] = f"{cloud.site} refused it: {refusal.message}"
            wanted = {
                key: value for key, value in wanted.items() if key != left_out
            }


def _left_out(wanted: Record, message: str, any_address: bool) -> str | None:
    """Return what to leave out of a port that was refused."""
    there = [
        (field, word)
        for field, word in _REFUSED
        if field in wanted and (field != "fixed_ips" or any_address)
    ]
    said = message.lower()
    for field, word in there:
        if word in said:
            return field
    return there[0][0] if there else None


def _addresses(network: NetworkPlan, port: Record) -> list[str]:
    """Return the addresses of a port, that of the instance first."""
    found = [one["ip_address"] for one in port["fixed_ips"]]
    return sorted(found, key=lambda one: one != network.fixed_ip)


def _losses(
    member: str,
    network: NetworkPlan,
    held: Record,
    port: Record,
    refusals: dict[str, str],
) -> list[Loss]:
    """Return what the new port has not of the old one."""
    place = f"networks[{held['name']}]"
    address, *more = _addresses(network, port)
    found = []
    if network.wanted_ip and address != network.wanted_ip:
        why = network.why_not or refusals.get("fixed_ips", "")
        found.append(
            Loss(
                member,
                f"{place}.fixed_ip",
                network.wanted_ip,
                f"{why}; the instance has {address}".lstrip("; "),
            )
        )
    missing = [one for one in held.get(MORE) or () if one not in more]
    if missing:
        why = refusals.get(MORE) or (
            f"The port has {', '.join([address, *more])}"
        )
        found.append(Loss(member, f"{place}.{MORE}", missing, why))
    if held.get(FLOATING):
        found.append(
            Loss(member, f"{place}.{FLOATING}", held[FLOATING], _FLOATING_WHY)
        )
    for field in ("mac_address", "port_security_enabled"):
        if held.get(field) is not None and port.get(field) != held[field]:
            why = refusals.get(field) or f"The new port has {port.get(field)}"
            found.append(Loss(member, f"{place}.{field}", held[field], why))
    now = [one["ip_address"] for one in port.get("allowed_address_pairs", ())]
    lost = [
        pair
        for pair in held.get("allowed_address_pairs") or ()
        if pair["ip_address"] not in now
    ]
    if lost:
        field = "allowed_address_pairs"
        why = refusals.get(field, "The new port does not have them")
        found.append(Loss(member, f"{place}.{field}", lost, why))
    return found
