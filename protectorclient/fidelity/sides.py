"""What one site shows of a member: live, or as the metadata hold it."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any

from protectorclient.fidelity.rules import Rule
from protectorclient.preflight.drift.subject import Item, Subject, attached


@dataclasses.dataclass(frozen=True)
class Port:
    """A port of an instance."""

    network_id: str
    network: str
    addresses: tuple[str, ...]
    item: Item


@dataclasses.dataclass(frozen=True)
class Volume:
    """A volume of an instance."""

    name: str
    device: str | None
    item: Item


class Side(abc.ABC):
    """An instance, its ports and its volumes, as one site has them."""

    #: Why an attribute is not there.
    lacks: str
    instance: Item

    @abc.abstractmethod
    def read(self, rule: Rule, item: Item) -> Any:
        """Read an attribute of the instance, a port or a volume."""

    @abc.abstractmethod
    def ports(self) -> list[Port]:
        """Return the ports, in the order of the instance."""

    @abc.abstractmethod
    def volumes(self) -> list[Volume]:
        """Return the volumes, in the order of the instance."""


class LiveSide(Side):
    """An instance as Nova, Neutron and Cinder show it."""

    def __init__(self, subject: Subject, server: Item) -> None:
        self._subject = subject
        self.instance = server
        self.lacks = f"{subject.here.name} does not show it"

    def read(self, rule: Rule, item: Item) -> Any:
        return rule.live(self._subject, item)

    def ports(self) -> list[Port]:
        names = {
            str(one.get("addr")): str(name)
            for name, some in (self.instance.get("addresses") or {}).items()
            for one in some
        }
        found = []
        for port in self._subject.ports.get(str(self.instance.get("id")), ()):
            addresses = tuple(
                str(one.get("ip_address"))
                for one in port.get("fixed_ips") or ()
            )
            network = str(port.get("network_id"))
            called = next((names[a] for a in addresses if a in names), network)
            found.append(Port(network, called, addresses, port))
        return found

    def volumes(self) -> list[Volume]:
        found = []
        for identity in attached(self.instance):
            item = self._subject.volumes.get(identity, {"id": identity})
            devices = [
                one.get("device")
                for one in item.get("attachments") or ()
                if one.get("server_id") == self.instance.get("id")
            ]
            name = str(item.get("name") or identity)
            device = str(devices[0]) if devices and devices[0] else None
            found.append(Volume(name, device, item))
        return found


class HeldSide(Side):
    """An instance that is gone, as the metadata hold it."""

    lacks = "the metadata do not have it"

    def __init__(self, held: Item) -> None:
        self.instance = held

    def read(self, rule: Rule, item: Item) -> Any:
        return rule.protected(item)

    def ports(self) -> list[Port]:
        return [
            Port(
                str(one.get("id")),
                str(one.get("name") or one.get("id")),
                (str(one["fixed_ip"]),) if one.get("fixed_ip") else (),
                one,
            )
            for one in self.instance.get("networks") or ()
        ]

    def volumes(self) -> list[Volume]:
        return [
            Volume(
                str(one.get("name") or one.get("id")),
                one.get("device"),
                one,
            )
            for one in self.instance.get("volumes") or ()
        ]
