"""Cinder's volumes: list, show, create, change, delete."""

import ast
from collections.abc import Callable
from typing import ClassVar

import flask

from fakeserver.base.db import dump
from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SNAPSHOTS, VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks, render
from fakeserver.cloud.volume.part import BASE, CinderPart, project_asked

_TEXT = {"type": ["string", "null"], "maxLength": 255}
METADATA: Doc = {
    "type": ["object", "null"],
    "propertyNames": {"minLength": 1, "maxLength": 255},
    "additionalProperties": {"type": "string", "maxLength": 255},
}
_NAMES: Doc = {
    "name": _TEXT,
    "display_name": _TEXT,
    "description": _TEXT,
    "display_description": _TEXT,
    "metadata": METADATA,
}
#: what a volume would be made from; this Cinder makes only empty ones
_SOURCES = ("snapshot_id", "source_volid", "imageRef", "backup_id")


def _wrapped(known: Doc, required: tuple[str, ...] = ()) -> Doc:
    return {
        "type": "object",
        "required": ["volume"],
        "properties": {
            "volume": {
                "type": "object",
                "required": list(required),
                "properties": known,
                "additionalProperties": False,
            },
            "OS-SCH-HNT:scheduler_hints": {"type": ["object", "null"]},
        },
        "additionalProperties": False,
    }


_CREATE = web.validator(
    _wrapped(
        {
            **_NAMES,
            "size": {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
                    {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
                ]
            },
            "volume_type": _TEXT,
            "availability_zone": _TEXT,
            "group_id": _TEXT,
            "consistencygroup_id": {"type": "null"},
            "multiattach": {"enum": [False, None, "false", "False"]},
            **dict.fromkeys(_SOURCES, _TEXT),
        },
        ("size",),
    )
)
_UPDATE = web.validator(_wrapped(_NAMES))
_METADATA = web.validator(
    {
        "type": "object",
        "required": ["metadata"],
        "properties": {"metadata": {**METADATA, "type": "object"}},
    }
)
_VOLUME = f"{BASE}/volumes/<volume>"


