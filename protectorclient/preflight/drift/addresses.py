"""Whether each member keeps its addresses at the target."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from protectorclient.escape import at
from protectorclient.mapping.forecast import ISOLATED, Instance, Match
from protectorclient.mapping.model import Resource
from protectorclient.preflight import copies
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Item, Subject, quietly

CHECK = "addresses"
#: A member, what replaces one of its networks, that network, and its address
#: there.
_Wanted = tuple[Instance, Match, Resource, str]


@dataclasses.dataclass(frozen=True)
class Address:
    """An address of a member, at the source and at the target."""

    member: str
    #: The network at the source, and the one at the target.
    network: str
    target: str
    address: str
    #: The subnets of the target's network.
    ranges: tuple[str, ...]
    #: What has it, in words; None where it is free.
    taken_by: str | None = None
    #: The id of the port that has it.
    port: str | None = None
    #: Another member that has the same address.
    twin: str | None = None
    #: Whether an older instance of the group, or of a test of it, has it,
    #: whose port is removed for the member.
    frees_port: bool = False

    @property
    def fits(self) -> bool:
        """Return whether the subnet of the target has it.

        Of several the service takes the first.
        """
        return bool(self.ranges) and _contains(self.ranges[0], self.address)

    @property
    def is_taken(self) -> bool:
        """Return whether something else has it at the target."""
        return self.fits and (self.taken_by or self.twin) is not None

    @property
    def kept(self) -> bool:
        """Return whether the member has it at the target."""
        return self.fits and not self.is_taken

    @property
    def why_not(self) -> str:
        """Return why the member does not have it, as a clause."""
        if not self.ranges:
            return f"{self.target} has no subnet"
        if not self.fits:
            return (
                f"{self.address} of {self.member} is outside"
                f" {self.ranges[0]} of {self.target}"
            )
        if self.twin is not None:
            return (
                f"{self.address} of {self.member} is the address of"
                f" {self.twin} on {self.target}, too"
            )
        return (
            f"{self.address} of {self.member} is taken on {self.target}:"
            f" {self.taken_by}"
        )


def forecast(subject: Subject) -> list[Address]:
    """Return each address of the members, and whether it is kept.

    Nothing is asked that is not a list: the networks, the subnets and the
    ports of the target.

    :raises Skip: the target does not answer.
    """
    target = subject.there
    subnets = quietly(lambda: target.subnets, [])
    wanted = list(_wanted(subject))
    ports = _ports(subject, wanted)
    own = set() if subject.drill else _own(subject)
    found: list[Address] = []
    first: dict[tuple[str, str], str] = {}
    for instance, match, to, address in wanted:
        twin = first.setdefault((to.id, address), instance.name)
        inside = [one for one in subnets if one.get("network_id") == to.id]
        port = _holder(ports, to.id, address, own)
        older = _holder(ports, to.id, address, set())
        holder = None
        if port is not None:
            holder = f"port {port.get('id')} of {_owner(subject, port)}"
        elif any(one.get("gateway_ip") == address for one in inside):
            holder = "it is the gateway"
        found.append(
            Address(
                member=instance.name,
                network=match.source.name,
                target=to.name,
                address=address,
                ranges=tuple(str(one.get("cidr")) for one in inside),
                taken_by=holder,
                port=str(port.get("id")) if port is not None else None,
                twin=twin if twin != instance.name else None,
                frees_port=older is not None and port is None,
            )
        )
    return found


def ask(subject: Subject) -> None:
    """Ask the target for what has the addresses; who asks again gets the same
    answer."""
    _ports(subject, _wanted(subject))


def _ports(subject: Subject, wanted: Iterable[_Wanted]) -> Sequence[Item]:
    addresses = {(to.id, address) for _, _, to, address in wanted}
    found: Sequence[Item] = quietly(lambda: subject.ports_there(addresses), ())
    return found


def _wanted(subject: Subject) -> Iterator[_Wanted]:
    """Yield each address that a member should have at the target."""
    for instance, network, match in _networks(subject):
        if match.target is None or not match.matched:
            # that is a row of its own
            continue
        if match.ground == ISOLATED:
            # nobody else has an address there
            continue
        if address := network.get("fixed_ip"):
            yield instance, match, match.target, str(address)


def find(subject: Subject) -> list[Difference]:
    """Return the addresses that the members do not keep."""
    return [
        _difference(subject, one) for one in forecast(subject) if not one.kept
    ]


def taken(subject: Subject) -> list[Address]:
    """Return the addresses that something else has at the target."""
    return [one for one in forecast(subject) if one.is_taken]


def _difference(subject: Subject, one: Address) -> Difference:
    """Make the difference of an address that is not kept."""
    target = subject.there.name
    message = one.why_not
    fix: tuple[str, ...] = ()
    if one.twin is not None:
        fix = ("Map the networks apart with --network-mapping",)
    elif one.port is not None:
        fix = (
            "Give what has it another address, or delete it:",
            at(target, "port show {id}", id=one.port),
        )
    elif not one.fits:
        message += ": it gets another address"
        fix = ("Map the network to one of the same range",)
    return Difference(
        check=CHECK,
        site=target,
        member=one.member,
        attribute=f"networks[{one.network}].fixed_ip",
        protected=one.address,
        found=None if one.fits or not one.ranges else one.ranges[0],
        message=message,
        fix=fix,
    )


def _owner(subject: Subject, port: Item) -> str:
    """Return what has a port: the name of an instance, or Neutron's word."""
    device = str(port.get("device_id") or "")
    for server in quietly(lambda: subject.there.servers, []):
        if str(server.get("id")) == device:
            return str(server.get("name") or device)
    owner = str(port.get("device_owner") or "")
    return owner or device or str(port.get("name") or "no device")


