"""Ports: the address that a server has in a network."""

import hashlib
import ipaddress
import sqlite3
from collections.abc import Sequence

from fakeserver.base.ids import new_id
from fakeserver.cloud.shared.rows import MOST_VALUES, Doc
from fakeserver.cloud.shared.schema import NETWORKS, PORTS, SUBNETS
from fakeserver.cloud.shared.web import CloudError


class TakenError(CloudError):
    """An address that another port has, in Nova's words."""


class OutsideError(CloudError):
    """An address that is in no subnet of the network, in Nova's words."""


def visible(network: Doc, project_id: str, admin: bool = False) -> bool:
    """Return whether a project may see and use a network."""
    return admin or network["shared"] or network["project_id"] == project_id


def add_port(
    tx: sqlite3.Connection,
    server: Doc,
    network_id: str,
    fixed_ip: str | None = None,
    port_id: str | None = None,
    groups: Sequence[str] | None = None,
) -> Doc:
    """Create a port of a server, as Nova does, with the requested address or
    the next free one."""
    made = new_port(tx, server, network_id, fixed_ip, port_id)
    if groups is not None:
        made["security_groups"] = list(groups)
    PORTS.put(tx, made)
    return made


def new_port(
    tx: sqlite3.Connection,
    server: Doc,
    network_id: str,
    fixed_ip: str | None = None,
    port_id: str | None = None,
) -> Doc:
    """Return a new port that is not written yet."""
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
        subnet, address = _free(
            subnets, _all_taken(tx, network_id), network_id
        )
    id_ = port_id or new_id()
    return {
        "id": id_,
        "project_id": server["project_id"],
        "network_id": network_id,
        "subnet_id": subnet["id"],
        "device_id": server["id"],
        "ip_address": address,
        # of a port that no server has yet, its own id makes it
        "mac_address": mac_address(server["id"] or id_, network_id, address),
        "created": server["created"],
    }


def _all_taken(tx: sqlite3.Connection, network_id: str) -> set[str]:
    """Return the addresses in use in a network."""
    rows = tx.execute(
        f"SELECT ip_address FROM {PORTS.name} WHERE network_id = ?",
        (network_id,),
    )
    return {row[0] for row in rows}


def _is_taken(tx: sqlite3.Connection, network_id: str, address: str) -> bool:
    where = "network_id = ? AND ip_address = ?"
    return bool(PORTS.ids(tx, where, (network_id, address)))


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
        raise OutsideError(
            400,
            f"Fixed IP address {fixed_ip} is not a valid ip address for "
            f"network {network_id}.",
        )
    address = str(wanted)
    if address == subnet["gateway_ip"] or _is_taken(tx, network_id, address):
        raise TakenError(
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


def ports_of_all(
    db: sqlite3.Connection, server_ids: Sequence[str]
) -> dict[str, list[Doc]]:
    """Return the ports of several servers, by the id of the server."""
    found: dict[str, list[Doc]] = {}
    for first in range(0, len(server_ids), MOST_VALUES):
        some = server_ids[first : first + MOST_VALUES]
        marks = ", ".join("?" * len(some))
        for port in PORTS.select(db, f"device_id IN ({marks})", some):
            found.setdefault(port["device_id"], []).append(port)
    return found


def fixed_ips(port: Doc) -> list[Doc]:
    """List the addresses of a port: one, or none."""
    if not port.get("ip_address"):
        return []
    return [{"subnet_id": port["subnet_id"], "ip_address": port["ip_address"]}]


def bind(tx: sqlite3.Connection, server: Doc, port_id: str) -> Doc:
    """Give a port that exists to a server."""
    port = PORTS.get(tx, port_id)
    if port is None or port["project_id"] != server["project_id"]:
        raise CloudError(400, f"Port id {port_id} could not be found.")
    if port["device_id"]:
        raise CloudError(409, f"Port {port_id} is still in use.")
    port["device_id"] = server["id"]
    port["device_owner"] = "compute:nova"
    PORTS.put(tx, port)
    return port


def let_go(tx: sqlite3.Connection, port: Doc) -> None:
    """Take a port from its server: Nova deletes those that it has made, and
    leaves the others without a server."""
    if port.get("is_novas", True):
        PORTS.delete(tx, port["id"])
        return
    PORTS.put(tx, {**port, "device_id": "", "device_owner": ""})


def drop_ports(tx: sqlite3.Connection, server_id: str) -> None:
    for port in ports_of(tx, server_id):
        let_go(tx, port)
