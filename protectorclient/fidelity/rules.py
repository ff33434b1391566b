"""What *equal* means for each attribute: one table.

How an attribute is read stands in `preflight.drift.attributes`; here is when
two values of it are the same, and when a difference is what the move asks
for. The table is printed into the documentation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from protectorclient.fidelity.case import Case
from protectorclient.preflight.drift import attributes
from protectorclient.preflight.drift.attributes import MISSING, Attribute
from protectorclient.preflight.drift.subject import Item, Subject, quietly

#: Whether a difference is what the move, or the test, asks for.
Mapped = Callable[[Case, Any, Any], bool]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A row of the table."""

    key: str
    title: str
    #: Who shows it.
    service: str
    #: What equal means.
    equal: str
    #: Reads it in what the metadata hold.
    protected: Callable[[Item], Any]
    #: Reads it in what the service shows.
    live: Callable[[Subject, Item], Any]
    same: Callable[[Any, Any], bool]
    #: How a value is shown.
    shown: Callable[[Any], Any] = lambda value: value
    #: When a difference is as mapped; empty for never.
    mapped: str = ""
    is_mapped: Mapped = lambda case, source, target: False


@dataclasses.dataclass(frozen=True)
class Equality:
    """What equal means for a row of `attributes`."""

    equal: str = "the same value"
    mapped: str = ""
    is_mapped: Mapped = lambda case, source, target: False
    same: Callable[[Any, Any], bool] | None = None
    #: Reads it otherwise than `attributes` does.
    live: Callable[[Subject, Item], Any] | None = None


def _lengthened(case: Case, source: Any, target: Any) -> bool:
    """Return whether a test adds something to a name."""
    return (
        case.is_test and bool(source) and str(target).startswith(f"{source}-")
    )


def _named_after(case: Case, source: Any, target: Any) -> bool:
    """Return whether both say the name of their instance."""
    return case.is_test and (source, target) == (
        case.source_name,
        case.target_name,
    )


def _flavor(case: Case, source: Any, target: Any) -> bool:
    names = str(source.get("name")), str(target.get("name"))
    # one of the same name and another size is not what anybody asks for
    return names[0] != names[1] and case.flavors.get(names[0]) == names[1]


def _image(case: Case, source: Any, target: Any) -> bool:
    """Return whether both images have one name, each at its own site."""
    name = case.image_name(case.source, source)
    return name is not None and name == case.image_name(case.target, target)


def _same_properties(source: Any, target: Any) -> bool:
    """Compare values; of a secret that is masked already, the key."""
    values = (*source.values(), *target.values())
    if attributes.MASKED in values:
        return attributes.same_properties(source, target)
    return bool(source == target)


def _read_only(subject: Subject, volume: Item) -> Any:
    """Read it where Cinder shows the properties; it shows this once it was
    set."""
    metadata = volume.get("metadata")
    if not isinstance(metadata, Mapping):
        return MISSING
    return str(metadata.get("readonly", "False")) == "True"


_TEST_NAME = "a test adds to the name"
_SECRETS = "the same keys and values; secrets are compared and not shown"

#: What equal means, by the key of the row.
_INSTANCE: Mapping[str, Equality] = {
    "instance_name": Equality("the same name", _TEST_NAME, _lengthened),
    "flavor": Equality(
        "the same name, vCPUs, memory and disk",
        "a flavor of another name that the mapping gives",
        _flavor,
    ),
    "image_id": Equality(
        "the same id", "another id, and the same name at each site", _image
    ),
    "properties": Equality(_SECRETS, same=_same_properties),
    "security_groups": Equality("the same names, in any order"),
    "availability_zone": Equality("the same name"),
    "tags": Equality("the same tags, in any order"),
    "description": Equality(
        "the same text",
        "a test, and both are the names of their instances",
        _named_after,
    ),
    "config_drive": Equality("both have one, or neither"),
    "hostname": Equality("the same name", _TEST_NAME, _lengthened),
    "server_group": Equality("the same name and policy"),
    "key_pair": Equality("the same name"),
    "user_data": Equality("the same SHA-256 and length"),
    "locked": Equality("both are locked, or neither"),
}
_PORT: Mapping[str, Equality] = {
    "mac_address": Equality("the same address"),
    "port_security_enabled": Equality("both have it, or neither"),
    "allowed_address_pairs": Equality("the same addresses, in any order"),
}
_VOLUME: Mapping[str, Equality] = {
    "name": Equality("the same name", _TEST_NAME, _lengthened),
    "size": Equality("the same size"),
    "volume_type": Equality("the same name"),
    "bootable": Equality("both boot, or neither"),
    "device": Equality("the same device"),
    "properties": Equality(_SECRETS, same=_same_properties),
    "read_only": Equality(
        "both can only be read, or neither", live=_read_only
    ),
    "multiattach": Equality("both may have several instances, or neither"),
}


