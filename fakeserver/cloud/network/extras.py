"""List what this Neutron has none of, and its agents and zones."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import ClassVar

from fakeserver.base.clock import stamp
from fakeserver.base.ids import stable_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.addresses import visible
from fakeserver.cloud.network.rules import BASE, listed
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import NETWORKS, PORTS, SUBNETS
from fakeserver.cloud.shared.web import Answer, Route

#: collection -> its name in the answer: nobody creates any here
_EMPTY: Mapping[str, str] = {
    "routers": "routers",
    "floatingips": "floatingips",
    "subnetpools": "subnetpools",
    "address-scopes": "address_scopes",
    "service-providers": "service_providers",
    "rbac-policies": "rbac_policies",
    "segments": "segments",
}


def _empty(plural: str) -> Callable[[Token], Answer]:
    return lambda caller: {plural: []}


class Empty(web.Part):
    """List collections that have nothing in them."""

    ROUTES: ClassVar[tuple[Route, ...]] = tuple(
        Route("GET", f"{BASE}/{path}", plural)
        for path, plural in _EMPTY.items()
    )

    def __getattr__(self, name: str) -> Callable[[Token], Answer]:
        if name in _EMPTY.values():
            return _empty(name)
        raise AttributeError(name)


class Infrastructure(web.Part):
    """List agents, availability zones and the addresses in use.

    A list that is for admins is empty for everybody else: Neutron hides
    what its policy does not show, and refuses no list.
    """

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/agents", "agents"),
        Route("GET", f"{BASE}/availability_zones", "zones"),
        Route("GET", f"{BASE}/network-ip-availabilities", "availabilities"),
    )

    def agents(self, caller: Token) -> Answer:
        now = stamp(self.site.clock.time())
        site = self.site.config.site
        shown: list[Doc] = [
            {
                "id": stable_id(self.site.world.seed, site, "agent", binary),
                "agent_type": kind,
                "binary": binary,
                "host": f"compute-{site}",
                "topic": "N/A",
                "alive": True,
                "admin_state_up": True,
                "availability_zone": zone,
                "resources_synced": None,
                "configurations": {},
                "description": None,
                "created_at": now,
                "started_at": now,
                "heartbeat_timestamp": now,
            }
            for binary, kind, zone in (
                ("neutron-openvswitch-agent", "Open vSwitch agent", None),
                ("neutron-dhcp-agent", "DHCP agent", "nova"),
            )
        ]
        return listed("agents", shown if caller.is_admin else [])

    def zones(self, caller: Token) -> Answer:
        zone = {"name": "nova", "resource": "network", "state": "available"}
        return listed("availability_zones", [zone] if caller.is_admin else [])

    def availabilities(self, caller: Token) -> Answer:
        rows = NETWORKS.select(self.site.db.connection())
        shown = [
            self._availability(row)
            for row in rows
            if caller.is_admin and visible(row, caller.project_id, True)
        ]
        return listed("network_ip_availabilities", shown)

    def _availability(self, network: Doc) -> Doc:
        db = self.site.db.connection()
        where = ("network_id = ?", (network["id"],))
        subnets = [
            {
                "subnet_id": row["id"],
                "subnet_name": row["name"],
                "cidr": row["cidr"],
                "ip_version": row["ip_version"],
                "total_ips": sum(
                    _size(one) for one in row["allocation_pools"]
                ),
                "used_ips": sum(
                    port.get("subnet_id") == row["id"]
                    for port in PORTS.select(db, *where)
                ),
            }
            for row in SUBNETS.select(db, *where)
        ]
        return {
            "network_id": network["id"],
            "network_name": network["name"],
            "project_id": network["project_id"],
            "tenant_id": network["project_id"],
            "total_ips": sum(one["total_ips"] for one in subnets),
            "used_ips": sum(one["used_ips"] for one in subnets),
            "subnet_ip_availability": subnets,
        }


def _size(pool: Doc) -> int:
    """Return how many addresses a pool has."""
    first = ipaddress.ip_address(pool["start"])
    return int(ipaddress.ip_address(pool["end"])) - int(first) + 1
