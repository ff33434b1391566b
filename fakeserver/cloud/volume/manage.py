"""Manage and unmanage: move volumes of the array into Cinder and out of it."""

import sqlite3
from typing import ClassVar

import flask

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks, policy
from fakeserver.cloud.volume.part import BASE, CinderPart
from fakeserver.cloud.volume.volumes import METADATA, new_row

_TEXT = {"type": ["string", "null"], "maxLength": 255}
_MANAGE = web.validator(
    {
        "type": "object",
        "required": ["volume"],
        "properties": {
            "volume": {
                "type": "object",
                "required": ["ref", "host"],
                "properties": {
                    "host": {"type": "string", "minLength": 1},
                    "ref": {
                        "type": "object",
                        "properties": {
                            "source-name": {"type": "string"},
                            "source-id": {"type": "string"},
                        },
                    },
                    "name": _TEXT,
                    "description": _TEXT,
                    "volume_type": _TEXT,
                    "availability_zone": _TEXT,
                    "metadata": METADATA,
                    "bootable": {"type": ["boolean", "null"]},
                },
            }
        },
    }
)


class Manage(CinderPart):
    """Serve os-volume-manage under both of its names."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("POST", f"{BASE}/os-volume-manage", "manage"),
        Route("GET", f"{BASE}/os-volume-manage", "manageable"),
        Route("GET", f"{BASE}/os-volume-manage/detail", "manageable"),
        Route("POST", f"{BASE}/manageable_volumes", "manage"),
        Route("GET", f"{BASE}/manageable_volumes", "manageable"),
        Route("GET", f"{BASE}/manageable_volumes/detail", "manageable"),
    )

    def manage(self, caller: Token) -> Answer:
        # the rule that opens this call to owners means no readers
        self.enforce(caller, "volume:create")
        self.enforce(caller, policy.MANAGE)
        given = web.body(_MANAGE)["volume"]
        self._check_host(given["host"])
        name = given["ref"].get("source-name")
        if not name:
            raise _bad_reference(given["ref"], "a source-name is needed")
        with self.site.db.transaction() as tx:
            row = self._take(tx, caller, given, name)
        return {"volume": self.shown(caller, row)}, 202

    def _take(
        self, tx: sqlite3.Connection, caller: Token, given: Doc, name: str
    ) -> Doc:
        kind = self.type_of(tx, given.get("volume_type"))
        if VOLUMES.select(tx, "array_name = ?", (name,)):
            raise _bad_reference(
                given["ref"], "the volume is managed by Cinder already"
            )
        array = disks.array_of(self.site)
        found = self.site.arrays.volume(array, name)
        if found is None:
            raise _bad_reference(
                given["ref"], f"there is no such volume on {array}"
            )
        self.within_quota(tx, caller.project_id, found.size)
        row = new_row(
            caller,
            given,
            kind,
            found.size,
            self.site.clock.time(),
        )
        row["array_name"] = disks.take_over(self.site, name, row["id"], kind)
        VOLUMES.put(tx, row)
        return row

    def manageable(self, caller: Token) -> Answer:
        """List the volumes on the array, and whether Cinder manages them."""
        self.enforce(caller, "volume_extension:list_manageable")
        self._check_host(flask.request.args.get("host", ""))
        managed = {
            row["array_name"]: row["id"]
            for row in VOLUMES.select(self.site.db.connection())
        }
        shown = [
            {
                "reference": {"source-name": volume.name},
                "size": volume.size,
                "safe_to_manage": volume.name not in managed,
                "reason_not_safe": "Volume already managed."
                if volume.name in managed
                else None,
                "cinder_id": managed.get(volume.name),
                "extra_info": None,
            }
            for volume in self.site.arrays.volumes(disks.array_of(self.site))
        ]
        return {"manageable-volumes": shown}

    def _check_host(self, host: str) -> None:
        if host != self.site.world.backend(self.site.config.site):
            raise CloudError(
                400, f"Service with host {host[:255]!r} could not be found."
            )


def _bad_reference(ref: Doc, why: str) -> CloudError:
    name = str(ref.get("source-name") or "")[:255]
    return CloudError(
        400,
        "Manage existing volume failed due to invalid backend reference "
        f"{{'source-name': {name!r}}}: {why}",
    )