class Volumes(CinderPart):
    """List, show, create, change and delete volumes of the token's project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/volumes", "index"),
        Route("GET", f"{BASE}/volumes/detail", "detail"),
        Route("GET", f"{BASE}/volumes/summary", "summary"),
        Route("POST", f"{BASE}/volumes", "create"),
        Route("GET", _VOLUME, "show"),
        Route("PUT", _VOLUME, "update"),
        Route("DELETE", _VOLUME, "delete"),
        Route("GET", f"{_VOLUME}/metadata", "metadata"),
        Route("POST", f"{_VOLUME}/metadata", "add_metadata"),
        Route("PUT", f"{_VOLUME}/metadata", "put_metadata"),
        Route("DELETE", f"{_VOLUME}/metadata/<key>", "drop_metadata"),
    )

    def index(self, caller: Token) -> Answer:
        rows, more = web.page(self._listed(caller), "volumes")
        shown = [render.brief(self.site, row) for row in rows]
        return {"volumes": shown} | ({"volumes_links": more} if more else {})

    def detail(self, caller: Token) -> Answer:
        rows, more = web.page(self._listed(caller), "volumes")
        shown = render.volumes(self.site, self.policy, caller, rows)
        return {"volumes": shown} | ({"volumes_links": more} if more else {})

    def summary(self, caller: Token) -> Answer:
        rows = self._listed(caller)
        size = sum(row["size"] for row in rows)
        summary = {"total_count": len(rows), "total_size": size}
        return {"volume-summary": {**summary, "metadata": {}}}

    def show(self, caller: Token, volume: str) -> Answer:
        row = self.volume(self.site.db.connection(), caller, volume)
        return {"volume": self.shown(caller, row)}

    def create(self, caller: Token) -> Answer:
        self.enforce(caller, "volume:create")
        given = web.body(_CREATE)["volume"]
        for name in _SOURCES:
            if given.get(name):
                raise CloudError(404, f"{name} {given[name]} was not found.")
        size = int(given["size"])
        with self.site.db.transaction() as tx:
            kind = self.type_of(tx, given.get("volume_type"))
            group = given.get("group_id")
            if group:
                self.group(tx, caller, group)
            self.within_quota(tx, caller.project_id, size)
            row = new_row(
                caller, given, kind, size, self.site.clock.time(), group
            )
            row["array_name"] = disks.name_of(self.site, row["id"], kind)
            VOLUMES.put(tx, row)
            self.site.arrays.create_volume(
                disks.array_of(self.site), row["array_name"], size
            )
        return {"volume": self.shown(caller, row)}, 202

    def update(self, caller: Token, volume: str) -> Answer:
        given = web.body(_UPDATE)["volume"]
        names = {
            "name": given.get("name", given.get("display_name")),
            "description": given.get(
                "description", given.get("display_description")
            ),
            "metadata": given.get("metadata"),
        }
        new = {key: names[key] for key in names if names[key] is not None}
        row = self._change(caller, volume, lambda old: {**old, **new})
        return {"volume": self.shown(caller, row)}

    def delete(self, caller: Token, volume: str) -> Answer:
        with self.site.db.transaction() as tx:
            row = self.volume(tx, caller, volume)
            self.enforce(caller, "volume:delete", row)
            may_go(row, "deleted")
            if SNAPSHOTS.select(tx, "volume_id = ?", (row["id"],)):
                raise _busy("deleted")
            disks.destroy(tx, self.site, row)
        return "", 202

    def metadata(self, caller: Token, volume: str) -> Answer:
        row = self.volume(self.site.db.connection(), caller, volume)
        return {"metadata": row["metadata"]}

    def add_metadata(self, caller: Token, volume: str) -> Answer:
        given = web.body(_METADATA)["metadata"]
        return self._set(caller, volume, lambda old: {**old, **given})

    def put_metadata(self, caller: Token, volume: str) -> Answer:
        given = web.body(_METADATA)["metadata"]
        return self._set(caller, volume, lambda old: given)

    def drop_metadata(self, caller: Token, volume: str, key: str) -> Answer:
        def without(old: Doc) -> Doc:
            if key not in old:
                raise CloudError(
                    404,
                    f"Volume {volume} has no metadata with key {key}.",
                )
            return {name: old[name] for name in old if name != key}

        self._set(caller, volume, without)
        return "", 200

    def _set(
        self, caller: Token, volume: str, new: Callable[[Doc], Doc]
    ) -> Answer:
        row = self._change(
            caller,
            volume,
            lambda old: {**old, "metadata": new(old["metadata"])},
        )
        return {"metadata": row["metadata"]}

    def _change(
        self, caller: Token, volume: str, new: Callable[[Doc], Doc]
    ) -> Doc:
        with self.site.db.transaction() as tx:
            row = self.volume(tx, caller, volume)
            self.enforce(caller, "volume:update", row)
            changed = {**new(row), "updated": self.site.clock.time()}
            VOLUMES.put(tx, changed)
        return changed

    def _listed(self, caller: Token) -> list[Doc]:
        """List volumes, newest first unless the request sorts."""
        self.enforce(caller, "volume:get_all")
        db = self.site.db.connection()
        project = project_asked(caller)
        where, values = "1", []
        if project is not None:
            where, values = "project_id = ?", [project]
        args = flask.request.args
        pairs = {}
        if (text := args.get("metadata")) is not None:
            pairs = _metadata(text)
        for value in pairs.values():
            # what cannot have it is not read
            where += " AND instr(doc, ?) > 0"
            values.append(dump(value))
        names = ["name", "status", "size", "bootable"]
        if render.since(10):
            # older versions do not know the filter, and ignore it
            names.append("group_id")
            if group := args.get("group_id"):
                # found by its index, and by no other one
                where = f"group_id = ? AND +{where}"
                values.insert(0, group)
        rows = VOLUMES.select(db, where, values, "seq DESC")
        for name in names:
            if (text := args.get(name)) is not None:
                wanted = text.lower() if name == "bootable" else text
                rows = [row for row in rows if _text(row[name]) == wanted]
        rows = [
            row for row in rows if pairs.items() <= row["metadata"].items()
        ]
        return web.sort(rows)


def new_row(
    caller: Token,
    given: Doc,
    kind: Doc,
    size: int,
    now: float,
    group: str | None = None,
) -> Doc:
    """Create the row of a volume, which has no name on the array yet."""
    id_ = new_id()
    return {
        "id": id_,
        "project_id": caller.project_id,
        "user_id": caller.user_id,
        "name": given.get("name") or given.get("display_name") or "",
        "description": given.get("description")
        or given.get("display_description"),
        "size": size,
        "status": "available",
        "bootable": bool(given.get("bootable")),
        "volume_type": kind["name"],
        "volume_type_id": kind["id"],
        "multiattach": kind["extra_specs"].get("multiattach") == "<is> True",
        "metadata": given.get("metadata") or {},
        "attachments": [],
        "group_id": group or None,
        "array_name": "",
        "created": now,
        "updated": now,
    }


def _busy(verb: str) -> CloudError:
    return CloudError(
        400,
        "Invalid volume: Volume status must be available or error and "
        "must not be migrating, attached, belong to a group, have "
        "snapshots, awaiting a transfer, or be disassociated from "
        f"snapshots after volume transfer, to be {verb}.",
    )


def may_go(row: Doc, verb: str) -> None:
    if row["attachments"] or row["status"] not in (
        "available",
        "error",
        "error_deleting",
        "error_managing",
    ):
        raise _busy(verb)
    if row["group_id"]:
        raise CloudError(
            400,
            f"Invalid volume: Volume {row['id']} cannot be {verb} while it "
            "is in a group.",
        )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _metadata(text: str) -> Doc:
    """Parse the metadata filter: a Python dictionary, written out."""
    try:
        if len(text) > 4096:
            raise ValueError
        found = ast.literal_eval(text)
        hash(tuple(found.items()))
    except (
        ValueError,
        SyntaxError,
        TypeError,
        AttributeError,
        RecursionError,
        MemoryError,
    ):
        raise CloudError(
            400, "Invalid filter metadata: not a dictionary"
        ) from None
    return dict(found)
