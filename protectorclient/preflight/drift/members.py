"""Compare each member of a group with its instance where it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.mapping.forecast import Instance
from protectorclient.preflight.drift import attributes
from protectorclient.preflight.drift.attributes import MISSING, Attribute
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Item, Subject, attached

CHECK = "drift"


def find(subject: Subject) -> list[Difference]:
    """Return what changed since the members were added.

    :raises Skip: an operation is under way, or the site does not answer.
    """
    subject.need_quiet()
    return [
        one
        for instance in subject.forecast.instances
        for one in _of(subject, instance)
    ]


def _of(subject: Subject, instance: Instance) -> Iterator[Difference]:
    identity = str(instance.here.get("instance_id"))
    server = subject.servers.get(identity)
    if server is None:
        yield _gone(subject, instance, identity)
        return
    member = _Member(subject, instance, server)
    held = instance.here
    yield from member.compare(attributes.INSTANCE, "", held, server)
    yield from _ports(member)
    yield from _volumes(member)


class _Member:
    """A member and its instance."""

    def __init__(
        self, subject: Subject, instance: Instance, server: Item
    ) -> None:
        self.subject = subject
        self.instance = instance
        self.server = server

    def differs(
        self, attribute: str, protected: Any, found: Any, message: str
    ) -> Difference:
        return Difference(
            check=CHECK,
            site=self.subject.here.name,
            member=self.instance.name,
            attribute=attribute,
            protected=protected,
            found=found,
            message=message,
            fix=again(
                self.subject, self.instance.name, str(self.server.get("id"))
            ),
        )

    def compare(
        self, rows: Iterable[Attribute], of: str, held: Item, found: Item
    ) -> Iterator[Difference]:
        """Compare an instance, a port or a volume, row by row.

        :param of: what its attributes are called after; empty for those of
            the instance.
        """
        for row in rows:
            before = row.protected(held)
            now = row.live(self.subject, found)
            if before is MISSING or now is MISSING:
                continue
            if row.equal(before, now):
                continue
            shown, key = row.shown, f"{of}.{row.key}" if of else row.key
            old, new = shown(before), shown(now)
            yield self.differs(
                key,
                old,
                new,
                f"{key} of {self.instance.name} was {said(old)}, and is"
                f" {said(new)} now",
            )


def _gone(subject: Subject, instance: Instance, identity: str) -> Difference:
    """Make the difference of a member whose instance is gone."""
    name = instance.name
    same = [one for one in subject.servers.values() if one.get("name") == name]
    found = str(same[0].get("id")) if same else None
    there = subject.here.name
    return Difference(
        check=CHECK,
        site=there,
        member=name,
        attribute="instance_id",
        protected=identity,
        found=found,
        message=f"{name} is another instance at {there} now, {found}"
        if found
        else f"{name} does not exist at {there} any more",
        fix=again(subject, name, found),
    )


def again(
    subject: Subject, name: str, instance: str | None
) -> tuple[str, ...]:
    """Make the commands that protect an instance as it is now.

    :param name: what the metadata call the member.
    :param instance: the id of its instance; None where there is none.
    """
    group = subject.group
    if not subject.is_home:
        return (
            "Members are changed at home:",
            fill(commands.FAILBACK, group=group),
        )
    remove = fill(commands.REMOVE_MEMBER, group=group, instance=name)
    if instance is None:
        return (remove,)
    add = fill(commands.ADD_MEMBER_NAMED, group=group, instance=instance)
    return (remove, add)


def _ports(member: _Member) -> Iterator[Difference]:
    """Compare the ports; each is known by its network and address."""
    held: list[Item] = list(member.instance.here.get("networks") or ())
    live = list(member.subject.ports.get(str(member.server.get("id")), ()))
    names = _network_names(member.server)
    # those whose address is the same are the same
    for exact in (True, False):
        for network in list(held):
            port = next(
                (one for one in live if _is_port(network, one, exact)), None
            )
            if port is None:
                continue
            held.remove(network)
            live.remove(port)
            yield from _port(member, network, port)
    name = member.instance.name
    for network in held:
        yield member.differs(
            _key(network),
            network.get("fixed_ip"),
            None,
            f"{name} is not on {network.get('name')} any more",
        )
    for port in live:
        addresses = _addresses(port)
        first = addresses[0] if addresses else None
        called = names.get(first or "", str(port.get("network_id")))
        yield member.differs(
            f"networks[{called}]",
            None,
            first,
            f"{name} has a port on {called} since, {first}",
        )


def _port(member: _Member, network: Item, port: Item) -> Iterator[Difference]:
    addresses, key = _addresses(port), _key(network)
    address = network.get("fixed_ip")
    if address and address not in addresses:
        now = addresses[0] if addresses else None
        yield member.differs(
            f"{key}.fixed_ip",
            address,
            now,
            f"the address of {member.instance.name} on"
            f" {network.get('name')} was {address}, and is {now} now",
        )
    yield from member.compare(attributes.PORT, key, network, port)


def _is_port(network: Item, port: Item, exact: bool) -> bool:
    if port.get("network_id") != network.get("id"):
        return False
    return not exact or network.get("fixed_ip") in _addresses(port)


def _key(network: Item) -> str:
    return f"networks[{network.get('name')}]"


def _addresses(port: Item) -> list[str]:
    found = port.get("fixed_ips") or ()
    return [str(one.get("ip_address")) for one in found]


def _network_names(server: Item) -> dict[str, str]:
    """Return the name of the network of each address of an instance."""
    return {
        str(one.get("addr")): str(name)
        for name, some in (server.get("addresses") or {}).items()
        for one in some
    }


def _volumes(member: _Member) -> Iterator[Difference]:
    subject, name = member.subject, member.instance.name
    held = {str(one.get("id")): one for one in member.instance.volumes}
    live = attached(member.server)
    for identity, volume in held.items():
        called = str(volume.get("name") or identity)
        if identity not in live:
            yield member.differs(
                f"volumes[{called}]",
                identity,
                None,
                f"volume {called} is not attached to {name} any more",
            )
        elif identity in subject.volumes:
            yield from member.compare(
                attributes.VOLUME,
                f"volumes[{called}]",
                volume,
                subject.volumes[identity],
            )
    for identity in live:
        if identity not in held:
            volume = subject.volumes.get(identity, {})
            called = str(volume.get("name") or identity)
            yield member.differs(
                f"volumes[{called}]",
                None,
                identity,
                f"volume {called} was attached to {name} since, and is not"
                " protected",
            )


def said(value: Any) -> str:
    """Return a value as a word or words in a sentence."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return str(value)
