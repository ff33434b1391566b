"""Neutron's security groups. Each project has one that nobody creates."""

import sqlite3
from collections.abc import Mapping, Sequence
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
from fakeserver.cloud.shared.schema import (
    PORTS,
    SECURITY_GROUP_RULES,
    SECURITY_GROUPS,
)
from fakeserver.cloud.shared.web import Answer, CloudError, Route

DEFAULT = "default"


def default_id(project_id: str) -> str:
    """Return the id of a project's own default group."""
    return stable_id(0, "security-group", project_id)


def default(project_id: str) -> Doc:
    """Return the default group as it is before anybody has changed it."""
    return {
        "id": default_id(project_id),
        "project_id": project_id,
        "name": DEFAULT,
        "description": "Default security group",
        "created": 0.0,
    }


def of_project(db: sqlite3.Connection, project_id: str) -> list[Doc]:
    """List the groups of a project, the default one first."""
    made = SECURITY_GROUPS.select(db, "project_id = ?", (project_id,))
    first = default(project_id)
    for row in made:
        if row["id"] == first["id"]:
            first = row
    return [first, *(row for row in made if row["id"] != first["id"])]


def rules_of(db: sqlite3.Connection, group: Doc) -> list[Doc]:
    """List the rules of a group: those that it is born with, and others.

    One that is born lets everything out; the default group lets its own
    members in too.
    """
    born = []
    for direction in ("egress", "ingress"):
        inward = direction == "ingress"
        if inward and group["name"] != DEFAULT:
            continue
        for ethertype in ("IPv4", "IPv6"):
            id_ = stable_id(0, "rule", group["id"], direction, ethertype)
            if id_ in group.get("rules_gone", ()):
                continue
            born.append(
                {
                    "id": id_,
                    "group_id": group["id"],
                    "project_id": group["project_id"],
                    "direction": direction,
                    "ethertype": ethertype,
                    "remote_group_id": group["id"] if inward else None,
                    "created": group["created"],
                }
            )
    made = SECURITY_GROUP_RULES.select(db, "group_id = ?", (group["id"],))
    return [*born, *made]


def of_port(port: Doc) -> list[str]:
    """Return the ids of the groups of a port."""
    found: list[str] | None = port.get("security_groups")
    if found is not None:
        return found
    return [default_id(port["project_id"])]


def known(db: sqlite3.Connection, project_id: str) -> dict[str, str]:
    """Return the names of the groups of a project, by their ids."""
    return {row["id"]: row["name"] for row in of_project(db, project_id)}


def names(found: Mapping[str, str], ports: Sequence[Doc]) -> list[str]:
    """Name the groups of some ports, one port after the other, as Nova
    does."""
    return [
        found[id_] or id_
        for port in ports
        for id_ in of_port(port)
        if id_ in found
    ]


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


def find_group(db: sqlite3.Connection, caller: Token, group: str) -> Doc:
    """Find a group of the caller's project; an admin finds every group."""
    row = SECURITY_GROUPS.get(db, group)
    project = caller.project_id
    if row is not None and (caller.is_admin or row["project_id"] == project):
        return row
    first = of_project(db, project)[0]
    if first["id"] == group:
        return first
    raise CloudError(
        404,
        f"Security group {group} does not exist",
        "SecurityGroupNotFound",
    )


def drop_rule(tx: sqlite3.Connection, row: Doc) -> None:
    """Delete a rule; of one that its group was born with, note it there."""
    if SECURITY_GROUP_RULES.get(tx, row["id"]) is not None:
        SECURITY_GROUP_RULES.delete(tx, row["id"])
        return
    group = SECURITY_GROUPS.get(tx, row["group_id"])
    if group is None:
        # the default group is written with its first change
        group = default(row["project_id"])
    group["rules_gone"] = [*group.get("rules_gone", ()), row["id"]]
    SECURITY_GROUPS.put(tx, group)