def _rules(
    rows: tuple[Attribute, ...], meanings: Mapping[str, Equality]
) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            key=row.key,
            title=row.title,
            service=row.service,
            equal=meaning.equal,
            protected=row.protected,
            live=meaning.live or row.live,
            same=meaning.same or row.equal,
            shown=row.shown,
            mapped=meaning.mapped,
            is_mapped=meaning.is_mapped,
        )
        for row in rows
        if (meaning := meanings.get(row.key)) is not None
    )


# What is compared here and is no drift


def _power(subject: Subject, server: Item) -> Any:
    """Read the status; what a test has stopped counts as running."""
    if str(server.get("id")) in subject.stopped_by_test:
        return "ACTIVE"
    return server.get("status", MISSING)


def _filters(subject: Subject, server: Item) -> Any:
    """Read the rules of the security groups of an instance."""
    names = {
        str(one.get("name")) for one in server.get("security_groups") or ()
    }
    groups = quietly(lambda: subject.here.security_groups, None)
    if groups is None:
        return MISSING
    called = {str(one.get("id")): str(one.get("name")) for one in groups}
    ids = {
        str(identity)
        for port in subject.ports.get(str(server.get("id")), ())
        for identity in port.get("security_groups") or ()
    }
    return sorted(
        f"{group.get('name')}: {_filter(one, called)}"
        for group in groups
        if group.get("name") in names and str(group.get("id")) in ids
        for one in group.get("security_group_rules") or ()
    )


def _filter(one: Item, called: Mapping[str, str]) -> str:
    """Return a rule of a security group as words."""
    remote = called.get(str(one.get("remote_group_id")))
    words = (
        one.get("direction"),
        one.get("ethertype"),
        one.get("protocol"),
        f"{one.get('port_range_min')}-{one.get('port_range_max')}",
        one.get("remote_ip_prefix") or remote,
    )
    return " ".join("any" if word is None else str(word) for word in words)


#: Of an instance.
INSTANCE: tuple[Rule, ...] = (
    *_rules(attributes.INSTANCE, _INSTANCE),
    Rule(
        "power_state",
        "power state",
        "Nova",
        "the same status; what the test has stopped counts as running",
        lambda held: (held.get("attributes") or {}).get(
            "power_state", MISSING
        ),
        _power,
        lambda source, target: bool(source == target),
    ),
    Rule(
        "security_group_rules",
        "rules of its security groups",
        "Neutron",
        "the same rules, in any order; groups that they name, by name",
        lambda held: MISSING,
        _filters,
        lambda source, target: bool(source == target),
    ),
)
#: Of a port.
PORT = _rules(attributes.PORT, _PORT)
#: Of a volume.
VOLUME = _rules(attributes.VOLUME, _VOLUME)

#: What is compared by itself: title, service, equal, as mapped.
OTHERS: Mapping[str, tuple[str, str, str, str]] = {
    "instance": (
        "the instance",
        "Nova",
        "it is there",
        "",
    ),
    "networks": (
        "networks, each with a port",
        "Neutron",
        "a network of the same name",
        "the network that the mapping gives",
    ),
    "networks.fixed_ip": (
        "fixed addresses",
        "Neutron",
        "the same address",
        "no subnet of the mapped network has the address",
    ),
    "volumes": (
        "volumes",
        "Cinder",
        "each has one, known by its name, then by its device",
        "",
    ),
}
