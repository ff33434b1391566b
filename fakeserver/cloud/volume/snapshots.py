"""Cinder's snapshots: list, show, create, change and delete them."""

import sqlite3
from typing import ClassVar

import flask

from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SNAPSHOTS
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks, render
from fakeserver.cloud.volume.part import BASE, CinderPart, project_asked
from fakeserver.cloud.volume.volumes import METADATA

_TEXT: Doc = {"type": ["string", "null"], "maxLength": 255}
_NAMES: Doc = {"name": _TEXT, "description": _TEXT}


def _check(known: Doc, *required: str) -> web.Validator:
    return web.validator(
        {
            "type": "object",
            "required": ["snapshot"],
            "properties": {
                "snapshot": {
                    "type": "object",
                    "required": list(required),
                    "properties": known,
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        }
    )


_CREATE = _check(
    {
        **_NAMES,
        "volume_id": {"type": "string", "minLength": 1, "maxLength": 64},
        "force": {"type": ["boolean", "string", "null"]},
        "metadata": METADATA,
    },
    "volume_id",
)
_UPDATE = _check(_NAMES)
_SNAPSHOT = f"{BASE}/snapshots/<snapshot>"


class Snapshots(CinderPart):
    """Serve the snapshots of a project; each is one on the array too."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/snapshots", "index"),
        Route("GET", f"{BASE}/snapshots/detail", "index"),
        Route("POST", f"{BASE}/snapshots", "create"),
        Route("GET", _SNAPSHOT, "show"),
        Route("PUT", _SNAPSHOT, "update"),
        Route("DELETE", _SNAPSHOT, "delete"),
    )

    def index(self, caller: Token) -> Answer:
        self.enforce(caller, "volume:get_all_snapshots")
        db = self.site.db.connection()
        project = project_asked(caller)
        rows = [
            row
            for row in SNAPSHOTS.select(db, order="seq DESC")
            if project in (None, row["project_id"])
        ]
        args = flask.request.args
        for name in ("name", "status", "volume_id"):
            if (text := args.get(name)) is not None:
                rows = [row for row in rows if row[name] == text]
        found, more = web.page(web.sort(rows), "snapshots")
        shown = [_shown(row) for row in found]
        return {"snapshots": shown} | (
            {"snapshots_links": more} if more else {}
        )

    def show(self, caller: Token, snapshot: str) -> Answer:
        db = self.site.db.connection()
        return {"snapshot": _shown(_find(db, caller, snapshot))}

    def create(self, caller: Token) -> Answer:
        given = web.body(_CREATE)["snapshot"]
        with self.site.db.transaction() as tx:
            volume = self.volume(tx, caller, given["volume_id"])
            self.enforce(caller, "volume:create_snapshot", volume)
            # since 3.66 an attached volume needs no word for it
            force = str(given.get("force")).lower() in ("true", "1")
            allowed = ["available"]
            if force or render.since(66):
                allowed.append("in-use")
            if volume["status"] not in allowed:
                raise CloudError(
                    400,
                    f"Invalid volume: Volume {volume['id']} status must be "
                    f"{' or '.join(allowed)}, but current status is: "
                    f"{volume['status']}.",
                )
            self._within_quota(tx, volume)
            row: Doc = {
                "id": new_id(),
                "project_id": volume["project_id"],
                "user_id": caller.user_id,
                "volume_id": volume["id"],
                "name": given.get("name"),
                "description": given.get("description"),
                "metadata": given.get("metadata") or {},
                "size": volume["size"],
                "status": "available",
                "created": self.site.clock.time(),
            }
            SNAPSHOTS.put(tx, row)
            self.site.arrays.keep_snapshot(
                disks.array_of(self.site),
                volume["array_name"],
                f"snapshot-{row['id']}",
            )
        return {"snapshot": _shown(row)}, 202

    def update(self, caller: Token, snapshot: str) -> Answer:
        given = web.body(_UPDATE)["snapshot"]
        with self.site.db.transaction() as tx:
            row = _find(tx, caller, snapshot)
            self.enforce(caller, "volume:update_snapshot", row)
            row |= given
            SNAPSHOTS.put(tx, row)
        return {"snapshot": _shown(row)}

    def delete(self, caller: Token, snapshot: str) -> Answer:
        with self.site.db.transaction() as tx:
            row = _find(tx, caller, snapshot)
            self.enforce(caller, "volume:delete_snapshot", row)
            SNAPSHOTS.delete(tx, snapshot)
        return "", 202

    def _within_quota(self, tx: sqlite3.Connection, volume: Doc) -> None:
        wanted = {"snapshots": 1, "gigabytes": volume["size"]}
        project = volume["project_id"]
        over = quotas.require(tx, "volume", project, wanted)
        if over is not None:
            allowed = quotas.limits(tx, "volume", project)[over]
            raise CloudError(
                413,
                "SnapshotLimitExceeded: Maximum number of snapshots allowed "
                f"({allowed}) exceeded",
            )


def _find(db: sqlite3.Connection, caller: Token, snapshot: str) -> Doc:
    row = SNAPSHOTS.get(db, snapshot)
    if row is None or (
        row["project_id"] != caller.project_id and not caller.is_admin
    ):
        raise CloudError(404, f"Snapshot {snapshot} could not be found.")
    return row


def _shown(row: Doc) -> Doc:
    shown: Doc = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "volume_id": row["volume_id"],
        "size": row["size"],
        "status": row["status"],
        "metadata": row["metadata"],
        "created_at": render.cinder_time(row["created"]),
        "updated_at": None,
        "os-extended-snapshot-attributes:progress": "100%",
        "os-extended-snapshot-attributes:project_id": row["project_id"],
    }
    if render.since(14):
        shown["group_snapshot_id"] = None
    if render.since(41):
        shown["user_id"] = row["user_id"]
    if render.since(65):
        shown["consumes_quota"] = True
    return shown
