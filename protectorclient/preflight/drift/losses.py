"""What the members would lose at the target, attribute by attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from protectorclient.mapping.forecast import Instance
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.members import said
from protectorclient.preflight.drift.subject import Subject, quietly

CHECK = "attributes"

#: The attribute, what the member has of it that is lost, and why.
Lost = tuple[str, Any, str]


def find(subject: Subject) -> list[Difference]:
    """Return what a rebuilt instance would not get.

    Of a kind of which no member has anything special nothing is asked.

    :raises Skip: the target does not answer.
    """
    site = subject.there.name
    return [
        Difference(
            check=CHECK,
            site=site,
            member=instance.name,
            attribute=attribute,
            protected=value,
            message=f"{attribute} {said(value)} of {instance.name} is lost at"
            f" {site}: {why}",
        )
        for instance in subject.forecast.instances
        for row in ROWS
        for attribute, value, why in row(subject, instance)
    ]


def _kept(instance: Instance, key: str) -> Any:
    return (instance.here.get("attributes") or {}).get(key)


def _security_groups(subject: Subject, instance: Instance) -> Iterator[Lost]:
    wanted = set(_kept(instance, "security_groups") or ()) - {"default"}
    if not wanted:
        return
    groups = quietly(lambda: subject.there.security_groups, None)
    if groups is None:
        return
    lost = sorted(wanted - {str(one.get("name")) for one in groups})
    if lost:
        yield "security_groups", lost, "no security group has the name there"


def _zone(subject: Subject, instance: Instance) -> Iterator[Lost]:
    wanted = _kept(instance, "availability_zone")
    if not wanted:
        return
    zones = quietly(lambda: subject.there.availability_zones, None)
    if zones is None:
        return
    if wanted not in {str(one.get("zoneName")) for one in zones}:
        why = "no availability zone has the name there"
        yield "availability_zone", wanted, why


def _server_group(subject: Subject, instance: Instance) -> Iterator[Lost]:
    wanted = _kept(instance, "server_group")
    if not wanted:
        return
    groups = quietly(lambda: subject.there.server_groups, None)
    if groups is None:
        return
    if wanted.get("name") not in {str(one.get("name")) for one in groups}:
        yield "server_group", wanted, "no server group has the name there"


def _key_pair(subject: Subject, instance: Instance) -> Iterator[Lost]:
    found = _kept(instance, "key_pair")
    if found:
        why = "a key pair belongs to a user of Nova"
        yield "key_pair", found.get("name"), why


def _volume_types(subject: Subject, instance: Instance) -> Iterator[Lost]:
    types = {
        one.name for one in quietly(lambda: subject.there.volume_types, ())
    }
    if not types:
        return
    for volume in instance.volumes:
        wanted = volume.get("volume_type")
        if wanted and wanted not in types:
            called = volume.get("name") or volume.get("id")
            attribute = f"volumes[{called}].volume_type"
            yield attribute, wanted, "no volume type has the name there"


#: What may be lost, one function a kind.
ROWS: tuple[Callable[[Subject, Instance], Iterator[Lost]], ...] = (
    _security_groups,
    _zone,
    _server_group,
    _key_pair,
    _volume_types,
)