def rule(row: Doc) -> dict[str, Any]:
    """Render a rule of a group."""
    return {
        "id": row["id"],
        "security_group_id": row["group_id"],
        "project_id": row["project_id"],
        "tenant_id": row["project_id"],
        "direction": row["direction"],
        "ethertype": row["ethertype"],
        "protocol": row.get("protocol"),
        "port_range_min": row.get("port_range_min"),
        "port_range_max": row.get("port_range_max"),
        "remote_ip_prefix": row.get("remote_ip_prefix"),
        "normalized_cidr": row.get("remote_ip_prefix"),
        "remote_group_id": row.get("remote_group_id"),
        "remote_address_group_id": None,
        "belongs_to_default_sg": row["group_id"]
        == default_id(row["project_id"]),
        "description": row.get("description", ""),
        "revision_number": 0,
        "tags": [],
        "created_at": stamp(row["created"]),
        "updated_at": stamp(row["created"]),
    }


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
        db = self.site.db.connection()
        rows = of_project(db, caller.project_id)
        return listed("security_groups", [_shown(db, row) for row in rows])

    def show(self, caller: Token, group: str) -> Answer:
        db = self.site.db.connection()
        row = find_group(db, caller, group)
        return answer("security_group", _shown(db, row))

    def create(self, caller: Token) -> Answer:
        may_write(caller, "create_security_group")
        given = checked(ATTRIBUTES["security_group"], "security_group")
        row: Doc = {
            "id": new_id(),
            "project_id": caller.project_id,
            "name": given.get("name") or "",
            "description": given.get("description") or "",
            "stateful": given.get("stateful") is not False,
            "created": self.site.clock.time(),
        }
        if row["name"].lower() == DEFAULT:
            raise CloudError(
                409,
                "Default security group already exists.",
                "SecurityGroupDefaultAlreadyExists",
            )
        with self.site.db.transaction() as tx:
            within_quota(tx, row["project_id"], "security_group")
            SECURITY_GROUPS.put(tx, row)
            return answer("security_group", _shown(tx, row), 201)

    def update(self, caller: Token, group: str) -> Answer:
        may_write(caller, "update_security_group")
        given = checked(ATTRIBUTES["security_group"], "security_group")
        with self.site.db.transaction() as tx:
            row = self._made(tx, caller, group, "update")
            for name in ("name", "description"):
                if given.get(name) is not None:
                    row[name] = given[name]
            SECURITY_GROUPS.put(tx, row)
            return answer("security_group", _shown(tx, row))

    def delete(self, caller: Token, group: str) -> Answer:
        may_write(caller, "delete_security_group")
        with self.site.db.transaction() as tx:
            self._made(tx, caller, group, "remove")
            if PORTS.ids(tx, "instr(doc, ?) > 0", (group,)):
                raise CloudError(
                    409,
                    f"Security Group {group} in use.",
                    "SecurityGroupInUse",
                )
            for one in SECURITY_GROUP_RULES.select(
                tx, "group_id = ?", (group,)
            ):
                SECURITY_GROUP_RULES.delete(tx, one["id"])
            SECURITY_GROUPS.delete(tx, group)
        return "", 204

    def _made(
        self, tx: sqlite3.Connection, caller: Token, group: str, verb: str
    ) -> Doc:
        """Find a group that may change; the default one may not."""
        row = find_group(tx, caller, group)
        if row["id"] == default_id(caller.project_id):
            raise CloudError(
                409,
                f"Insufficient rights for {verb} of default security group.",
                "SecurityGroupCannotRemoveDefault",
            )
        return row


def _shown(db: sqlite3.Connection, row: Doc) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "project_id": row["project_id"],
        "tenant_id": row["project_id"],
        "stateful": row.get("stateful", True),
        "shared": False,
        "security_group_rules": [rule(one) for one in rules_of(db, row)],
        "tags": row.get("tags", []),
        "revision_number": 1,
        "created_at": stamp(row["created"]),
        "updated_at": stamp(row["created"]),
    }
