"""What an instance has beside its flavor, its network and its volumes.

A story may give one of the group's instances everything that a member keeps.
"""

import base64
from collections.abc import Mapping
from typing import Any

from fakeserver.base.seed_world import SITES
from fakeserver.cloud.shared.rows import Table
from fakeserver.cloud.shared.schema import (
    PORTS,
    SECURITY_GROUPS,
    SERVER_GROUPS,
    SERVERS,
    VOLUMES,
)
from tests.chaos.people import Operator

Row = dict[str, Any]

#: nothing more than the seeded world has; all of it at both sites; or some
#: of it at the first alone
KINDS = ("", "kept", "lacking")
MEMBER = "web-1"
#: no text that is kept anywhere may have it in clear
SECRET = "hunter2-of-the-shop"
USER_DATA = base64.b64encode(f"password: {SECRET}".encode()).decode()
_SERVER: Mapping[str, Any] = {
    "metadata": {"role": "web", "api_token": SECRET, "Größe": "x" * 255},
    "description": "the shop",
    "tags": ["gold", "shop"],
    "config_drive": True,
    "hostname": "web-01",
    "user_data": USER_DATA,
    "server_group": "apart",
    "key_name": "ops",
}
_MAC = "fa:16:3e:12:34:56"
_PORT: Mapping[str, Any] = {
    "mac_address": _MAC,
    "security_groups": ["web"],
    "allowed_address_pairs": [
        {"ip_address": "10.10.0.200", "mac_address": _MAC}
    ],
}
_VOLUME = {"tier": "1", "luks_key": SECRET}
#: a zone that one of the sites has alone
_ZONE = {"kept": "az-1", "lacking": "az-2"}


def give(operator: Operator, kind: str) -> dict[str, Any]:
    """Give the member its attributes, and protect it with them.

    :returns: what it has then, for `of` to be compared with.
    """
    pair, world = operator.pair, operator.world
    sites = SITES if kind == "kept" else SITES[:1]
    for site in sites:
        owned = {"project_id": world.project_id(site, "demo")}
        group = {**owned, "name": "web", "description": "", "created": 0.0}
        _put(pair, site, SECURITY_GROUPS, "web", group)
        group = {**owned, "user_id": "u", "name": "apart"}
        group["policy"] = "anti-affinity"
        _put(pair, site, SERVER_GROUPS, "apart", group)
    home = SITES[0]
    seeded = next(one for one in world.groups if one.id == operator.id)
    [server] = [one for one in seeded.servers if one.name == MEMBER]
    zone = {"availability_zone": _ZONE[kind]}
    _put(pair, home, SERVERS, server.id, {**_SERVER, **zone})
    db = pair.site(home).parts.db.connection()
    for port in PORTS.select(db, "device_id = ?", (server.id,)):
        _put(pair, home, PORTS, port["id"], _PORT)
    root = server.volumes[0].id
    _put(pair, home, VOLUMES, root, {"metadata": _VOLUME})
    path = f"protection-groups/{operator.id}/members"
    _, body = operator.call(home, "GET", path)
    for one in body["members"]:
        if one["instance_name"] == MEMBER:
            operator.call(home, "DELETE", f"{path}/{one['id']}")
    asked = {"member": {"instance_id": server.id}}
    status, body = operator.call(home, "POST", path, asked)
    assert status == 201, body
    return of(pair, home, server.id)


def _put(pair: Any, site: str, table: Table, id_: str, new: Any) -> None:
    db = pair.site(site).parts.db
    with db.transaction() as tx:
        table.put(tx, {**(table.get(tx, id_) or {"id": id_}), **new})


def of(pair: Any, site: str, server_id: str) -> dict[str, Any]:
    """Read the attributes of an instance out of the clouds' own tables."""
    db = pair.site(site).parts.db.connection()
    row = SERVERS.get(db, server_id)
    assert row is not None
    group = SERVER_GROUPS.get(db, row.get("server_group") or "")
    [port] = PORTS.select(db, "device_id = ?", (server_id,))
    root = VOLUMES.get(db, row["disks"][0]["id"])
    assert root is not None
    return {
        "properties": _people(row["metadata"]),
        **{
            name: row.get(name)
            for name in ("tags", "description", "hostname", "user_data")
        },
        "availability_zone": row.get("availability_zone"),
        "config_drive": bool(row.get("config_drive")),
        "key_pair": row.get("key_name"),
        "server_group": group and [group["name"], group["policy"]],
        "networks.security_groups": port.get("security_groups"),
        "networks.mac_address": port["mac_address"],
        "networks.allowed_address_pairs": port.get("allowed_address_pairs"),
        "networks.port_security_enabled": port.get(
            "port_security_enabled", True
        ),
        "volumes.properties": _people(root["metadata"]),
    }


def _people(metadata: Row) -> Row:
    """Return the properties that people have set."""
    return {
        key: value
        for key, value in metadata.items()
        if not key.startswith("protector_")
    }


def plain(attribute: str) -> str:
    """Name an attribute of a loss as `of` does."""
    what, _, rest = attribute.partition("[")
    field = rest.rpartition("]")[2]
    if attribute == "security_groups":
        return f"networks.{attribute}"
    return what + field
