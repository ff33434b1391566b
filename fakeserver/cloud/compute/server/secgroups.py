"""The security groups of a server: those of its ports."""

import sqlite3
from typing import ClassVar

from fakeserver.cloud.compute.server.attributes import one_group
from fakeserver.cloud.compute.server.find import find
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.addresses import ports_of
from fakeserver.cloud.network.security_groups import (
    of_port,
    of_project,
    rules_of,
)
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import PORTS
from fakeserver.cloud.shared.web import Answer, CloudError, Route


def add(tx: sqlite3.Connection, server: Doc, name: str) -> None:
    """Add a security group to every port of a server."""
    group = one_group(tx, server["project_id"], name, 404)
    ports = ports_of(tx, server["id"])
    if not ports:
        raise CloudError(
            404,
            f"instance_id {server['id']} could not be found as device id on "
            "any ports",
        )
    for port in ports:
        if not port.get("port_security_enabled", True):
            raise CloudError(
                400,
                "Network requires port_security_enabled and subnet "
                "associated in order to apply security groups.",
            )
        held = of_port(port)
        if group not in held:
            PORTS.put(tx, {**port, "security_groups": [*held, group]})


def remove(tx: sqlite3.Connection, server: Doc, name: str) -> None:
    """Remove a security group from every port of a server."""
    group = one_group(tx, server["project_id"], name, 404)
    found = False
    for port in ports_of(tx, server["id"]):
        held = of_port(port)
        if group in held:
            found = True
            left = [one for one in held if one != group]
            PORTS.put(tx, {**port, "security_groups": left})
    if not found:
        raise CloudError(
            404,
            f"Security group {name} not associated with the instance "
            f"{server['id']}",
        )


class SecurityGroups(web.Part):
    """List the security groups of a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2.1/servers/<server>/os-security-groups", "index"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        db = self.site.db.connection()
        row = find(db, caller, server)
        known = {one["id"]: one for one in of_project(db, row["project_id"])}
        shown = [
            _shown(known[id_], rules_of(db, known[id_]))
            for port in ports_of(db, row["id"])
            for id_ in of_port(port)
            if id_ in known
        ]
        return {"security_groups": shown}


def _shown(row: Doc, rules: list[Doc]) -> Doc:
    """Render a security group as Nova's network API once had it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "tenant_id": row["project_id"],
        "rules": [
            {
                "id": rule["id"],
                "parent_group_id": row["id"],
                "ip_protocol": rule.get("protocol"),
                "from_port": rule.get("port_range_min"),
                "to_port": rule.get("port_range_max"),
                "ip_range": {"cidr": rule["remote_ip_prefix"]}
                if rule.get("remote_ip_prefix")
                else {},
                "group": {},
            }
            for rule in rules
            if rule["direction"] == "ingress"
        ],
    }
