"""What the members would lose at the target, attribute by attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from protectorclient.mapping.forecast import Instance
from protectorclient.preflight.drift import power
from protectorclient.preflight.drift.attributes import policy
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.members import said
from protectorclient.preflight.drift.power import RUNS
from protectorclient.preflight.drift.subject import Subject, quietly

CHECK = "attributes"
POWER_STATE = "power_state"

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
            message=_sentence(instance.name, attribute, value, site, why),
        )
        for instance in subject.forecast.instances
        for row in ROWS
        for attribute, value, why in row(subject, instance)
    ]


def _sentence(
    member: str, attribute: str, value: Any, site: str, why: str
) -> str:
    if attribute == POWER_STATE:
        return f"{member} is started at {site}: {why}"
    if value is None:
        return f"{attribute} of {member} is not kept at {site}: {why}"
    return f"{attribute} {said(value)} of {member} is lost at {site}: {why}"


def _kept(instance: Instance, key: str) -> Any:
    return (instance.here.get("attributes") or {}).get(key)


def _security_groups(subject: Subject, instance: Instance) -> Iterator[Lost]:
    wanted = _kept(instance, "security_groups") or ()
    if not set(wanted) - {"default"}:
        # each project has one
        return
    groups = quietly(lambda: subject.there.security_groups, None)
    if groups is None:
        return
    known = {str(one.get("name")) for one in groups}
    lost = [one for one in wanted if one not in known]
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
    same = (wanted.get("name"), wanted.get("policy"))
    if same not in {(one.get("name"), policy(one)) for one in groups}:
        why = "no server group has the name and policy there"
        yield "server_group", wanted, why


def _key_pair(subject: Subject, instance: Instance) -> Iterator[Lost]:
    found = _kept(instance, "key_pair")
    if found:
        yield "key_pair", found, "a key pair belongs to a user of Nova"


def _floating(subject: Subject, instance: Instance) -> Iterator[Lost]:
    for network in instance.here.get("networks") or ():
        if found := network.get("floating_ips"):
            attribute = f"networks[{network.get('name')}].floating_ips"
            yield attribute, found, "it belongs to the networks of its site"


def _lock(subject: Subject, instance: Instance) -> Iterator[Lost]:
    if subject.drill and _kept(instance, "locked"):
        why = "a test instance is not locked, for test-cleanup deletes it"
        yield "locked", True, why
    held = instance.here.get("attributes")
    if subject.drill or not isinstance(held, Mapping):
        return
    if POWER_STATE in held and "locked" not in held:
        yield "locked", None, "a Nova older than 2.9 does not show it"


def _power(subject: Subject, instance: Instance) -> Iterator[Lost]:
    """Find a stopped member that a failover without the source starts.

    As it was at the recovery point it comes back; where that is not known
    it is started.
    """
    held = instance.here.get("attributes")
    if not subject.unplanned or not isinstance(held, Mapping):
        return
    state = held.get("power_state")
    if state == RUNS:
        return
    why = power.unknown(held, subject.recovery_point)
    if why is not None:
        yield POWER_STATE, state, why


def _volume_types(subject: Subject, instance: Instance) -> Iterator[Lost]:
    known = quietly(lambda: subject.there.volume_types, ())
    types = {one.name for one in known}
    if not types:
        return
    for n, volume in enumerate(instance.volumes):
        had = (instance.there or {}).get("volumes") or ()
        before = had[n].get("volume_type") if n < len(had) else None
        wanted = volume.get("volume_type")
        if wanted and before not in types and wanted not in types:
            attribute = f"volumes[{_called(volume)}].volume_type"
            yield attribute, wanted, "no volume type has the name there"


def _multiattach(subject: Subject, instance: Instance) -> Iterator[Lost]:
    shared = [one for one in instance.volumes if one.get("multiattach")]
    if not shared:
        return
    types = quietly(lambda: subject.there.cinder_types, None)
    if types is None:
        return
    able = {
        one.get("name")
        for one in types
        if "true" in str(_specs(one).get("multiattach")).lower()
    }
    for volume in shared:
        if volume.get("volume_type") not in able:
            attribute = f"volumes[{_called(volume)}].multiattach"
            yield attribute, True, "the volume type there does not allow it"


def _specs(kind: Mapping[str, Any]) -> Mapping[str, Any]:
    found = kind.get("extra_specs")
    return found if isinstance(found, Mapping) else {}


def _called(volume: Mapping[str, Any]) -> str:
    return str(volume.get("name") or volume.get("id"))


#: What may be lost, one function a kind.
ROWS: tuple[Callable[[Subject, Instance], Iterator[Lost]], ...] = (
    _security_groups,
    _zone,
    _server_group,
    _key_pair,
    _floating,
    _lock,
    _power,
    _volume_types,
    _multiattach,
)
