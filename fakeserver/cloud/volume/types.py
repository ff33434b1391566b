"""Cinder's volume types."""

import sqlite3
from typing import ClassVar

import flask

from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc, key_of
from fakeserver.cloud.shared.schema import VOLUME_TYPES, VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import render
from fakeserver.cloud.volume.part import BASE, CinderPart

_SPECS = {
    "type": "object",
    "propertyNames": {"pattern": r"^[A-Za-z0-9_.:\- ]{1,255}$"},
    "additionalProperties": {"type": "string", "maxLength": 255},
}
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["volume_type"],
        "properties": {
            "volume_type": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": r"\S"},
                    "description": {"type": ["string", "null"]},
                    "extra_specs": {**_SPECS, "type": ["object", "null"]},
                    "os-volume-type-access:is_public": {"type": "boolean"},
                },
            }
        },
    }
)
_SET_SPECS = web.validator(
    {
        "type": "object",
        "required": ["extra_specs"],
        "properties": {"extra_specs": _SPECS},
    }
)
_TYPE = f"{BASE}/types/<kind>"


class Types(CinderPart):
    """List, show, create, change and delete volume types; a member sees
    less."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/types", "index"),
        Route("POST", f"{BASE}/types", "create"),
        Route("GET", f"{BASE}/types/default", "default"),
        Route("GET", _TYPE, "show"),
        Route("DELETE", _TYPE, "delete"),
        Route("GET", f"{_TYPE}/extra_specs", "specs"),
        Route("POST", f"{_TYPE}/extra_specs", "set_specs"),
        Route("DELETE", f"{_TYPE}/extra_specs/<key>", "drop_spec"),
        Route("GET", f"{_TYPE}/encryption", "encryption"),
    )

    def index(self, caller: Token) -> Answer:
        rows = VOLUME_TYPES.select(self.site.db.connection())
        asked = flask.request.args.get("is_public", "").lower()
        if not caller.is_admin or asked not in ("none", "false", "0"):
            rows = [row for row in rows if row["is_public"]]
        elif asked != "none":
            rows = [row for row in rows if not row["is_public"]]
        found, more = web.page(web.sort(rows), "volume_types")
        shown = [self._shown(caller, row) for row in found]
        return {"volume_types": shown} | (
            {"volume_type_links": more} if more else {}
        )

    def default(self, caller: Token) -> Answer:
        row = self.type_of(self.site.db.connection(), None)
        return {"volume_type": self._shown(caller, row)}

    def show(self, caller: Token, kind: str) -> Answer:
        return {"volume_type": self._shown(caller, self._get(kind))}

    def specs(self, caller: Token, kind: str) -> Answer:
        row = self._get(kind)
        return {"extra_specs": render.specs(self.policy, caller, row)}

    def encryption(self, caller: Token, kind: str) -> Answer:
        self._get(kind)
        return {}

    def create(self, caller: Token) -> Answer:
        self.enforce(caller, "volume_extension:type_create")
        given = web.body(_CREATE)["volume_type"]
        row = {
            "id": new_id(),
            "name": given["name"],
            "description": given.get("description"),
            "is_public": given.get("os-volume-type-access:is_public", True),
            "extra_specs": given.get("extra_specs") or {},
        }
        try:
            with self.site.db.transaction() as tx:
                VOLUME_TYPES.put(tx, row)
        except sqlite3.IntegrityError:
            raise CloudError(
                409, f"Volume Type {row['name']} already exists."
            ) from None
        return {"volume_type": self._shown(caller, row)}

    def delete(self, caller: Token, kind: str) -> Answer:
        self.enforce(caller, "volume_extension:type_delete")
        with self.site.db.transaction() as tx:
            self._get(kind)
            if VOLUMES.ids(tx, f"{key_of('volume_type_id')} = ?", (kind,)):
                raise CloudError(
                    400,
                    "Target volume type is still in use.",
                )
            VOLUME_TYPES.delete(tx, kind)
        return "", 202

    def set_specs(self, caller: Token, kind: str) -> Answer:
        self.enforce(caller, "volume_extension:types_extra_specs:create")
        given = web.body(_SET_SPECS)["extra_specs"]
        with self.site.db.transaction() as tx:
            row = self._get(kind)
            row["extra_specs"] = {**row["extra_specs"], **given}
            VOLUME_TYPES.put(tx, row)
        return {"extra_specs": given}

    def drop_spec(self, caller: Token, kind: str, key: str) -> Answer:
        self.enforce(caller, "volume_extension:types_extra_specs:delete")
        with self.site.db.transaction() as tx:
            row = self._get(kind)
            if row["extra_specs"].pop(key, None) is None:
                raise CloudError(
                    404,
                    f"Volume Type {kind} has no extra specs with key {key}.",
                )
            VOLUME_TYPES.put(tx, row)
        return "", 202

    def _get(self, kind: str) -> Doc:
        row = VOLUME_TYPES.get(self.site.db.connection(), kind)
        if row is None:
            raise CloudError(404, f"Volume type {kind} could not be found.")
        return row

    def _shown(self, caller: Token, row: Doc) -> Doc:
        return render.volume_type(self.policy, caller, row)
