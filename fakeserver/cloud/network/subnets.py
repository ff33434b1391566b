"""Neutron's subnets."""

import ipaddress
from collections.abc import Sequence
from typing import Any, ClassVar

from fakeserver.base.clock import stamp
from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import lists
from fakeserver.cloud.network.addresses import visible
from fakeserver.cloud.network.rules import (
    ATTRIBUTES,
    BASE,
    answer,
    checked,
    find,
    may_write,
    within_quota,
)
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc, key_of
from fakeserver.cloud.shared.schema import NETWORKS, PORTS, SUBNETS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def make(
    subnet_id: str, network: Doc, name: str, cidr: str, now: float
) -> Doc:
    """Create a subnet with Neutron's choice of gateway and pool."""
    block = ipaddress.ip_network(cidr)
    gateway = str(block[1])
    return {
        "id": subnet_id,
        "network_id": network["id"],
        "project_id": network["project_id"],
        "name": name,
        "description": "",
        "cidr": str(block),
        "ip_version": block.version,
        "gateway_ip": gateway,
        "enable_dhcp": True,
        "allocation_pools": _pools(block, gateway),
        "dns_nameservers": [],
        "host_routes": [],
        "created": now,
        "updated": now,
    }


def _pools(block: Network, gateway: str | None) -> list[dict[str, str]]:
    """Return the pools: all addresses but network, broadcast and gateway."""
    first, last = int(block[1]), int(block[-2])
    kind = type(block[0])
    if gateway and int(ipaddress.ip_address(gateway)) == first:
        first += 1
    return [{"start": str(kind(first)), "end": str(kind(last))}]


class Subnets(web.Part):
    """List, show, create, change and delete subnets."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/subnets", "index"),
        Route("POST", f"{BASE}/subnets", "create"),
        Route("GET", f"{BASE}/subnets/<subnet>", "show"),
        Route("PUT", f"{BASE}/subnets/<subnet>", "update"),
        Route("DELETE", f"{BASE}/subnets/<subnet>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        known = {"id": lists.ID, "network_id": lists.NETWORK_ID}
        return lists.answered(
            self.site.db.connection(),
            SUBNETS,
            "subnets",
            lists.on_networks_seen(caller),
            known,
            self._all_shown,
        )

    def _all_shown(self, rows: Sequence[Doc]) -> list[Doc]:
        db = self.site.db.connection()
        ids = sorted({row["network_id"] for row in rows})
        found = {row["id"]: row for row in lists.by(db, NETWORKS, "id", ids)}
        return [
            _shown(row, found[row["network_id"]])
            for row in rows
            if row["network_id"] in found
        ]

    def show(self, caller: Token, subnet: str) -> Answer:
        row = self._find(caller, subnet)
        db = self.site.db.connection()
        network = find(db, NETWORKS, caller, row["network_id"])
        return answer("subnet", _shown(row, network))

    def create(self, caller: Token) -> Answer:
        may_write(caller, "create_subnet")
        given = checked(ATTRIBUTES["subnet"], "subnet")
        if "network_id" not in given or "cidr" not in given:
            raise _invalid("a subnet needs a network_id and a cidr")
        now = self.site.clock.time()
        with self.site.db.transaction() as tx:
            network = find(tx, NETWORKS, caller, given["network_id"], own=True)
            block = _block(given)
            for other in SUBNETS.select(
                tx, "network_id = ?", (network["id"],)
            ):
                if block.overlaps(ipaddress.ip_network(other["cidr"])):
                    raise _invalid(
                        f"Requested subnet with cidr: {block} for network: "
                        f"{network['id']} overlaps with another subnet"
                    )
            within_quota(tx, network["project_id"], "subnet")
            row = make(
                new_id(), network, given.get("name") or "", str(block), now
            )
            _choose(row, given, block)
            SUBNETS.put(tx, row)
        return answer("subnet", _shown(row, network), 201)

    def update(self, caller: Token, subnet: str) -> Answer:
        may_write(caller, "update_subnet")
        given = checked(ATTRIBUTES["subnet"], "subnet")
        with self.site.db.transaction() as tx:
            row = self._find(caller, subnet)
            network = find(tx, NETWORKS, caller, row["network_id"], own=True)
            for name in ("name", "description", "enable_dhcp"):
                if given.get(name) is not None:
                    row[name] = given[name]
            row["updated"] = self.site.clock.time()
            SUBNETS.put(tx, row)
        return answer("subnet", _shown(row, network))

    def delete(self, caller: Token, subnet: str) -> Answer:
        may_write(caller, "delete_subnet")
        with self.site.db.transaction() as tx:
            row = self._find(caller, subnet)
            find(tx, NETWORKS, caller, row["network_id"], own=True)
            where = f"network_id = ? AND {key_of('subnet_id')} = ?"
            if PORTS.ids(tx, where, (row["network_id"], subnet)):
                raise CloudError(
                    409,
                    f"Unable to complete operation on subnet {subnet}: One or "
                    "more ports have an IP allocation from this subnet.",
                    "SubnetInUse",
                )
            SUBNETS.delete(tx, subnet)
        return "", 204

    def _find(self, caller: Token, subnet: str) -> Doc:
        """Find a subnet; whoever sees its network sees it."""
        db = self.site.db.connection()
        row = SUBNETS.get(db, subnet)
        network = row and NETWORKS.get(db, row["network_id"])
        if (
            not row
            or not network
            or not visible(network, caller.project_id, caller.is_admin)
        ):
            raise CloudError(
                404, f"Subnet {subnet} could not be found.", "SubnetNotFound"
            )
        return row


def _block(given: Doc) -> Network:
    try:
        block = ipaddress.ip_network(given["cidr"], strict=False)
    except ValueError:
        raise _invalid(f"'{given['cidr']}' is not a valid IP subnet") from None
    if block.version != int(given.get("ip_version", block.version)):
        raise _invalid(f"cidr {block} does not match the ip_version")
    if block.num_addresses < 4:
        raise _invalid(f"cidr {block} is too small")
    return block


def _choose(row: Doc, given: Doc, block: Network) -> None:
    """Apply what the request chooses in place of Neutron's own choice."""
    for name in ("description", "enable_dhcp"):
        if given.get(name) is not None:
            row[name] = given[name]
    for name in ("dns_nameservers", "host_routes"):
        if isinstance(given.get(name), list):
            row[name] = given[name]
    if "gateway_ip" in given:
        gateway = given["gateway_ip"]
        row["gateway_ip"] = gateway and _inside(block, gateway)
        row["allocation_pools"] = _pools(block, row["gateway_ip"])
    if given.get("allocation_pools"):
        row["allocation_pools"] = [
            {
                "start": _inside(block, pool["start"]),
                "end": _inside(block, pool["end"]),
            }
            for pool in given["allocation_pools"]
        ]


def _inside(block: Network, text: Any) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise _invalid(f"'{text}' is not a valid IP address") from None
    if address not in block:
        raise _invalid(f"{address} is not in {block}")
    return str(address)


def _invalid(message: str) -> CloudError:
    return CloudError(400, f"Invalid input for operation: {message}.")


def _shown(row: Doc, network: Doc) -> Doc:
    hidden = ("created", "updated")
    shown = {name: row[name] for name in row if name not in hidden}
    return shown | {
        "tenant_id": row["project_id"],
        "router:external": network["external"],
        "subnetpool_id": None,
        "ipv6_address_mode": None,
        "ipv6_ra_mode": None,
        "segment_id": None,
        "service_types": [],
        "tags": [],
        "revision_number": 0,
        "created_at": stamp(row["created"]),
        "updated_at": stamp(row["updated"]),
    }
