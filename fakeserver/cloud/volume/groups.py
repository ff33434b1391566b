"""Cinder's generic volume groups, which stand for consistency groups."""

import sqlite3
from typing import ClassVar

import flask

from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc, key_of
from fakeserver.cloud.shared.schema import GROUP_TYPES, GROUPS, VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import pending, render
from fakeserver.cloud.volume.part import BASE, CinderPart, project_asked

#: Cinder makes it for consistency groups of its old API, and refuses others
RESERVED_GROUP_TYPE = "default_cgsnapshot_type"

_TEXT = {"type": ["string", "null"], "maxLength": 255}
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["group"],
        "properties": {
            "group": {
                "type": "object",
                "required": ["group_type", "volume_types"],
                "properties": {
                    "name": _TEXT,
                    "description": _TEXT,
                    "group_type": {"type": "string", "minLength": 1},
                    "volume_types": {
                        "type": "array",
                        "minItems": 1,
                        "uniqueItems": True,
                        "items": {"type": "string", "maxLength": 255},
                    },
                    "availability_zone": _TEXT,
                },
                "additionalProperties": False,
            }
        },
    }
)
#: as long as any description, which is six ids
_IDS = {"type": ["string", "null"], "maxLength": 255}
_UPDATE = web.validator(
    {
        "type": "object",
        "required": ["group"],
        "properties": {
            "group": {
                "type": "object",
                "properties": {
                    "name": _TEXT,
                    "description": _TEXT,
                    "add_volumes": _IDS,
                    "remove_volumes": _IDS,
                },
                "minProperties": 1,
                "additionalProperties": False,
            }
        },
    }
)
_ACTION = web.validator(
    {
        "type": "object",
        "required": ["delete"],
        "properties": {
            "delete": {
                "type": "object",
                "properties": {"delete-volumes": {"type": "boolean"}},
                "additionalProperties": False,
            }
        },
        "additionalProperties": False,
    }
)
_TYPE_CREATE = web.validator(
    {
        "type": "object",
        "required": ["group_type"],
        "properties": {
            "group_type": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": r"\S"},
                    "description": _TEXT,
                    "is_public": {"type": "boolean"},
                    "group_specs": {"type": ["object", "null"]},
                },
            }
        },
    }
)


