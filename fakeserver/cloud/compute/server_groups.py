"""Nova's server groups: which servers are kept together, or apart."""

import sqlite3
from typing import ClassVar

from fakeserver.base.ids import new_id
from fakeserver.cloud.compute.server.find import may_write
from fakeserver.cloud.compute.version import since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVER_GROUPS, SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_GROUPS = "/v2.1/os-server-groups"
_POLICIES = ("affinity", "anti-affinity")
_SOFT = ("soft-affinity", "soft-anti-affinity")
_NAME = {"type": "string", "pattern": r"\S", "maxLength": 255}


def _check(known: Doc) -> web.Validator:
    return web.validator(
        {
            "type": "object",
            "required": ["server_group"],
            "properties": {
                "server_group": {
                    "type": "object",
                    "required": ["name", next(iter(known))],
                    "properties": {"name": _NAME, **known},
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        }
    )


_FIRST, _WITH_SOFT = (
    _check(
        {
            "policies": {
                "type": "array",
                "items": {"enum": list(allowed)},
                "minItems": 1,
                "maxItems": 1,
            }
        }
    )
    for allowed in (_POLICIES, _POLICIES + _SOFT)
)
_LATER = _check(
    {
        "policy": {"enum": list(_POLICIES + _SOFT)},
        "rules": {
            "type": "object",
            "properties": {
                "max_server_per_host": {
                    "anyOf": [
                        {"type": "integer", "minimum": 1},
                        {"type": "string", "pattern": "^[1-9][0-9]*$"},
                    ]
                }
            },
            "additionalProperties": False,
        },
    }
)


def join(
    tx: sqlite3.Connection, caller: Token, group_id: str, server: Doc
) -> None:
    """Make a server a member of a group of its project."""
    row = SERVER_GROUPS.get(tx, group_id)
    if row is None or row["project_id"] != server["project_id"]:
        raise CloudError(400, f"Instance group {group_id} could not be found.")
    limits = quotas.limits(tx, "compute", row["project_id"])
    if len(_members(tx, row)) >= limits["server_group_members"]:
        raise CloudError(403, "Quota exceeded, too many servers in group")
    server["server_group"] = group_id


def of(db: sqlite3.Connection, server: Doc) -> list[str]:
    """Return the ids of the groups that a server is a member of."""
    found = SERVER_GROUPS.get(db, server.get("server_group") or "")
    return [found["id"]] if found else []


class ServerGroups(web.Part):
    """List, show, create and delete the server groups of a project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _GROUPS, "index"),
        Route("POST", _GROUPS, "create"),
        Route("GET", f"{_GROUPS}/<group>", "show"),
        Route("DELETE", f"{_GROUPS}/<group>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        db = self.site.db.connection()
        if caller.is_admin and web.flag("all_projects"):
            rows = SERVER_GROUPS.select(db)
        else:
            rows = SERVER_GROUPS.select(
                db, "project_id = ?", (caller.project_id,)
            )
        return {"server_groups": [_shown(db, row) for row in rows]}

    def show(self, caller: Token, group: str) -> Answer:
        db = self.site.db.connection()
        return {"server_group": _shown(db, _find(db, caller, group))}

    def create(self, caller: Token) -> Answer:
        may_write(caller, "os-server-groups:create")
        check = _LATER if since(64) else _WITH_SOFT if since(15) else _FIRST
        given = web.body(check)["server_group"]
        policy = given.get("policy") or given["policies"][0]
        rules = {
            name: int(value)
            for name, value in (given.get("rules") or {}).items()
        }
        if rules and policy != "anti-affinity":
            raise CloudError(
                400,
                "Only anti-affinity policy supports rules: "
                "max_server_per_host.",
            )
        row: Doc = {
            "id": new_id(),
            "project_id": caller.project_id,
            "user_id": caller.user_id,
            "name": given["name"].strip(),
            "policy": policy,
            "rules": rules,
        }
        with self.site.db.transaction() as tx:
            project = caller.project_id
            if quotas.require(tx, "compute", project, {"server_groups": 1}):
                raise CloudError(
                    403, "Quota exceeded, too many server groups."
                )
            SERVER_GROUPS.put(tx, row)
            return {"server_group": _shown(tx, row)}

    def delete(self, caller: Token, group: str) -> Answer:
        may_write(caller, "os-server-groups:delete")
        with self.site.db.transaction() as tx:
            SERVER_GROUPS.delete(tx, _find(tx, caller, group)["id"])
        return "", 204


def _find(db: sqlite3.Connection, caller: Token, group: str) -> Doc:
    row = SERVER_GROUPS.get(db, group)
    if row is None or (
        row["project_id"] != caller.project_id and not caller.is_admin
    ):
        raise CloudError(404, f"Instance group {group} could not be found.")
    return row


def _members(db: sqlite3.Connection, row: Doc) -> list[str]:
    return [
        server["id"]
        for server in SERVERS.select(
            db, "project_id = ?", (row["project_id"],)
        )
        if server.get("server_group") == row["id"]
    ]


def _shown(db: sqlite3.Connection, row: Doc) -> Doc:
    shown: Doc = {
        "id": row["id"],
        "name": row["name"],
        "members": _members(db, row),
    }
    if since(13):
        shown |= {
            "project_id": row["project_id"],
            "user_id": row["user_id"],
        }
    if since(64):
        return shown | {"policy": row["policy"], "rules": row.get("rules", {})}
    return shown | {"policies": [row["policy"]], "metadata": {}}
