"""Neutron at /networking: versions, networks, ports and quotas."""

from collections.abc import Sequence
from typing import ClassVar

from fakeserver.base.clock import stamp
from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import lists
from fakeserver.cloud.network.extras import Empty, Infrastructure
from fakeserver.cloud.network.ports import Ports
from fakeserver.cloud.network.rules import (
    ATTRIBUTES,
    BASE,
    admin_only,
    answer,
    checked,
    find,
    may_write,
    owner,
    within_quota,
)
from fakeserver.cloud.network.security_groups import SecurityGroups
from fakeserver.cloud.network.security_rules import SecurityGroupRules
from fakeserver.cloud.network.subnets import Subnets
from fakeserver.cloud.network.tags import Tags
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import NETWORKS, PORTS, SUBNETS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_KINDS = {
    400: "BadRequest",
    403: "PolicyNotAuthorized",
    404: "HTTPNotFound",
    409: "Conflict",
}
_QUOTAS = web.validator(
    {
        "type": "object",
        "required": ["quota"],
        "properties": {
            "quota": {
                "type": "object",
                "properties": {"force": {}, "check_limit": {}},
                "additionalProperties": {
                    "type": "integer",
                    "minimum": -1,
                    "maximum": 2**31 - 1,
                },
            }
        },
    }
)


class Versions(web.Part):
    """Serve Neutron's version documents and its list of extensions."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/", "versions", open=True),
        Route("GET", BASE, "version"),
        Route("GET", f"{BASE}/extensions", "extensions"),
        Route("GET", f"{BASE}/extensions/<alias>", "extension"),
    )

    def versions(self) -> Answer:
        href = f"{self.site.config.url}/networking/v2.0/"
        version = {
            "id": "v2.0",
            "status": "CURRENT",
            "links": [{"rel": "self", "href": href}],
        }
        return {"versions": [version]}

    def version(self, caller: Token) -> Answer:
        where = f"{self.site.config.url}/networking/v2.0"
        return {
            "resources": [
                {
                    "name": name,
                    "collection": f"{name}s",
                    "links": [{"rel": "self", "href": f"{where}/{name}s"}],
                }
                for name in ("network", "subnet", "port")
            ]
        }

    def extensions(self, caller: Token) -> Answer:
        return {"extensions": list(_EXTENSIONS)}

    def extension(self, caller: Token, alias: str) -> Answer:
        for known in _EXTENSIONS:
            if known["alias"] == alias:
                return {"extension": known}
        raise CloudError(
            404,
            f"Extension with alias {alias} does not exist",
            "ExtensionNotFound",
        )


class Networks(web.Part):
    """List, show, create and delete networks: the project's own and shared
    ones."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/networks", "index"),
        Route("POST", f"{BASE}/networks", "create"),
        Route("GET", f"{BASE}/networks/<network>", "show"),
        Route("PUT", f"{BASE}/networks/<network>", "update"),
        Route("DELETE", f"{BASE}/networks/<network>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        known = {"id": lists.ID, "name": lists.NAME}
        return lists.answered(
            self.site.db.connection(),
            NETWORKS,
            "networks",
            lists.networks_seen(caller),
            known,
            self._all_shown,
        )

    def show(self, caller: Token, network: str) -> Answer:
        row = find(self.site.db.connection(), NETWORKS, caller, network)
        return answer("network", self._shown(row))

    def create(self, caller: Token) -> Answer:
        may_write(caller, "create_network")
        given = checked(ATTRIBUTES["network"], "network")
        admin_only(caller, "create_network", given)
        now = self.site.clock.time()
        row: Doc = {
            "id": new_id(),
            "project_id": owner(caller, given),
            "name": given.get("name") or "",
            "description": given.get("description") or "",
            "admin_state_up": given.get("admin_state_up", True),
            "shared": given.get("shared", False),
            "external": given.get("router:external", False),
            "mtu": given.get("mtu") or 1450,
            "created": now,
            "updated": now,
        }
        with self.site.db.transaction() as tx:
            within_quota(tx, row["project_id"], "network")
            NETWORKS.put(tx, row)
        return answer("network", self._shown(row), 201)

    def update(self, caller: Token, network: str) -> Answer:
        may_write(caller, "update_network")
        given = checked(ATTRIBUTES["network"], "network")
        admin_only(caller, "update_network", given)
        with self.site.db.transaction() as tx:
            row = find(tx, NETWORKS, caller, network, own=True)
            for name in ("name", "description", "admin_state_up", "shared"):
                if given.get(name) is not None:
                    row[name] = given[name]
            row["updated"] = self.site.clock.time()
            NETWORKS.put(tx, row)
        return answer("network", self._shown(row))

    def delete(self, caller: Token, network: str) -> Answer:
        may_write(caller, "delete_network")
        with self.site.db.transaction() as tx:
            find(tx, NETWORKS, caller, network, own=True)
            if PORTS.select(tx, "network_id = ?", (network,)):
                raise CloudError(
                    409,
                    f"Unable to complete operation on network {network}. "
                    "There are one or more ports still in use on the "
                    "network.",
                    "NetworkInUse",
                )
            for subnet in SUBNETS.select(tx, "network_id = ?", (network,)):
                SUBNETS.delete(tx, subnet["id"])
            NETWORKS.delete(tx, network)
        return "", 204

    def _shown(self, row: Doc) -> Doc:
        return self._all_shown([row])[0]

    def _all_shown(self, rows: Sequence[Doc]) -> list[Doc]:
        db = self.site.db.connection()
        subnets: dict[str, list[str]] = {}
        ids = [row["id"] for row in rows]
        for one in lists.by(db, SUBNETS, "network_id", ids):
            subnets.setdefault(one["network_id"], []).append(one["id"])
        return [_shown(row, subnets.get(row["id"], [])) for row in rows]


def _shown(row: Doc, subnets: list[str]) -> Doc:
    """Render a network."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "admin_state_up": row["admin_state_up"],
        "status": "ACTIVE",
        "shared": row["shared"],
        "router:external": row["external"],
        "mtu": row["mtu"],
        "subnets": subnets,
        "project_id": row["project_id"],
        "tenant_id": row["project_id"],
        "availability_zone_hints": [],
        "availability_zones": ["nova"],
        "port_security_enabled": True,
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "is_default": False,
        "qinq": False,
        "tags": row.get("tags", []),
        "revision_number": 1,
        "created_at": stamp(row["created"]),
        "updated_at": stamp(row["updated"]),
    }


class Quotas(web.Part):
    """Show and set the network quotas of a project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/quotas/<project>", "show"),
        Route("GET", f"{BASE}/quotas/<project>/default", "default"),
        Route("GET", f"{BASE}/quotas/<project>/details", "details"),
        Route("GET", f"{BASE}/quotas/<project>/details.json", "details"),
        Route("PUT", f"{BASE}/quotas/<project>", "update"),
        Route("DELETE", f"{BASE}/quotas/<project>", "delete"),
    )

    def show(self, caller: Token, project: str) -> Answer:
        self._allowed(caller, project)
        db = self.site.db.connection()
        return {"quota": quotas.limits(db, "network", project)}

    def default(self, caller: Token, project: str) -> Answer:
        return {"quota": dict(quotas.DEFAULTS["network"])}

    def details(self, caller: Token, project: str) -> Answer:
        self._allowed(caller, project)
        db = self.site.db.connection()
        allowed = quotas.limits(db, "network", project)
        taken = quotas.used(db, "network", project)
        shown = {
            name: {"limit": limit, "used": taken.get(name, 0), "reserved": 0}
            for name, limit in allowed.items()
        }
        return {"quota": shown}

    def update(self, caller: Token, project: str) -> Answer:
        admin_only(caller, "update_quota")
        given = web.body(_QUOTAS)["quota"]
        force = given.pop("force", False)
        given.pop("check_limit", None)
        wanted = quotas.checked_values("network", given)
        with self.site.db.transaction() as tx:
            taken = quotas.used(tx, "network", project)
            for name, limit in wanted.items():
                if not force and 0 <= limit < taken.get(name, 0):
                    raise CloudError(
                        400,
                        f"Quota limit {limit} for {name} must be greater "
                        f"than or equal to already used {taken[name]}",
                        "HTTPBadRequest",
                    )
            return {"quota": quotas.change(tx, "network", project, wanted)}

    def delete(self, caller: Token, project: str) -> Answer:
        admin_only(caller, "delete_quota")
        with self.site.db.transaction() as tx:
            quotas.forget(tx, "network", project)
        return "", 204

    def _allowed(self, caller: Token, project: str) -> None:
        if project != caller.project_id:
            admin_only(caller, "get_quota")


