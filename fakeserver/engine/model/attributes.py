"""Read the attributes of an instance, as they are kept with a member.

A key is absent where the cloud does not show the attribute to the account
that asks: what is not known is not guessed. A key with null is shown, and
the instance has none.
"""

import base64
import binascii
import dataclasses
import hashlib
from typing import Any

from fakeserver.engine.cloud_client.cloud import RemoteCloud

Record = dict[str, Any]

#: properties of instances and volumes that the engine writes itself
OWN = "protector_"
#: what Cinder adds to the metadata of a volume, for admins
_CINDERS = ("readonly", "attached_mode")
_PREFIX = "OS-EXT-SRV-ATTR:"
#: an attribute with the key under which Nova shows it unchanged
_PLAIN = {
    "availability_zone": "OS-EXT-AZ:availability_zone",
    "description": "description",
    "hostname": f"{_PREFIX}hostname",
    "locked": "locked",
    "power_state": "status",
}


@dataclasses.dataclass(frozen=True)
class InstanceAttributes:
    """What an instance has; secrets are not sealed yet."""

    attributes: Record
    #: in base64, as Nova shows it
    user_data: str | None


def read(
    cloud: RemoteCloud,
    server_id: str,
    moment: str,
    admin: RemoteCloud | None = None,
) -> InstanceAttributes:
    """Ask for the attributes of an instance.

    :param moment: now, as a time stamp: the power state is of this moment.
    :param admin: a cloud that shows what only admins see.
    """
    server = cloud.details(server_id) or {}
    if admin is not None:
        server = (admin.details(server_id) or {}) | server
    return shown(cloud, server, moment, admin)


def shown(
    cloud: RemoteCloud,
    server: Record,
    moment: str,
    admin: RemoteCloud | None = None,
) -> InstanceAttributes:
    """Read the attributes of an instance as `details` shows it, and ask for
    what it only names."""
    found = of_server(server)
    found["power_state_at"] = moment
    _server_group(cloud, server, found)
    _key_pair(admin or cloud, server, found)
    text = server.get(f"{_PREFIX}user_data")
    if f"{_PREFIX}user_data" in server:
        found["user_data"] = digest(text)
    return InstanceAttributes(found, text or None)


def of_server(shown: Record) -> Record:
    """Read the attributes that Nova shows with the instance itself."""
    found: Record = {
        # Nova leaves it out where there is none
        "security_groups": sorted(
            {one["name"] for one in shown.get("security_groups", ())}
        ),
    }
    if "metadata" in shown:
        found["properties"] = properties(shown["metadata"])
    if "tags" in shown:
        found["tags"] = sorted(shown["tags"])
    if "config_drive" in shown:
        found["config_drive"] = shown["config_drive"] in (True, "True")
    for name, key in _PLAIN.items():
        if key in shown:
            found[name] = shown[key]
    return found


def properties(metadata: Record) -> Record:
    """Return the properties that a person has set."""
    return {
        key: value
        for key, value in sorted(metadata.items())
        if not key.startswith(OWN)
    }


def _server_group(cloud: RemoteCloud, shown: Record, found: Record) -> None:
    if "server_groups" not in shown:
        return
    ids = shown["server_groups"]
    if not ids:
        found["server_group"] = None
        return
    group = cloud.server_group(ids[0])
    if group is not None:
        # before 2.64 there was a list of policies
        policy = group.get("policy") or next(
            iter(group.get("policies") or ()), None
        )
        found["server_group"] = {"name": group["name"], "policy": policy}


def _key_pair(cloud: RemoteCloud, shown: Record, found: Record) -> None:
    if "key_name" not in shown:
        return
    name = shown["key_name"]
    if name is None:
        found["key_pair"] = None
        return
    pair = cloud.key_pair(name, str(shown.get("user_id")))
    fingerprint = None if pair is None else pair.get("fingerprint")
    found["key_pair"] = {"name": name, "fingerprint": fingerprint}


def digest(text: str | None) -> Record | None:
    """Return what is shown of user data: its SHA-256 and its size, of the
    bytes that the instance gets."""
    if not text:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = text.encode()
    return {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}


def of_port(port: Record) -> Record:
    """Read what a port has beside its addresses."""
    found: Record = {}
    for name in (
        "mac_address",
        "port_security_enabled",
        "allowed_address_pairs",
    ):
        if name in port:
            found[name] = port[name]
    return found


def on_port(network: Record, ports: list[Record]) -> Record:
    """Return what the port of an address has; nothing where it is not
    shown."""
    for port in ports:
        held = {one["ip_address"] for one in port.get("fixed_ips", ())}
        if port["network_id"] == network["id"] and network["fixed_ip"] in held:
            return of_port(port)
    return {}


def of_volume(shown: Record) -> Record:
    """Read what a volume has beside its size and type."""
    metadata = shown.get("metadata") or {}
    found: Record = {
        "properties": {
            key: value
            for key, value in properties(metadata).items()
            if key not in _CINDERS
        }
    }
    if "readonly" in metadata:
        found["read_only"] = metadata["readonly"] == "True"
    if "multiattach" in shown:
        found["multiattach"] = shown["multiattach"]
    return found