def _networks(
    subject: Subject,
) -> Iterator[tuple[Instance, Item, Match]]:
    """Yield each network of each member, with what replaces it.

    Going home a member gets the address back that it had there.
    """
    matches = {
        (name, match.source.id): match
        for match in subject.match().networks
        for name in match.instances
    }
    for instance in subject.forecast.instances:
        had = (instance.there or {}).get("networks") or ()
        for n, network in enumerate(instance.here.get("networks") or ()):
            match = matches.get((instance.name, str(network.get("id"))))
            if match is None:
                continue
            before = had[n] if n < len(had) else {}
            address = before.get("fixed_ip") or network.get("fixed_ip")
            yield instance, {**network, "fixed_ip": address}, match


#: The description of a port that the service has made begins so, with the
#: id of the member behind it.
_PORT_OF = "protector member"


def _own(subject: Subject) -> set[str]:
    """Return the instances at the target that give way to the group's.

    Those are what the group had there, which the move removes, and its
    uncleaned tests.
    """
    found: set[str] = set()
    document = subject.forecast.document
    for member in document.get("members") or ():
        had = (member.get("sites") or {}).get(subject.forecast.target)
        for one in (had, (had or {}).get("left")):
            if isinstance(one, Mapping) and one.get("instance_id"):
                found.add(str(one["instance_id"]))
    for test in document.get("tests") or ():
        found |= {str(one.get("id")) for one in test.get("instances") or ()}
    members = {str(one.get("id")) for one in document.get("members") or ()}
    found |= {f"{_PORT_OF} {one}" for one in members}
    for server in quietly(lambda: subject.there.servers, []):
        if (server.get("metadata") or {}).get(copies.MARK) in members:
            found.add(str(server.get("id")))
    return found


def _holder(
    ports: Sequence[Item], network: str, address: str, own: set[str]
) -> Item | None:
    for port in ports:
        held = {
            str(one.get("ip_address")) for one in port.get("fixed_ips") or ()
        }
        if (
            port.get("network_id") == network
            and address in held
            and not _gives_way(port, own)
        ):
            return port
    return None


def _gives_way(port: Item, own: set[str]) -> bool:
    """Return whether the move takes an address over: from an instance, or
    from a port whose instance somebody has deleted."""
    device = str(port.get("device_id") or "")
    return (device or str(port.get("description"))) in own


def _contains(cidr: str, address: str) -> bool:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False
