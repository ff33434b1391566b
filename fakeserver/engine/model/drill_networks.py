"""The networks of a test that is isolated: what each is called and tagged.

A test failover with ``isolated`` gets a network for each one that the
members use, of the same address ranges and without a router. The tag says
whose it is: whatever else is lost, the network is found by it.
"""

import dataclasses
import ipaddress
from collections.abc import Iterable
from typing import Any

from fakeserver.engine.model.document import Doc, entry
from fakeserver.engine.model.json_record import JsonRecord, optional

Record = dict[str, Any]

#: the tag of such a network; the id of the operation follows
TAG = "protector-drill="


@dataclasses.dataclass
class DrillNetwork(JsonRecord):
    """A network of a test, in place of one that the members use."""

    #: in Neutron, once it is made
    id: str | None = optional()
    name: str = optional("")
    #: of the network at the source that it stands for
    source_id: str = optional("")
    source_name: str = optional("")
    #: the address ranges that its members use
    cidrs: list[str] = dataclasses.field(default_factory=list)


def tag(operation_id: str) -> str:
    """Return the tag of the networks of an operation."""
    return f"{TAG}{operation_id}"


def name(operation_id: str, number: int) -> str:
    """Return the name of an operation's network, counted from 1."""
    return f"drill-{operation_id}-{number}"


def operation_of(network: Record) -> str | None:
    """Return the operation that a network was made for, by its tag."""
    for one in network.get("tags") or ():
        if one.startswith(TAG):
            return str(one[len(TAG) :])
    return None


def usable(networks: Iterable[Record]) -> list[Record]:
    """Return the networks that a group can use: not those of drills."""
    return [one for one in networks if operation_of(one) is None]


def needed(doc: Doc, source_id: str) -> list[DrillNetwork]:
    """Return what the members of a group need, a network for each that they
    use at the source.

    Raises ValueError with the name of a network whose range is not known.
    """
    found: dict[str, DrillNetwork] = {}
    for member in doc["members"]:
        at_source = entry(member, source_id)
        for network in (at_source or {}).get("networks", ()):
            one = found.setdefault(
                network["id"],
                DrillNetwork(
                    source_id=network["id"], source_name=network["name"]
                ),
            )
            cidr = network.get("cidr")
            if not cidr:
                raise ValueError(network["name"])
            block = str(ipaddress.ip_network(cidr, strict=False))
            if block not in one.cidrs:
                one.cidrs.append(block)
    return list(found.values())
