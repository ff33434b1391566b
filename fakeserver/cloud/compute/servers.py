"""Nova's servers: list, show, create, rename, delete."""

import json
import re
import sqlite3
from typing import ClassVar

import flask

from fakeserver.cloud.compute import power, render
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_NAME = {"type": "string", "pattern": r"\S", "maxLength": 255}
_ID = {"type": "string", "minLength": 1, "maxLength": 64}
_METADATA = {
    "type": ["object", "null"],
    "propertyNames": {"minLength": 1, "maxLength": 255},
    "additionalProperties": {"type": "string", "maxLength": 255},
}
_DEVICE = {
    "type": "object",
    "properties": {
        "uuid": _ID,
        "source_type": {"enum": ["volume", "image", "snapshot", "blank"]},
        "destination_type": {"enum": ["volume", "local"]},
        "boot_index": {
            "anyOf": [
                {"type": "null"},
                {"type": "integer", "minimum": -1, "maximum": 64},
                {"type": "string", "pattern": "^(-1|[0-9]{1,2})$"},
            ]
        },
        "device_name": {"type": ["string", "null"], "maxLength": 255},
        "delete_on_termination": {"type": "boolean"},
    },
}
_NETWORK = {
    "type": "object",
    "properties": {
        "uuid": _ID,
        "fixed_ip": {"type": ["string", "null"], "maxLength": 64},
        "port": {"type": ["string", "null"], "maxLength": 64},
        "tag": {"type": "string"},
    },
    "additionalProperties": False,
}
_TEXT = {"type": ["string", "null"], "maxLength": 255}
_HINTS = {"type": "object", "properties": {"group": _ID}}
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["server"],
        "properties": {
            "server": {
                "type": "object",
                "required": ["name", "flavorRef"],
                "properties": {
                    "name": _NAME,
                    "flavorRef": {
                        "type": ["string", "integer"],
                        "maxLength": 255,
                    },
                    "imageRef": {"type": ["string", "null"]},
                    "metadata": _METADATA,
                    "description": {"type": ["string", "null"]},
                    "networks": {
                        "anyOf": [
                            {"enum": ["auto", "none", None]},
                            {"type": "array", "items": _NETWORK},
                        ]
                    },
                    "block_device_mapping_v2": {
                        "type": "array",
                        "items": _DEVICE,
                    },
                    "min_count": {"enum": [1, "1", None]},
                    "max_count": {"enum": [1, "1", None]},
                    **{
                        name: {}
                        for name in (
                            "OS-DCF:diskConfig",
                            "accessIPv4",
                            "accessIPv6",
                            "adminPass",
                            "host",
                            "key_name",
                        )
                    },
                    "availability_zone": _TEXT,
                    "hostname": _TEXT,
                    "config_drive": {
                        "enum": [None, True, False, "True", "False", ""]
                    },
                    "user_data": {
                        "type": ["string", "null"],
                        "maxLength": 65535,
                    },
                    "tags": {
                        "type": "array",
                        "maxItems": 50,
                        "items": {
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 60,
                        },
                    },
                    "security_groups": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {"name": _NAME},
                        },
                    },
                },
                "additionalProperties": False,
            },
            "os:scheduler_hints": _HINTS,
            "OS-SCH-HNT:scheduler_hints": _HINTS,
        },
        "additionalProperties": False,
    }
)
_UPDATE = web.validator(
    {
        "type": "object",
        "required": ["server"],
        "properties": {
            "server": {
                "type": "object",
                "properties": {
                    "name": _NAME,
                    "description": {"type": ["string", "null"]},
                },
                "minProperties": 1,
                "additionalProperties": False,
            }
        },
    }
)


def find(db: sqlite3.Connection, caller: Token, server: str) -> Doc:
    """Find a server of the caller's project; an admin finds every server."""
    row = SERVERS.get(db, server)
    if row is None or (
        row["project_id"] != caller.project_id and not caller.is_admin
    ):
        raise CloudError(404, f"Instance {server} could not be found.")
    return row


def not_locked(caller: Token, row: Doc) -> None:
    """Refuse to change a locked server to everybody but an admin."""
    if row.get("locked") and not caller.is_admin:
        raise CloudError(409, f"Instance {row['id']} is locked")


def may_write(caller: Token, rule: str) -> None:
    if not caller.may_write:
        raise CloudError(
            403,
            f"Policy doesn't allow os_compute_api:{rule} to be performed.",
        )


