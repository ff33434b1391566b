"""Nova's server actions, volume attachments and server metadata."""

from collections.abc import Callable
from typing import Any, ClassVar

from fakeserver.cloud.compute import console, power, render
from fakeserver.cloud.compute.render import STATES, since
from fakeserver.cloud.compute.servers import find, may_write, not_locked
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS, VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks

_ACTION = web.validator(
    {"type": "object", "minProperties": 1, "maxProperties": 1}
)
_ATTACH = web.validator(
    {
        "type": "object",
        "required": ["volumeAttachment"],
        "properties": {
            "volumeAttachment": {
                "type": "object",
                "required": ["volumeId"],
                "properties": {
                    "volumeId": {"type": "string", "maxLength": 64},
                    "device": {"type": ["string", "null"]},
                    "delete_on_termination": {"type": "boolean"},
                    "tag": {"type": "string"},
                },
                "additionalProperties": False,
            }
        },
    }
)
_METADATA = web.validator(
    {
        "type": "object",
        "required": ["metadata"],
        "properties": {
            "metadata": {
                "type": "object",
                "propertyNames": {"minLength": 1, "maxLength": 255},
                "additionalProperties": {
                    "type": "string",
                    "maxLength": 255,
                },
            }
        },
    }
)
_SERVER = "/v2.1/servers/<server>"


#: the kinds of a reboot, and the statuses that each is allowed in
_REBOOTED = {"SOFT": ("ACTIVE",), "HARD": ("ACTIVE", "SHUTOFF")}