class Groups(CinderPart):
    """List, show, create, change and delete groups of the token's project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/groups", "index"),
        Route("GET", f"{BASE}/groups/detail", "detail"),
        Route("POST", f"{BASE}/groups", "create"),
        Route("GET", f"{BASE}/groups/<group>", "show"),
        Route("PUT", f"{BASE}/groups/<group>", "update"),
        Route("POST", f"{BASE}/groups/<group>/action", "act"),
    )

    def index(self, caller: Token) -> Answer:
        rows, more = self._listed(caller)
        shown = [{"id": row["id"], "name": row["name"]} for row in rows]
        return {"groups": shown} | ({"group_links": more} if more else {})

    def detail(self, caller: Token) -> Answer:
        rows, more = self._listed(caller)
        shown = [self._shown(row) for row in rows]
        return {"groups": shown} | ({"group_links": more} if more else {})

    def show(self, caller: Token, group: str) -> Answer:
        render.needs(13)
        row = self.group(self.site.db.connection(), caller, group)
        return {"group": self._shown(row)}

    def create(self, caller: Token) -> Answer:
        render.needs(13)
        self.enforce(caller, "group:create")
        given = web.body(_CREATE)["group"]
        with self.site.db.transaction() as tx:
            group_type = _group_type(tx, given["group_type"])
            if group_type["name"] == RESERVED_GROUP_TYPE:
                raise CloudError(
                    400,
                    f"Group_type {group_type['id']} is reserved for "
                    "migrating CGs to groups. Migrated group can only be "
                    "operated by CG APIs.",
                )
            kinds = [
                self.type_of(tx, name)["id"] for name in given["volume_types"]
            ]
            row = {
                "id": new_id(),
                "project_id": caller.project_id,
                "name": given.get("name") or "",
                "description": given.get("description"),
                "group_type": group_type["id"],
                "volume_types": list(dict.fromkeys(kinds)),
                "created": self.site.clock.time(),
            }
            if quotas.require(tx, "volume", caller.project_id, {"groups": 1}):
                raise CloudError(
                    413,
                    "GroupLimitExceeded: Maximum number of groups allowed "
                    "exceeded",
                )
            pending.accept(tx, self.site, row, "creating")
        return {"group": {"id": row["id"], "name": row["name"]}}, 202

    def update(self, caller: Token, group: str) -> Answer:
        render.needs(13)
        given = web.body(_UPDATE)["group"]
        with self.site.db.transaction() as tx:
            row = self.group(tx, caller, group)
            self.enforce(caller, "group:update", row)
            added = _ids(given.get("add_volumes"))
            removed = _ids(given.get("remove_volumes"))
            if added & removed:
                raise CloudError(
                    400,
                    f"Volume {min(added & removed)} is in both "
                    "add_volumes and remove_volumes.",
                )
            if row.get("pending"):
                raise CloudError(
                    400,
                    f"Invalid group: Cannot update group {group}, status "
                    "must be available, and it can't be the source for an "
                    "ongoing CG or group snapshot.",
                )
            for volume in sorted(removed):
                self._check_remove(tx, row, volume)
            for volume in sorted(added):
                self._check_add(tx, row, volume)
            for name in ("name", "description"):
                if given.get(name) is not None:
                    row[name] = given[name]
            if added or removed:
                pending.accept(tx, self.site, row, "updating", added, removed)
            else:
                GROUPS.put(tx, row)
        return "", 202

    def act(self, caller: Token, group: str) -> Answer:
        render.needs(13)
        given = web.body(_ACTION)["delete"]
        with self.site.db.transaction() as tx:
            row = self.group(tx, caller, group)
            self.enforce(caller, "group:delete", row)
            if row.get("pending"):
                raise CloudError(
                    400,
                    "Invalid group: Group status must be available or "
                    f"error, but current status is: {pending.status(row)}",
                )
            members = pending.members(tx, row)
            if members and not given.get("delete-volumes"):
                raise CloudError(
                    400,
                    "Invalid group: delete-volumes flag is not set; the group "
                    f"{group} has {len(members)} volumes.",
                )
            if any(volume["attachments"] for volume in members):
                raise CloudError(
                    400,
                    f"Invalid group: Volume in group {group} is attached. "
                    "Need to detach first.",
                )
            pending.accept(tx, self.site, row, "deleting")
        return "", 202

    def _check_add(
        self, tx: sqlite3.Connection, row: Doc, volume_id: str
    ) -> None:
        volume = VOLUMES.get(tx, volume_id)
        why = None
        if volume is None or volume["project_id"] != row["project_id"]:
            raise _cannot("add", row, volume_id, "it cannot be found")
        if volume["group_id"] == row["id"]:
            return
        if volume["group_id"]:
            why = f"it is already in group {volume['group_id']}"
        elif volume["volume_type_id"] not in row["volume_types"]:
            why = "its volume type is not supported by the group"
        elif volume["status"] not in ("available", "in-use"):
            why = f"it is in the state {volume['status']}"
        if why:
            raise _cannot("add", row, volume_id, why)

    def _check_remove(
        self, tx: sqlite3.Connection, row: Doc, volume_id: str
    ) -> None:
        volume = VOLUMES.get(tx, volume_id)
        if volume is None or volume["group_id"] != row["id"]:
            raise _cannot("remove", row, volume_id, "it is not in the group")

    def _listed(self, caller: Token) -> tuple[list[Doc], list[Doc]]:
        render.needs(13)
        db = self.site.db.connection()
        project = project_asked(caller)
        where, values = "1", []
        if project is not None:
            where, values = "project_id = ?", [project]
        if name := flask.request.args.get("name"):
            where += " AND name = ?"
            values.append(name)
        rows = GROUPS.select(db, where, values, "seq DESC")
        return web.page(web.sort(rows), "groups")

    def _shown(self, row: Doc) -> Doc:
        ids = None
        if web.flag("list_volume"):
            db = self.site.db.connection()
            ids = VOLUMES.ids(db, "group_id = ?", (row["id"],))
        return render.group(row, ids)


class GroupTypes(CinderPart):
    """Serve group types; only an admin sees their specs."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/group_types", "index"),
        Route("POST", f"{BASE}/group_types", "create"),
        Route("GET", f"{BASE}/group_types/<kind>", "show"),
        Route("DELETE", f"{BASE}/group_types/<kind>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        render.needs(11)
        rows = GROUP_TYPES.select(self.site.db.connection())
        return {"group_types": [self._shown(caller, row) for row in rows]}

    def show(self, caller: Token, kind: str) -> Answer:
        render.needs(11)
        row = _group_type(self.site.db.connection(), kind, by_name=False)
        return {"group_type": self._shown(caller, row)}

    def create(self, caller: Token) -> Answer:
        render.needs(11)
        self.enforce(caller, "group:group_types_manage")
        given = web.body(_TYPE_CREATE)["group_type"]
        row = {
            "id": new_id(),
            "name": given["name"],
            "description": given.get("description"),
            "is_public": given.get("is_public", True),
            "group_specs": given.get("group_specs") or {},
        }
        try:
            with self.site.db.transaction() as tx:
                GROUP_TYPES.put(tx, row)
        except sqlite3.IntegrityError:
            raise CloudError(
                409, f"Group Type {row['name']} already exists."
            ) from None
        return {"group_type": self._shown(caller, row)}, 202

    def delete(self, caller: Token, kind: str) -> Answer:
        render.needs(11)
        self.enforce(caller, "group:group_types_manage")
        with self.site.db.transaction() as tx:
            _group_type(tx, kind, by_name=False)
            if GROUPS.ids(tx, f"{key_of('group_type')} = ?", (kind,)):
                raise CloudError(400, "Target group type is still in use.")
            GROUP_TYPES.delete(tx, kind)
        return "", 202

    def _shown(self, caller: Token, row: Doc) -> Doc:
        shown = {
            name: row[name]
            for name in ("id", "name", "description", "is_public")
        }
        rule = "group:access_group_types_specs"
        if self.policy.allows(rule, caller, caller.project_id):
            shown["group_specs"] = row["group_specs"]
        return shown


def _group_type(
    db: sqlite3.Connection, wanted: str, by_name: bool = True
) -> Doc:
    found = GROUP_TYPES.get(db, wanted)
    if found is None and by_name:
        rows = GROUP_TYPES.select(db, "name = ?", (wanted,))
        found = rows[0] if rows else None
    if found is None:
        raise CloudError(404, f"Group type {wanted} could not be found.")
    return found


def _ids(text: str | None) -> set[str]:
    return {part.strip() for part in (text or "").split(",") if part.strip()}


def _cannot(verb: str, row: Doc, volume_id: str, why: str) -> CloudError:
    return CloudError(
        400,
        f"Invalid volume: Cannot {verb} volume {volume_id} to or from group "
        f"{row['id']} because {why}.",
    )
