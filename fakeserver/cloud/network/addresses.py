"""Ports: the address that a server has in a network."""

import hashlib
import ipaddress
import sqlite3

from fakeserver.base.ids import new_id
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import NETWORKS, PORTS, SUBNETS
from fakeserver.cloud.shared.web import CloudError


def visible(network: Doc, project_id: str, admin: bool = False) -> bool:
    """Return whether a project may see and use a network."""
    return admin or network["shared"] or network["project_id"] == project_id


def add_port(
    tx: sqlite3.Connection,
    server: Doc,
    network_id: str,
    fixed_ip: str | None = None,
    port_id: str | None = None,
) -> Doc:
    """Create a port of a server, with the requested address or the next free
    one."""
    network = NETWORKS.get(tx, network_id)
    if network is None or not visible(network, server["project_id"]):
        raise CloudError(400, f"Network {network_id} could not be found.")
    subnets = SUBNETS.select(tx, "network_id = ?", (network_id,))
    if not subnets:
        raise CloudError(
            400, f"Network {network_id} requires a subnet in order to boot."
        )
    if fixed_ip:
        subnet, address = _asked(tx, subnets, fixed_ip, network_id)
    else:
        subnet, address = _free(subnets, _taken(tx, network_id), network_id)
    made = {
        "id": port_id or new_id(),
        "project_id": server["project_id"],
        "network_id": network_id,
        "subnet_id": subnet["id"],
        "device_id": server["id"],
        "ip_address": address,
        "mac_address": mac_address(server["id"], network_id, address),
        "created": server["created"],
    }
    PORTS.put(tx, made)
    return made


def _taken(
    tx: sqlite3.Connection, network_id: str, address: str | None = None
) -> set[str]:
    """Return the addresses in use in a network, or of them the given one."""
    rows = tx.execute(
        f"SELECT ip_address FROM {PORTS.name} WHERE network_id = ? "
        "AND ip_address = coalesce(?, ip_address)",
        (network_id, address),
    )
    return {row[0] for row in rows}


def _asked(
    tx: sqlite3.Connection,
    subnets: list[Doc],
    fixed_ip: str,
    network_id: str,
) -> tuple[Doc, str]:
    try:
        wanted = ipaddress.ip_address(fixed_ip)
    except ValueError:
        raise CloudError(
            400, f"Invalid fixed IP address {fixed_ip}."
        ) from None
    for subnet in subnets:
        if wanted in ipaddress.ip_network(subnet["cidr"]):
            break
    else:
        raise CloudError(
            400,
            f"Fixed IP address {fixed_ip} is not a valid ip address for "
            f"network {network_id}.",
        )
    address = str(wanted)
    if address == subnet["gateway_ip"] or _taken(tx, network_id, address):
        raise CloudError(
            400, f"Fixed IP address {fixed_ip} is already in use."
        )
    return subnet, address


def _free(
    subnets: list[Doc], taken: set[str], network_id: str
) -> tuple[Doc, str]:
    for subnet in subnets:
        for pool in subnet["allocation_pools"]:
            first = int(ipaddress.ip_address(pool["start"]))
            last = int(ipaddress.ip_address(pool["end"]))
            kind = type(ipaddress.ip_address(pool["start"]))
            for number in range(first, last + 1):
                address = str(kind(number))
                if address not in taken and address != subnet["gateway_ip"]:
                    return subnet, address
    raise CloudError(
        400, f"No more IP addresses available on network {network_id}."
    )


def mac_address(*parts: str) -> str:
    """Return the MAC address of a port: the same for the same parts."""
    digits = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return "fa:16:3e:" + ":".join(digits[n : n + 2] for n in (0, 2, 4))


def ports_of(db: sqlite3.Connection, server_id: str) -> list[Doc]:
    return PORTS.select(db, "device_id = ?", (server_id,))


def drop_ports(tx: sqlite3.Connection, server_id: str) -> None:
    for port in ports_of(tx, server_id):
        PORTS.delete(tx, port["id"])