class Actions(web.Part):
    """Start, stop and reboot servers; attach and detach volumes."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("POST", f"{_SERVER}/action", "act"),
        Route("GET", f"{_SERVER}/os-volume_attachments", "attachments"),
        Route("POST", f"{_SERVER}/os-volume_attachments", "attach"),
        Route(
            "GET", f"{_SERVER}/os-volume_attachments/<volume>", "attachment"
        ),
        Route("DELETE", f"{_SERVER}/os-volume_attachments/<volume>", "detach"),
        Route("GET", f"{_SERVER}/os-security-groups", "security_groups"),
    )

    def act(self, caller: Token, server: str) -> Answer:
        given = web.body(_ACTION)
        ((name, value),) = given.items()
        action = _ACTIONS.get(name)
        known = (*_MOVES, console.ACTION)
        if action is None and name not in known:
            raise CloudError(400, f"There is no such action: {name[:60]}")
        may_write(caller, f"servers:{name}")
        if name == console.ACTION:
            return console.output(self.site, caller, server, value)
        if action is None:
            self._move(caller, server, name)
        else:
            action(self, caller, server, value)
        return "", 202

    def _start(self, caller: Token, server: str, value: Any) -> None:
        self._turn(caller, server, True, "start")

    def _stop(self, caller: Token, server: str, value: Any) -> None:
        self._turn(caller, server, False, "stop")

    def _reboot(self, caller: Token, server: str, value: Any) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if str(kind).upper() not in _REBOOTED:
            raise CloudError(
                400, "Invalid input for field/attribute reboot/type."
            )
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            not_locked(caller, row)
            if row["status"] not in _REBOOTED[str(kind).upper()]:
                raise _wrong_state(row, "reboot")
            power.set_running(tx, self.site, row, True)

    def _turn(
        self, caller: Token, server: str, running: bool, verb: str
    ) -> None:
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            not_locked(caller, row)
            if row["status"] != ("SHUTOFF" if running else "ACTIVE"):
                raise _wrong_state(row, verb)
            power.set_running(tx, self.site, row, running)

    def _move(self, caller: Token, server: str, name: str) -> None:
        """Bring a server into another state: paused, suspended, ..."""
        verb, needs, status = _MOVES[name]
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            not_locked(caller, row)
            if row["status"] not in needs:
                raise _wrong_state(row, verb)
            power.set_status(tx, self.site, row, status)

    def _lock(self, caller: Token, server: str, value: Any) -> None:
        reason = value.get("locked_reason") if since(73) and value else None
        self._set_lock(caller, server, True, reason)

    def _unlock(self, caller: Token, server: str, value: Any) -> None:
        self._set_lock(caller, server, False, None)

    def _set_lock(
        self, caller: Token, server: str, locked: bool, reason: str | None
    ) -> None:
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            row["locked"], row["locked_reason"] = locked, reason
            SERVERS.put(tx, row)

    def attachments(self, caller: Token, server: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        shown = [_attachment(row, disk) for disk in row["disks"]]
        return {"volumeAttachments": shown}

    def attachment(self, caller: Token, server: str, volume: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        return {"volumeAttachment": _attachment(row, _disk(row, volume))}

    def attach(self, caller: Token, server: str) -> Answer:
        may_write(caller, "os-volumes-attachments:create")
        given = web.body(_ATTACH)["volumeAttachment"]
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            volume = disks.for_server(tx, row["project_id"], given["volumeId"])
            disk = power.add_disk(
                tx,
                self.site,
                row,
                volume,
                given.get("device"),
                given.get("delete_on_termination", False),
            )
            SERVERS.put(tx, row)
            power.set_writing(tx, self.site, row)
        return {"volumeAttachment": _attachment(row, disk)}

    def detach(self, caller: Token, server: str, volume: str) -> Answer:
        may_write(caller, "os-volumes-attachments:delete")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            disk = _disk(row, volume)
            if disk is row["disks"][0]:
                raise CloudError(403, "Cannot detach a root device volume")
            row["disks"].remove(disk)
            SERVERS.put(tx, row)
            if found := VOLUMES.get(tx, volume):
                disks.detach(tx, self.site, found)
        return "", 202

    def security_groups(self, caller: Token, server: str) -> Answer:
        db = self.site.db.connection()
        row = find(db, caller, server)
        shown = render.server(db, self.site, caller, row)
        return {"security_groups": shown.get("security_groups", [])}


class Metadata(web.Part):
    """Read and change the metadata of a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{_SERVER}/metadata", "index"),
        Route("POST", f"{_SERVER}/metadata", "update"),
        Route("PUT", f"{_SERVER}/metadata", "replace"),
        Route("DELETE", f"{_SERVER}/metadata/<key>", "delete"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        return {"metadata": row["metadata"]}

    def update(self, caller: Token, server: str) -> Answer:
        given = web.body(_METADATA)["metadata"]
        return self._change(caller, server, lambda old: {**old, **given})

    def replace(self, caller: Token, server: str) -> Answer:
        given = web.body(_METADATA)["metadata"]
        return self._change(caller, server, lambda old: given)

    def delete(self, caller: Token, server: str, key: str) -> Answer:
        def without(old: Doc) -> Doc:
            if key not in old:
                raise CloudError(404, "Metadata item was not found")
            return {name: old[name] for name in old if name != key}

        self._change(caller, server, without)
        return "", 204

    def _change(
        self, caller: Token, server: str, new: Callable[[Doc], Doc]
    ) -> Answer:
        may_write(caller, "server-metadata:update")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            row["metadata"] = new(row["metadata"])
            SERVERS.put(tx, row)
        return {"metadata": row["metadata"]}


def _wrong_state(row: Doc, verb: str) -> CloudError:
    _, state = STATES[row["status"]]
    return CloudError(
        409,
        f"Cannot '{verb}' instance {row['id']} while it is in vm_state "
        f"{state}",
    )


def _disk(row: Doc, volume: str) -> Doc:
    disk: Doc
    for disk in row["disks"]:
        if disk["id"] == volume:
            return disk
    raise CloudError(
        404,
        f"Instance {row['id']} is not attached to volume {volume}.",
    )


def _attachment(row: Doc, disk: Doc) -> Doc:
    shown: Doc = {
        "volumeId": disk["id"],
        "serverId": row["id"],
        "device": disk["device"],
    }
    if not since(89):
        shown["id"] = disk["id"]
    if since(70):
        shown["tag"] = None
    if since(79):
        shown["delete_on_termination"] = disk["delete_on_termination"]
    return shown


_ACTIONS: dict[str, Callable[[Actions, Token, str, Any], None]] = {
    "os-start": Actions._start,
    "os-stop": Actions._stop,
    "reboot": Actions._reboot,
    "lock": Actions._lock,
    "unlock": Actions._unlock,
}
#: action -> the verb of its refusal, the statuses that it needs, and the one
#: that it leads to. A cloud without local disks offloads what it shelves
_MOVES = {
    "pause": ("pause", ("ACTIVE",), "PAUSED"),
    "unpause": ("unpause", ("PAUSED",), "ACTIVE"),
    "suspend": ("suspend", ("ACTIVE",), "SUSPENDED"),
    "resume": ("resume", ("SUSPENDED",), "ACTIVE"),
    "shelve": (
        "shelve",
        ("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"),
        "SHELVED_OFFLOADED",
    ),
    "unshelve": ("unshelve", ("SHELVED_OFFLOADED",), "ACTIVE"),
}