class Servers(web.Part):
    """List, show, create, rename and delete servers of the token's project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2.1/servers", "index"),
        Route("GET", "/v2.1/servers/detail", "detail"),
        Route("POST", "/v2.1/servers", "create"),
        Route("GET", "/v2.1/servers/<server>", "show"),
        Route("PUT", "/v2.1/servers/<server>", "update"),
        Route("DELETE", "/v2.1/servers/<server>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        rows, more = web.page(self._listed(caller), "servers")
        shown = [render.brief(self.site, row) for row in rows]
        return {"servers": shown} | ({"servers_links": more} if more else {})

    def detail(self, caller: Token) -> Answer:
        rows, more = web.page(self._listed(caller), "servers")
        db = self.site.db.connection()
        shown = [render.server(db, self.site, caller, row) for row in rows]
        return {"servers": shown} | ({"servers_links": more} if more else {})

    def show(self, caller: Token, server: str) -> Answer:
        return self._shown(caller, server)

    def create(self, caller: Token) -> Answer:
        may_write(caller, "servers:create")
        asked = web.body(_CREATE)
        given = asked["server"]
        hints = asked.get("os:scheduler_hints") or asked.get(
            "OS-SCH-HNT:scheduler_hints", {}
        )
        with self.site.db.transaction() as tx:
            row = power.boot(tx, self.site, caller, given, hints)
        made = {
            "id": row["id"],
            "links": render.links(self.site, "servers", row["id"]),
            "OS-DCF:diskConfig": "AUTO",
            "security_groups": [{"name": "default"}],
        }
        return {"server": made}, 202

    def update(self, caller: Token, server: str) -> Answer:
        may_write(caller, "servers:update")
        given = web.body(_UPDATE)["server"]
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            SERVERS.put(
                tx, {**row, **given, "updated": self.site.clock.time()}
            )
        return self._shown(caller, server)

    def delete(self, caller: Token, server: str) -> Answer:
        may_write(caller, "servers:delete")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            not_locked(caller, row)
            power.delete(tx, self.site, row)
        return "", 204

    def _shown(self, caller: Token, server: str) -> Answer:
        db = self.site.db.connection()
        row = find(db, caller, server)
        return {"server": render.server(db, self.site, caller, row)}

    def _listed(self, caller: Token) -> list[Doc]:
        """List servers, newest first unless the request sorts."""
        db = self.site.db.connection()
        project = _project(caller)
        if project is None:
            rows = SERVERS.select(db, order="seq DESC")
        else:
            rows = SERVERS.select(db, "project_id = ?", (project,), "seq DESC")
        args = flask.request.args
        if (name := args.get("name")) is not None:
            fits = _pattern(name)
            rows = [row for row in rows if fits.search(row["name"])]
        if status := args.getlist("status"):
            asked = {text.upper() for text in status}
            rows = [row for row in rows if row["status"] in asked]
        if (flavor := args.get("flavor")) is not None:
            rows = [row for row in rows if row["flavor"]["id"] == flavor]
        if (uuid := args.get("uuid")) is not None:
            rows = [row for row in rows if row["id"] == uuid]
        if (metadata := args.get("metadata")) is not None:
            rows = [row for row in rows if _has(row, metadata)]
        if web.flag("deleted"):
            rows = []
        return web.sort(rows)


def _project(caller: Token) -> str | None:
    """Return the project whose servers are listed; None for all projects."""
    args = flask.request.args
    if web.flag("all_tenants"):
        if not caller.is_admin:
            raise CloudError(
                403,
                "Policy doesn't allow os_compute_api:servers:index:"
                "get_all_tenants to be performed.",
            )
        return args.get("project_id") or args.get("tenant_id")
    return caller.project_id


def _pattern(text: str) -> re.Pattern[str]:
    """Compile Nova's name filter: a regular expression, found anywhere."""
    try:
        return re.compile(text[:255])
    except (re.error, RecursionError, OverflowError):
        raise CloudError(400, "Invalid regular expression in name") from None


def _has(row: Doc, text: str) -> bool:
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        raise CloudError(400, "metadata is not JSON") from None
    if not isinstance(wanted, dict):
        raise CloudError(400, "metadata is not an object")
    return all(row["metadata"].get(key) == wanted[key] for key in wanted)
