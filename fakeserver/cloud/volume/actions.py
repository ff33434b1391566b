"""Cinder's actions on a volume."""

import sqlite3
from collections.abc import Callable
from typing import Any, ClassVar

from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks, policy, render
from fakeserver.cloud.volume.part import BASE, CinderPart
from fakeserver.cloud.volume.volumes import may_go

_ACTION = web.validator(
    {"type": "object", "minProperties": 1, "maxProperties": 1}
)
_STATUSES = (
    "available",
    "error",
    "in-use",
    "creating",
    "deleting",
    "error_deleting",
    "error_managing",
    "managing",
    "maintenance",
    "reserved",
    "attaching",
    "detaching",
)
_RESET = "volume_extension:volume_admin_actions:reset_status"


class Actions(CinderPart):
    """Serve Cinder's volume actions, one key each; 202 or 200, without a
    body."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("POST", f"{BASE}/volumes/<volume>/action", "act"),
    )

    def act(self, caller: Token, volume: str) -> Answer:
        given = web.body(_ACTION)
        ((name, value),) = given.items()
        action = _ACTIONS.get(name)
        if action is None:
            raise CloudError(400, f"There is no such action: {name[:60]}")
        with self.site.db.transaction() as tx:
            row = self.volume(tx, caller, volume)
            self.enforce(caller, "volume_extension:volume_actions", row)
            action(self, tx, caller, row, value)
        return "", 202

    def _unmanage(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        """Remove a volume from Cinder; the array keeps it."""
        self.enforce(caller, policy.UNMANAGE, row)
        may_go(row, "unmanaged")
        VOLUMES.delete(tx, row["id"])
        disks.let_go(self.site, row)

    def _set_bootable(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        wanted = value.get("bootable") if isinstance(value, dict) else None
        if isinstance(wanted, str):
            wanted = {"true": True, "false": False}.get(wanted.lower())
        if not isinstance(wanted, bool):
            raise CloudError(
                400, "Invalid input for field/attribute bootable."
            )
        self._put(tx, row, bootable=wanted)

    def _set_readonly(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        wanted = value.get("readonly") if isinstance(value, dict) else None
        if not isinstance(wanted, bool):
            raise CloudError(
                400, "Invalid input for field/attribute readonly."
            )
        self._put(tx, row, read_only=wanted)

    def _extend(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        """Make a volume larger; an attached one needs 3.42."""
        self.enforce(caller, "volume:extend", row)
        size = value.get("new_size") if isinstance(value, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise CloudError(
                400, "Invalid input for field/attribute new_size."
            )
        allowed = ["available"] + (["in-use"] if render.since(42) else [])
        if row["status"] not in allowed:
            raise CloudError(
                400,
                f"Invalid volume: Volume {row['id']} status must be "
                f"'{' or '.join(allowed)}', but current status is: "
                f"{row['status']}.",
            )
        if size <= row["size"]:
            raise CloudError(
                400,
                "Invalid input received: New size for extend must be greater "
                f"than current size. (current: {row['size']}, extended: "
                f"{size}).",
            )
        self.within_quota(tx, row["project_id"], size - row["size"], 0)
        self._put(tx, row, size=size)
        self.site.arrays.extend_volume(
            disks.array_of(self.site), row["array_name"], size
        )

    def _reserve(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        self._move(tx, row, ("available",), "attaching")

    def _unreserve(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        self._move(tx, row, ("attaching",), "available")

    def _begin_detaching(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        self._move(tx, row, ("in-use",), "detaching")

    def _roll_detaching(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        self._move(tx, row, ("detaching",), "in-use")

    def _attach(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        server = value.get("instance_uuid") if isinstance(value, dict) else 0
        device = value.get("mountpoint") if isinstance(value, dict) else 0
        if not isinstance(server, str) or not isinstance(device, str):
            raise CloudError(
                400, "Invalid input for field/attribute os-attach."
            )
        self._move(tx, row, ("available", "attaching"), "in-use")
        attachment = {
            "attachment_id": new_id(),
            "server_id": server,
            "device": device,
            "attached": self.site.clock.time(),
        }
        self._put(tx, row, status="in-use", attachments=[attachment])

    def _detach(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        self._move(tx, row, ("in-use", "detaching"), "available")
        disks.detach(tx, self.site, row)

    def _reset_status(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        self.enforce(caller, _RESET, row)
        status = value.get("status") if isinstance(value, dict) else None
        if status not in _STATUSES:
            raise CloudError(400, "Invalid input for field/attribute status.")
        self._put(tx, row, status=status)

    def _move(
        self,
        tx: sqlite3.Connection,
        row: Doc,
        allowed: tuple[str, ...],
        status: str,
    ) -> None:
        if row["status"] not in allowed:
            raise CloudError(
                400,
                f"Invalid volume: Volume {row['id']} status must be "
                f"{' or '.join(allowed)}, but current status is: "
                f"{row['status']}.",
            )
        self._put(tx, row, status=status)

    def _put(self, tx: sqlite3.Connection, row: Doc, **new: Any) -> None:
        VOLUMES.put(tx, {**row, **new, "updated": self.site.clock.time()})


_ACTIONS: dict[
    str, Callable[[Actions, sqlite3.Connection, Token, Doc, Any], None]
] = {
    "os-unmanage": Actions._unmanage,
    "os-set_bootable": Actions._set_bootable,
    "os-update_readonly_flag": Actions._set_readonly,
    "os-extend": Actions._extend,
    "os-reserve": Actions._reserve,
    "os-unreserve": Actions._unreserve,
    "os-attach": Actions._attach,
    "os-detach": Actions._detach,
    "os-begin_detaching": Actions._begin_detaching,
    "os-roll_detaching": Actions._roll_detaching,
    "os-reset_status": Actions._reset_status,
}
