"""Neutron's security groups. Each project has one that nobody creates."""

import sqlite3
from collections.abc import Sequence
from typing import Any, ClassVar

from fakeserver.base.clock import stamp
from fakeserver.base.ids import new_id, stable_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.rules import (
    ATTRIBUTES,
    BASE,
    answer,
    checked,
    listed,
    may_write,
    within_quota,
)
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import PORTS, SECURITY_GROUPS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

DEFAULT = "default"


def default_id(project_id: str) -> str:
    """Return the id of a project's own default group."""
    return stable_id(0, "security-group", project_id)


def of_project(db: sqlite3.Connection, project_id: str) -> list[Doc]:
    """List the groups of a project, the default one first."""
    default: Doc = {
        "id": default_id(project_id),
        "project_id": project_id,
        "name": DEFAULT,
        "description": "Default security group",
        "created": 0.0,
    }
    made = SECURITY_GROUPS.select(db, "project_id = ?", (project_id,))
    return [default, *made]


def of_port(port: Doc) -> list[str]:
    """Return the ids of the groups of a port."""
    found: list[str] | None = port.get("security_groups")
    if found is not None:
        return found
    return [default_id(port["project_id"])]


def require(
    db: sqlite3.Connection, project_id: str, ids: Sequence[str]
) -> list[str]:
    """Return the ids; refuse one that is not a group of the project."""
    known = {group["id"] for group in of_project(db, project_id)}
    for one in ids:
        if one not in known:
            raise CloudError(
                404,
                f"Security group {one} does not exist",
                "SecurityGroupNotFound",
            )
    return list(dict.fromkeys(ids))


def named(
    db: sqlite3.Connection, project_id: str, names: Sequence[str]
) -> list[str]:
    """Return the ids of groups that Nova was given by name or id."""
    found = []
    for name in names:
        fits = [
            group["id"]
            for group in of_project(db, project_id)
            if name in (group["id"], group["name"])
        ]
        if not fits:
            raise CloudError(
                400,
                f"Security group {name} not found for project {project_id}.",
            )
        found.append(fits[0])
    return list(dict.fromkeys(found))


class SecurityGroups(web.Part):
    """List, show, create, change and delete the groups of a project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/security-groups", "index"),
        Route("POST", f"{BASE}/security-groups", "create"),
        Route("GET", f"{BASE}/security-groups/<group>", "show"),
        Route("PUT", f"{BASE}/security-groups/<group>", "update"),
        Route("DELETE", f"{BASE}/security-groups/<group>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        rows = of_project(self.site.db.connection(), caller.project_id)
        return listed("security_groups", [_shown(row) for row in rows])

    def show(self, caller: Token, group: str) -> Answer:
        row = self._find(self.site.db.connection(), caller, group)
        return answer("security_group", _shown(row))

    def create(self, caller: Token) -> Answer:
        may_write(caller, "create_security_group")
        given = checked(ATTRIBUTES["security_group"], "security_group")
        row: Doc = {
            "id": new_id(),
            "project_id": caller.project_id,
            "name": given.get("name") or "",
            "description": given.get("description") or "",
            "created": self.site.clock.time(),
        }
        with self.site.db.transaction() as tx:
            within_quota(tx, row["project_id"], "security_group")
            SECURITY_GROUPS.put(tx, row)
        return answer("security_group", _shown(row), 201)

    def update(self, caller: Token, group: str) -> Answer:
        may_write(caller, "update_security_group")
        given = checked(ATTRIBUTES["security_group"], "security_group")
        with self.site.db.transaction() as tx:
            row = self._made(tx, caller, group, "update")
            for name in ("name", "description"):
                if given.get(name) is not None:
                    row[name] = given[name]
            SECURITY_GROUPS.put(tx, row)
        return answer("security_group", _shown(row))

    def delete(self, caller: Token, group: str) -> Answer:
        may_write(caller, "delete_security_group")
        with self.site.db.transaction() as tx:
            self._made(tx, caller, group, "remove")
            if any(group in of_port(port) for port in PORTS.select(tx)):
                raise CloudError(
                    409,
                    f"Security Group {group} in use.",
                    "SecurityGroupInUse",
                )
            SECURITY_GROUPS.delete(tx, group)
        return "", 204

    def _find(self, db: sqlite3.Connection, caller: Token, group: str) -> Doc:
        for row in of_project(db, caller.project_id):
            if row["id"] == group:
                return row
        raise CloudError(
            404,
            f"Security group {group} does not exist",
            "SecurityGroupNotFound",
        )

    def _made(
        self, tx: sqlite3.Connection, caller: Token, group: str, verb: str
    ) -> Doc:
        """Find a group that may change; the default one may not."""
        row = self._find(tx, caller, group)
        if row["id"] == default_id(caller.project_id):
            raise CloudError(
                409,
                f"Insufficient rights for {verb} of default security group.",
                "SecurityGroupCannotRemoveDefault",
            )
        return row


def _shown(row: Doc) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "project_id": row["project_id"],
        "tenant_id": row["project_id"],
        "stateful": True,
        "shared": False,
        "security_group_rules": [],
        "tags": [],
        "revision_number": 1,
        "created_at": stamp(row["created"]),
        "updated_at": stamp(row["created"]),
    }