class Networking(web.Service):
    """The emulated Neutron."""

    name = "neutron"
    prefix = "/networking"
    PARTS = (
        Versions,
        Networks,
        Tags,
        Subnets,
        Ports,
        SecurityGroups,
        SecurityGroupRules,
        Empty,
        Infrastructure,
        Quotas,
    )

    def caller(self) -> Token:
        token = super().caller()
        if not token.project_id:
            raise CloudError(403, "The token has no project.")
        return token

    def error_body(self, error: CloudError) -> Doc:
        kind = error.kind or _KINDS.get(error.status, "HTTPException")
        return {
            "NeutronError": {
                "type": kind,
                "message": error.message,
                "detail": "",
            }
        }


_EXTENSIONS: tuple[Doc, ...] = tuple(
    {
        "alias": alias,
        "name": name,
        "description": name,
        "links": [],
        "updated": "2016-01-01T10:00:00-00:00",
    }
    for alias, name in (
        ("quotas", "Quota management support"),
        ("standard-attr-tag", "Tag support for resources"),
        ("quota_details", "Quota details management API"),
        ("pagination", "Pagination support"),
        ("sorting", "Sorting support"),
        ("project-id", "project_id field enabled"),
        ("security-group", "security-group"),
        ("port-security", "Port Security"),
        ("allowed-address-pairs", "Allowed Address Pairs"),
    )
)
