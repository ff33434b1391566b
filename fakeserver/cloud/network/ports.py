"""Neutron's ports: list, show, create, change and delete them."""

import sqlite3
from collections.abc import Mapping
from typing import Any, ClassVar

from fakeserver.base.clock import stamp
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import addresses, lists, security_groups
from fakeserver.cloud.network.rules import (
    ATTRIBUTES,
    BASE,
    admin_only,
    answer,
    checked,
    find,
    may_write,
    within_quota,
)
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import NETWORKS, PORTS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

#: attributes that a request sets as they are, with what they are by default
_KEPT: Mapping[str, Any] = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "port_security_enabled": True,
}


class Ports(web.Part):
    """Serve the ports of a project: those of Nova, and those of people."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/ports", "index"),
        Route("POST", f"{BASE}/ports", "create"),
        Route("GET", f"{BASE}/ports/<port>", "show"),
        Route("PUT", f"{BASE}/ports/<port>", "update"),
        Route("DELETE", f"{BASE}/ports/<port>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        known = {
            "id": lists.ID,
            "device_id": lists.DEVICE_ID,
            "network_id": lists.NETWORK_ID,
            "name": lists.NAME,
            "description": lists.DESCRIPTION,
        }
        seen: lists.Seen = [("1", ())]
        if not caller.is_admin:
            # the owner of a network sees each port on it
            own = ("project_id = ?", (caller.project_id,))
            seen = [own, *lists.on_own_networks(caller)]
        return lists.answered(
            self.site.db.connection(),
            PORTS,
            "ports",
            seen,
            known,
            lambda rows: [shown(row) for row in rows],
            lists.FIXED,
        )

    def show(self, caller: Token, port: str) -> Answer:
        row = find(self.site.db.connection(), PORTS, caller, port)
        return answer("port", shown(row))

    def create(self, caller: Token) -> Answer:
        may_write(caller, "create_port")
        given = checked(ATTRIBUTES["port"], "port")
        if not given.get("network_id"):
            raise _invalid("a port needs a network_id")
        with self.site.db.transaction() as tx:
            find(tx, NETWORKS, caller, given["network_id"])
            within_quota(tx, caller.project_id, "port")
            holder = {
                "id": given.get("device_id") or "",
                "project_id": caller.project_id,
                "created": self.site.clock.time(),
            }
            row = _new(tx, holder, given)
            row["device_owner"] = given.get("device_owner") or ""
            row["is_novas"] = False
            self._set_mac(tx, row, given.get("mac_address"))
            self._change(tx, caller, row, dict(_KEPT) | given)
            PORTS.put(tx, row)
        return answer("port", shown(row), 201)

    def update(self, caller: Token, port: str) -> Answer:
        may_write(caller, "update_port")
        given = checked(ATTRIBUTES["port"], "port")
        with self.site.db.transaction() as tx:
            row = find(tx, PORTS, caller, port, own=True)
            mac = given.get("mac_address")
            if mac and row["device_id"] and mac != row["mac_address"]:
                raise CloudError(
                    409,
                    f"Unable to complete operation on port {port}, port is "
                    "already bound.",
                    "PortBound",
                )
            self._set_mac(tx, row, mac)
            self._change(tx, caller, row, given)
            PORTS.put(tx, row)
        return answer("port", shown(row))

    def delete(self, caller: Token, port: str) -> Answer:
        may_write(caller, "delete_port")
        with self.site.db.transaction() as tx:
            row = find(tx, PORTS, caller, port, own=True)
            if _device_owner(row).startswith("compute:"):
                # an instance has it: members ask Nova to let it go
                admin_only(caller, "delete_port")
            PORTS.delete(tx, port)
        return "", 204

    def _set_mac(
        self, tx: sqlite3.Connection, row: Doc, wanted: str | None
    ) -> None:
        if not wanted or wanted == row["mac_address"]:
            return
        for other in PORTS.select(
            tx,
            "network_id = ? AND mac_address = ?",
            (row["network_id"], wanted),
        ):
            if other["id"] != row["id"]:
                raise CloudError(
                    409,
                    "Unable to complete operation for network "
                    f"{row['network_id']}. The mac address {wanted} is in "
                    "use.",
                    "MacAddressInUse",
                )
        row["mac_address"] = wanted

    def _change(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, given: Doc
    ) -> None:
        for name in _KEPT:
            if given.get(name) is not None:
                row[name] = given[name]
        if given.get("device_id") is not None:
            row["device_id"] = given["device_id"]
        if given.get("security_groups") is not None:
            row["security_groups"] = security_groups.require(
                tx, caller.project_id, given["security_groups"]
            )
        pairs = given.get("allowed_address_pairs")
        if pairs is not None:
            row["allowed_address_pairs"] = [
                {"mac_address": row["mac_address"], **pair} for pair in pairs
            ]
        if row.get("port_security_enabled", True):
            return
        if row.get("allowed_address_pairs"):
            raise CloudError(
                409,
                "Port Security must be enabled in order to have allowed "
                "address pairs on a port.",
                "AddressPairAndPortSecurityRequired",
            )
        if given.get("security_groups"):
            raise CloudError(
                409,
                "Port has security group associated. Cannot disable port "
                "security or IP address until security group is removed.",
                "PortSecurityPortHasSecurityGroup",
            )
        row["security_groups"] = []


def _new(tx: sqlite3.Connection, holder: Doc, given: Doc) -> Doc:
    address = _address(given)
    network = given["network_id"]
    try:
        return addresses.new_port(tx, holder, network, address)
    except addresses.TakenError:
        raise CloudError(
            409,
            f"IP address {address} already allocated in network {network}",
            "IpAddressAlreadyAllocated",
        ) from None
    except addresses.OutsideError:
        raise CloudError(
            400,
            f"IP address {address} is not a valid IP for any of the subnets "
            "on the specified network.",
            "InvalidIpForNetwork",
        ) from None


def _address(given: Doc) -> str | None:
    fixed = given.get("fixed_ips") or [{}]
    if len(fixed) > 1:
        raise _invalid("a port of this cloud has one fixed address")
    address: str | None = fixed[0].get("ip_address")
    return address


def _invalid(message: str) -> CloudError:
    return CloudError(400, f"Invalid input for operation: {message}.")


def _device_owner(row: Doc) -> str:
    return str(row.get("device_owner", "compute:nova"))


def shown(row: Doc) -> Doc:
    """Render a port."""
    return {
        "id": row["id"],
        "name": row.get("name", ""),
        "description": row.get("description", ""),
        "network_id": row["network_id"],
        "device_id": row["device_id"],
        "device_owner": _device_owner(row),
        "mac_address": row["mac_address"],
        "fixed_ips": [
            {
                "subnet_id": row["subnet_id"],
                "ip_address": row["ip_address"],
            }
        ],
        "status": "ACTIVE" if row["device_id"] else "DOWN",
        "admin_state_up": row.get("admin_state_up", True),
        "project_id": row["project_id"],
        "tenant_id": row["project_id"],
        "security_groups": security_groups.of_port(row),
        "allowed_address_pairs": row.get("allowed_address_pairs", []),
        "binding:vnic_type": "normal",
        "port_security_enabled": row.get("port_security_enabled", True),
        "tags": [],
        "revision_number": 1,
        "created_at": stamp(row["created"]),
        "updated_at": stamp(row["created"]),
    }
