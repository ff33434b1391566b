"""The attributes of a member: one table.

Read to compare what is protected with what is there, and printed into the
documentation. A row reads the attribute in the group's metadata, and as
Nova, Neutron and Cinder show it. What one of them does not show is
`MISSING`, and is not compared: it is never called equal.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from protectorclient.mapping.forecast import size_text
from protectorclient.preflight.drift.subject import (
    Item,
    Subject,
    attached,
    quietly,
)

#: Instead of an attribute that is not recorded, or not shown.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
#: Words in the key of a property whose value is a secret.
SECRETS = ("pass", "secret", "token", "key", "cred")
MASKED = "***"
#: Properties that the service writes itself begin with it.
MARK = "protector_"
#: What Cinder adds to the properties of a volume.
_CINDERS = ("readonly", "attached_mode")
_EXTENDED = "OS-EXT-SRV-ATTR:"


@dataclasses.dataclass(frozen=True)
class Attribute:
    """A row of the table."""

    #: As in the metadata and in `Loss.attribute`.
    key: str
    title: str
    #: Where it is looked up.
    service: str
    #: Reads it in what the metadata hold of the instance, port or volume.
    protected: Callable[[Item], Any]
    #: Reads it in what the service shows of it.
    live: Callable[[Subject, Item], Any]
    #: Whether both are the same.
    equal: Callable[[Any, Any], bool] = lambda held, found: bool(held == found)
    #: How a value is shown.
    shown: Callable[[Any], Any] = lambda value: value


def secret(key: str) -> bool:
    """Return whether the value of a property is taken for a secret."""
    small = key.lower()
    return any(word in small for word in SECRETS)


def masked(found: Any) -> Any:
    """Copy properties, with a mask for the value of each secret."""
    if not isinstance(found, Mapping):
        return found
    return {
        key: MASKED if secret(key) or not isinstance(value, str) else value
        for key, value in sorted(found.items())
    }


def same_properties(held: Any, found: Any) -> bool:
    """Compare properties; of secrets, whose values are not known, the keys."""
    return bool(masked(held) == masked(found))


def _kept(key: str) -> Callable[[Item], Any]:
    """Return what reads an attribute that is kept beside the others."""
    return lambda held: (held.get("attributes") or {}).get(key, MISSING)


def _field(key: str) -> Callable[[Item], Any]:
    return lambda held: held.get(key, MISSING)


def _shows(key: str) -> Callable[[Subject, Item], Any]:
    return lambda subject, found: found.get(key, MISSING)


def _sorted(found: Any) -> Any:
    return sorted(found) if isinstance(found, list | tuple) else found


# Instances, as Nova shows them


def _flavor_held(held: Item) -> Any:
    return held.get("flavor") or MISSING


def _flavor(subject: Subject, server: Item) -> Any:
    """Read a flavor; an older Nova has only its id in the instance."""
    found = server.get("flavor")
    if not isinstance(found, Mapping):
        return MISSING
    if "original_name" in found:
        return {**found, "name": found["original_name"]}
    flavors = quietly(lambda: subject.here.flavors, [])
    known = [one for one in flavors if one.get("id") == found.get("id")]
    return known[0] if known else MISSING


def _same_flavor(held: Any, found: Any) -> bool:
    return bool(
        held.get("name") == found.get("name")
        and size_text(held) == size_text(found)
    )


def _flavor_shown(found: Any) -> str:
    return f"{found.get('name')} ({size_text(found)})"


def _image(subject: Subject, server: Item) -> Any:
    """Read the image; of an instance that boots from a volume, the one
    from which that was made."""
    image = server.get("image")
    if isinstance(image, Mapping) and image.get("id"):
        return image["id"]
    for volume in volumes_of(subject, server):
        made = volume.get("volume_image_metadata")
        if volume.get("bootable") == "true" and isinstance(made, Mapping):
            return made.get("image_id", MISSING)
    return MISSING


def _properties(subject: Subject, found: Item) -> Any:
    metadata = found.get("metadata")
    if not isinstance(metadata, Mapping):
        return MISSING
    return {
        key: value
        for key, value in metadata.items()
        if not key.startswith(MARK) and key not in _CINDERS
    }


def _security_groups(subject: Subject, server: Item) -> Any:
    found = server.get("security_groups") or ()
    return sorted({str(one.get("name")) for one in found})


def _config_drive(subject: Subject, server: Item) -> Any:
    if "config_drive" not in server:
        return MISSING
    return server["config_drive"] in (True, "True")


def _server_group(subject: Subject, server: Item) -> Any:
    """Look for the server among the members of the groups: Nova names the
    group with one server, and in no list."""
    groups = quietly(lambda: subject.server_groups, None)
    if groups is None:
        return MISSING
    for group in groups.values():
        if server["id"] in (group.get("members") or ()):
            return {"name": group.get("name"), "policy": policy(group)}
    return None


def policy(group: Item) -> Any:
    """Return the policy of a server group; before 2.64 there was a list."""
    return group.get("policy") or next(iter(group.get("policies") or ()), None)


def _key_pair_held(held: Item) -> Any:
    found = _kept("key_pair")(held)
    return found.get("name") if isinstance(found, Mapping) else found


def _user_data(subject: Subject, server: Item) -> Any:
    text = server.get(f"{_EXTENDED}user_data", MISSING)
    if text is MISSING:
        return MISSING
    if not text:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = str(text).encode()
    return {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}


#: Of an instance, as Nova shows it.
INSTANCE: tuple[Attribute, ...] = (
    Attribute(
        "instance_name",
        "name",
        "Nova",
        _field("instance_name"),
        _shows("name"),
    ),
    Attribute(
        "flavor",
        "flavor: its name, vCPUs, memory and disk",
        "Nova",
        _flavor_held,
        _flavor,
        _same_flavor,
        _flavor_shown,
    ),
    Attribute("image_id", "image", "Nova", _field("image_id"), _image),
    Attribute(
        "properties",
        "properties; of one that is a secret, whether it is there",
        "Nova",
        _kept("properties"),
        _properties,
        same_properties,
        masked,
    ),
    Attribute(
        "security_groups",
        "security groups, by their names",
        "Nova",
        lambda held: _sorted(_kept("security_groups")(held)),
        _security_groups,
    ),
    Attribute(
        "availability_zone",
        "availability zone",
        "Nova",
        _kept("availability_zone"),
        _shows("OS-EXT-AZ:availability_zone"),
    ),
    Attribute(
        "tags",
        "tags",
        "Nova 2.26",
        lambda held: _sorted(_kept("tags")(held)),
        lambda subject, server: _sorted(server.get("tags", MISSING)),
    ),
    Attribute(
        "description",
        "description",
        "Nova 2.19",
        _kept("description"),
        _shows("description"),
    ),
    Attribute(
        "config_drive",
        "config drive",
        "Nova",
        _kept("config_drive"),
        _config_drive,
    ),
    Attribute(
        "hostname",
        "host name",
        "Nova 2.90",
        _kept("hostname"),
        _shows(f"{_EXTENDED}hostname"),
    ),
    Attribute(
        "server_group",
        "server group: its name and policy",
        "Nova 2.71",
        _kept("server_group"),
        _server_group,
    ),
    Attribute(
        "key_pair",
        "key pair, by its name",
        "Nova",
        _key_pair_held,
        _shows("key_name"),
    ),
    Attribute(
        "user_data",
        "user data, by their SHA-256; Nova shows them to admins alone",
        "Nova",
        _kept("user_data"),
        _user_data,
    ),
    Attribute("locked", "lock", "Nova 2.9", _kept("locked"), _shows("locked")),
)


# Ports, as Neutron shows them


def _pairs(found: Any) -> Any:
    if not isinstance(found, list | tuple):
        return found
    return sorted(
        str(one.get("ip_address")) for one in found if isinstance(one, Mapping)
    )


#: Of a port, as Neutron shows it.
PORT: tuple[Attribute, ...] = (
    Attribute(
        "mac_address",
        "MAC address",
        "Neutron",
        _field("mac_address"),
        _shows("mac_address"),
    ),
    Attribute(
        "port_security_enabled",
        "port security",
        "Neutron",
        _field("port_security_enabled"),
        _shows("port_security_enabled"),
    ),
    Attribute(
        "allowed_address_pairs",
        "allowed address pairs, by their addresses",
        "Neutron",
        lambda held: _pairs(held.get("allowed_address_pairs", MISSING)),
        lambda subject, port: _pairs(
            port.get("allowed_address_pairs", MISSING)
        ),
    ),
)


# Volumes, as Cinder shows them


def volumes_of(subject: Subject, server: Item) -> list[Item]:
    """Return the volumes of an instance, as far as Cinder shows them."""
    return [
        subject.volumes[one]
        for one in attached(server)
        if one in subject.volumes
    ]


def _bootable(subject: Subject, volume: Item) -> Any:
    if "bootable" not in volume:
        return MISSING
    return volume["bootable"] in (True, "true")


def _device(subject: Subject, volume: Item) -> Any:
    found = volume.get("attachments") or ()
    devices = [one.get("device") for one in found if one.get("device")]
    return devices[0] if len(devices) == 1 else MISSING


def _read_only_held(volume: Item) -> Any:
    if "read_only" in volume:
        return volume["read_only"]
    # Cinder shows it once it was set
    return False if "properties" in volume else MISSING


def _read_only(subject: Subject, volume: Item) -> Any:
    # of a volume where it was never set, and to all but admins, Cinder does
    # not show it
    metadata = volume.get("metadata")
    if not isinstance(metadata, Mapping) or "readonly" not in metadata:
        return MISSING
    return str(metadata["readonly"]) == "True"


def _in_group(subject: Subject, volume: Item) -> Any:
    if not subject.has_consistency_group or "group_id" not in volume:
        return MISSING
    return volume["group_id"] == subject.consistency_group


#: Of a volume, as Cinder shows it.
VOLUME: tuple[Attribute, ...] = (
    Attribute("name", "name", "Cinder", _field("name"), _shows("name")),
    Attribute("size", "size in GiB", "Cinder", _field("size"), _shows("size")),
    Attribute(
        "volume_type",
        "volume type",
        "Cinder",
        _field("volume_type"),
        _shows("volume_type"),
    ),
    Attribute(
        "bootable",
        "whether it boots",
        "Cinder",
        _field("bootable"),
        _bootable,
    ),
    Attribute("device", "device", "Cinder", _field("device"), _device),
    Attribute(
        "properties",
        "properties; of one that is a secret, whether it is there",
        "Cinder",
        _field("properties"),
        _properties,
        same_properties,
        masked,
    ),
    Attribute(
        "read_only",
        "whether it can only be read; Cinder shows it to admins alone",
        "Cinder",
        _read_only_held,
        _read_only,
    ),
    Attribute(
        "multiattach",
        "whether several instances may have it",
        "Cinder",
        _field("multiattach"),
        _shows("multiattach"),
    ),
    Attribute(
        "consistency_group",
        "whether it is in the group's consistency group",
        "Cinder 3.13",
        lambda volume: True,
        _in_group,
    ),
)
