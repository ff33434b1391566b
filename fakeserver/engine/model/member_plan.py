"""The plan of a member at the target site."""

import dataclasses

from fakeserver.engine.model.json_record import JsonRecord, optional


@dataclasses.dataclass
class FlavorPlan(JsonRecord):
    """A flavor of the target, with its size: vCPUs, MiB of RAM, GiB."""

    id: str
    name: str
    vcpus: int
    ram: int
    disk: int


@dataclasses.dataclass
class NetworkPlan(JsonRecord):
    """A network of the target, and the address that the instance keeps.

    ``fixed_ip`` is None where the old address does not fit or is taken;
    Neutron then chooses one.
    """

    id: str
    name: str
    cidr: str
    fixed_ip: str | None
    #: the address that it should have, and why it does not get it
    wanted_ip: str | None = optional()
    why_not: str | None = optional()
    #: further addresses of the same port
    more_ips: list[str] | None = optional()
    #: of a network that is made for an isolated test: the one at the source
    stands_for: str | None = optional()


@dataclasses.dataclass
class MemberPlan(JsonRecord):
    """One member: its flavor, its networks, the types of its volumes.

    Networks and volume types are in the order of the member's own.
    """

    member_id: str
    flavor: FlavorPlan
    networks: list[NetworkPlan]
    volume_types: list[str]
