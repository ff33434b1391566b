"""Nova's server groups, and its availability zones."""

import sqlite3
from typing import ClassVar

from fakeserver.base.ids import new_id
from fakeserver.cloud.compute.render import since
from fakeserver.cloud.compute.servers import may_write
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVER_GROUPS, SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_POLICIES = (
    "affinity",
    "anti-affinity",
    "soft-affinity",
    "soft-anti-affinity",
)
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["server_group"],
        "properties": {
            "server_group": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": r"\S"},
                    "policy": {"enum": list(_POLICIES)},
                    "policies": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 1,
                        "items": {"enum": list(_POLICIES)},
                    },
                    "rules": {"type": "object"},
                },
                "additionalProperties": False,
            }
        },
    }
)
_GROUPS = "/v2.1/os-server-groups"


class ServerGroups(web.Part):
    """List, show, create and delete the server groups of a project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _GROUPS, "index"),
        Route("POST", _GROUPS, "create"),
        Route("GET", f"{_GROUPS}/<group>", "show"),
        Route("DELETE", f"{_GROUPS}/<group>", "delete"),
        Route("GET", "/v2.1/os-availability-zone", "zones"),
    )

    def index(self, caller: Token) -> Answer:
        db = self.site.db.connection()
        rows = SERVER_GROUPS.select(db, "project_id = ?", (caller.project_id,))
        return {"server_groups": [_shown(db, row) for row in rows]}

    def show(self, caller: Token, group: str) -> Answer:
        db = self.site.db.connection()
        return {"server_group": _shown(db, _find(db, caller, group))}

    def create(self, caller: Token) -> Answer:
        may_write(caller, "os-server-groups:create")
        given = web.body(_CREATE)["server_group"]
        policy = given.get("policy") or next(
            iter(given.get("policies", ())), None
        )
        if policy is None:
            raise CloudError(400, "'policy' is a required property")
        row: Doc = {
            "id": new_id(),
            "project_id": caller.project_id,
            "user_id": caller.user_id,
            "name": given["name"].strip(),
            "policy": policy,
        }
        with self.site.db.transaction() as tx:
            SERVER_GROUPS.put(tx, row)
            return {"server_group": _shown(tx, row)}

    def delete(self, caller: Token, group: str) -> Answer:
        may_write(caller, "os-server-groups:delete")
        with self.site.db.transaction() as tx:
            _find(tx, caller, group)
            SERVER_GROUPS.delete(tx, group)
        return "", 204

    def zones(self, caller: Token) -> Answer:
        zone = {
            "zoneName": "nova",
            "zoneState": {"available": True},
            "hosts": None,
        }
        return {"availabilityZoneInfo": [zone]}


def _find(db: sqlite3.Connection, caller: Token, group: str) -> Doc:
    row = SERVER_GROUPS.get(db, group)
    if row is None or row["project_id"] != caller.project_id:
        raise CloudError(404, f"Instance group {group} could not be found.")
    return row


def _shown(db: sqlite3.Connection, row: Doc) -> Doc:
    members = [
        server["id"]
        for server in SERVERS.select(
            db, "project_id = ?", (row["project_id"],)
        )
        if server.get("server_group") == row["id"]
    ]
    shown: Doc = {"id": row["id"], "name": row["name"], "members": members}
    if since(13):
        shown["project_id"] = row["project_id"]
        shown["user_id"] = row["user_id"]
    if since(64):
        return {**shown, "policy": row["policy"], "rules": {}}
    return {**shown, "policies": [row["policy"]], "metadata": {}}
