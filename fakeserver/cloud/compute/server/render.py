"""Servers and flavors as Nova shows them in each microversion."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fakeserver.base.clock import stamp
from fakeserver.cloud.compute.server.attributes import (
    hostname,
    zones,
)
from fakeserver.cloud.compute.server.states import STATES
from fakeserver.cloud.compute.version import since, since_of_request
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import security_groups
from fakeserver.cloud.network.addresses import ports_of_all
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import NETWORKS

if TYPE_CHECKING:
    from fakeserver.site import Site

#: whether a request is answered in 2.N or later
Since = Callable[[int], bool]


def links(site: "Site", kind: str, id_: str) -> list[Doc]:
    base = f"{site.config.url}/compute"
    return [
        {"rel": "self", "href": f"{base}/v2.1/{kind}/{id_}"},
        {"rel": "bookmark", "href": f"{base}/{kind}/{id_}"},
    ]


def brief(site: "Site", server: Doc) -> Doc:
    """Render a server in a list without details."""
    return {
        "id": server["id"],
        "name": server["name"],
        "links": links(site, "servers", server["id"]),
    }


class Places:
    """The ports of some servers, the names of their networks and of their
    security groups: each is read once for all of them."""

    def __init__(self, db: sqlite3.Connection, servers: Sequence[Doc]) -> None:
        self._db = db
        self._ports = ports_of_all(db, [row["id"] for row in servers])
        self._networks: dict[str, str] = {}
        self._groups: dict[str, dict[str, str]] = {}
        self.since = since_of_request()

    def ports(self, server_id: str) -> list[Doc]:
        return self._ports.get(server_id, [])

    def addresses(self, ports: Sequence[Doc]) -> Doc:
        """Return the addresses of some ports, by the name of their
        network."""
        found: dict[str, list[Doc]] = {}
        for port in ports:
            address = port["ip_address"]
            found.setdefault(self._network(port["network_id"]), []).append(
                {
                    "addr": address,
                    "version": 6 if ":" in address else 4,
                    "OS-EXT-IPS:type": "fixed",
                    "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
                }
            )
        return found

    def _network(self, network_id: str) -> str:
        if network_id not in self._networks:
            network = NETWORKS.get(self._db, network_id)
            name = network["name"] if network else network_id
            self._networks[network_id] = name
        return self._networks[network_id]

    def groups(self, project_id: str, ports: Sequence[Doc]) -> list[str]:
        """Name the security groups of some ports of a project."""
        if project_id not in self._groups:
            known = security_groups.known(self._db, project_id)
            self._groups[project_id] = known
        return security_groups.names(self._groups[project_id], ports)


def servers(
    db: sqlite3.Connection, site: "Site", caller: Token, rows: Sequence[Doc]
) -> list[Doc]:
    """Render servers of a list."""
    places = Places(db, rows)
    return [_server(places, site, caller, row) for row in rows]


def server(
    db: sqlite3.Connection, site: "Site", caller: Token, row: Doc
) -> Doc:
    return servers(db, site, caller, [row])[0]


def _server(places: Places, site: "Site", caller: Token, row: Doc) -> Doc:
    since = places.since
    power, vm_state = STATES[row["status"]]
    if row.get("stopped_before"):
        # resized while it was stopped
        power = STATES["SHUTOFF"][0]
    ports = places.ports(row["id"])
    shown: Doc = {
        **brief(site, row),
        "status": row["status"],
        "tenant_id": row["project_id"],
        "user_id": row["user_id"],
        "metadata": row["metadata"],
        "hostId": "",
        # booted from a volume: Nova answers an empty string, not null
        "image": "",
        "flavor": _flavor_of(site, row["flavor"], since),
        "created": stamp(row["created"]),
        "updated": stamp(row["updated"]),
        "addresses": places.addresses(ports),
        "accessIPv4": "",
        "accessIPv6": "",
        "key_name": row.get("key_name"),
        "config_drive": "True" if row.get("config_drive") else "",
        "OS-DCF:diskConfig": "AUTO",
        "OS-EXT-AZ:availability_zone": _zone(site, row),
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": vm_state,
        "OS-EXT-STS:power_state": power,
        "OS-SRV-USG:launched_at": stamp(row["created"]).rstrip("Z")
        + ".000000",
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": [
            {"id": disk["id"]}
            | (
                {"delete_on_termination": disk["delete_on_termination"]}
                if since(3)
                else {}
            )
            for disk in row["disks"]
        ],
    }
    if names := places.groups(row["project_id"], ports):
        # Nova leaves it out of a server that has none
        shown["security_groups"] = [{"name": name} for name in names]
    if fault := row.get("fault"):
        shown["fault"] = {**fault, "created": stamp(fault["created"])}
    if power == 1:
        shown["progress"] = 0
    if caller.is_admin:
        shown |= _for_admins(site, row, since)
    return shown | _newer(row, caller, since)


def _newer(row: Doc, caller: Token, since: Since) -> Doc:
    """Return the keys that a later microversion added."""
    shown: Doc = {}
    if since(9):
        shown["locked"] = bool(row.get("locked"))
    if since(16) and caller.is_admin:
        shown["host_status"] = "UP"
    if since(19):
        shown["description"] = row.get("description")
    if since(26):
        shown["tags"] = row.get("tags") or []
    if since(63):
        shown["trusted_image_certificates"] = None
    if since(73):
        shown["locked_reason"] = row.get("locked_reason")
    if since(90):
        shown["OS-EXT-SRV-ATTR:hostname"] = hostname(row)
    if since(96):
        shown["pinned_availability_zone"] = row.get("pinned_zone")
    return shown


def _zone(site: "Site", row: Doc) -> str:
    """Return the zone of a server; of one that never reached a host, the one
    that was asked for."""
    if row.get("fault"):
        return str(row.get("pinned_zone") or "")
    return str(row.get("availability_zone") or zones(site)[0])


def _for_admins(site: "Site", row: Doc, since: Since) -> Doc:
    host = f"compute-{site.config.site}"
    shown: Doc = {
        "OS-EXT-SRV-ATTR:host": host,
        "OS-EXT-SRV-ATTR:hypervisor_hostname": host,
        "OS-EXT-SRV-ATTR:instance_name": f"instance-{row['id'][:8]}",
    }
    if since(3):
        shown |= {
            "OS-EXT-SRV-ATTR:hostname": hostname(row),
            "OS-EXT-SRV-ATTR:kernel_id": "",
            "OS-EXT-SRV-ATTR:launch_index": 0,
            "OS-EXT-SRV-ATTR:ramdisk_id": "",
            "OS-EXT-SRV-ATTR:reservation_id": f"r-{row['id'][:8]}",
            "OS-EXT-SRV-ATTR:root_device_name": (
                row["disks"][0]["device"] if row["disks"] else None
            ),
            "OS-EXT-SRV-ATTR:user_data": row.get("user_data"),
        }
    return shown


def _flavor_of(site: "Site", row: Doc, since: Since) -> Doc:
    """Render the flavor inside a server: a link, and a copy from 2.47 on."""
    if not since(47):
        made = links(site, "flavors", row["id"])[1:]
        return {"id": row["id"], "links": made}
    return {
        "original_name": row["name"],
        "vcpus": row["vcpus"],
        "ram": row["ram"],
        "disk": row["disk"],
        "ephemeral": 0,
        "swap": 0,
        "extra_specs": row.get("extra_specs", {}),
    }


def flavor(site: "Site", row: Doc) -> Doc:
    shown: Doc = {
        "id": row["id"],
        "name": row["name"],
        "vcpus": row["vcpus"],
        "ram": row["ram"],
        "disk": row["disk"],
        "swap": 0 if since(75) else "",
        "rxtx_factor": 1.0,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": row["is_public"],
        "links": links(site, "flavors", row["id"]),
    }
    if since(55):
        shown["description"] = row.get("description")
    if since(61):
        shown["extra_specs"] = row.get("extra_specs", {})
    return shown
