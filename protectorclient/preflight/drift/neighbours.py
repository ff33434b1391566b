"""Instances beside a group that no group protects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.preflight import copies
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Item, Subject

CHECK = "neighbours"


def find(subject: Subject) -> list[Difference]:
    """Return the instances on the group's networks that are in no group."""
    subject.need_quiet()
    networks = {
        str(network.get("id")): str(network.get("name"))
        for instance in subject.forecast.instances
        for network in instance.here.get("networks") or ()
    }
    if not networks:
        return []
    known = subject.protected()
    unprotected = {
        identity: server
        for identity, server in subject.servers.items()
        if identity not in known
        and copies.MARK not in (server.get("metadata") or {})
    }
    ports = subject.ports_of(unprotected)
    found = []
    for identity, server in unprotected.items():
        beside = [
            networks[str(port.get("network_id"))]
            for port in ports.get(identity, ())
            if str(port.get("network_id")) in networks
        ]
        if beside:
            name = str(server.get("name") or identity)
            found.append(_neighbour(subject, name, identity, beside[0]))
    return sorted(found, key=lambda one: one.member)


def _neighbour(
    subject: Subject, name: str, identity: str, network: str
) -> Difference:
    return Difference(
        check=CHECK,
        site=subject.here.name,
        member=name,
        attribute="protection_group",
        found=identity,
        message=f"{name} is on {network}, and no group protects it",
        fix=(
            fill(
                commands.ADD_MEMBER_NAMED,
                group=subject.group,
                instance=identity,
            ),
        )
        if subject.is_home
        else (),
    )


def named(documents: Iterable[Item]) -> set[str]:
    """Return the ids of all instances that the metadata of groups name."""
    return {one for document in documents for one in _named(document)}


def _named(document: Item) -> Iterator[str]:
    for member in document.get("members") or ():
        for at_site in (member.get("sites") or {}).values():
            for one in (at_site, (at_site or {}).get("left")):
                if isinstance(one, Mapping) and one.get("instance_id"):
                    yield str(one["instance_id"])
    for test in document.get("tests") or ():
        for instance in test.get("instances") or ():
            yield str(instance.get("id"))
