"""Nova's server actions: each one key of the request's body."""

import sqlite3
from collections.abc import Callable
from typing import Any, ClassVar

from fakeserver.cloud.compute.server import (
    bodies,
    console,
    history,
    power,
    secgroups,
    states,
)
from fakeserver.cloud.compute.server.find import admin_only, find, may_write
from fakeserver.cloud.compute.version import since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_ACTION = web.validator(
    {"type": "object", "minProperties": 1, "maxProperties": 1}
)
_ANY: Doc = {}


def _with(schema: Doc) -> web.Validator:
    """Return the check of an action that has values of its own."""
    return web.validator({"additionalProperties": schema})


def _object(known: Doc, *required: str) -> Doc:
    return {
        "type": "object",
        "properties": known,
        "required": list(required),
        "additionalProperties": False,
    }


_NAMED = _with(_object({"name": bodies.NAME}, "name"))
_REBOOT = _with(
    _object({"type": {"enum": ["SOFT", "HARD", "soft", "hard"]}}, "type")
)
_RESIZE = _with(
    _object(
        {
            "flavorRef": {"type": ["string", "integer"]},
            "OS-DCF:diskConfig": {"enum": ["AUTO", "MANUAL"]},
        },
        "flavorRef",
    )
)
_REBUILD = _with(
    {
        "type": "object",
        "required": ["imageRef"],
        "properties": {"imageRef": {"type": "string", "minLength": 1}},
    }
)
_LOCK = _with(
    {
        "anyOf": [
            {"type": "null"},
            _object(
                {
                    "locked_reason": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 255,
                    }
                }
            ),
        ]
    }
)
_STATE = _with(_object({"state": {"enum": ["active", "error"]}}, "state"))


class Actions(web.Part):
    """Do what one key of the body says to a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("POST", "/v2.1/servers/<server>/action", "act"),
    )

    def act(self, caller: Token, server: str) -> Answer:
        given = web.body(_ACTION)
        ((name, value),) = given.items()
        action = _ACTIONS.get(name)
        if name == console.ACTION:
            may_write(caller, "os-console-output")
            return console.output(self.site, caller, server, value)
        if action is None and name not in states.MOVES:
            raise CloudError(400, f"There is no such action: {name[:60]}")
        may_write(caller, f"servers:{name}")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            if action is None:
                self._move(tx, caller, row, name)
                return "", 202
            return action(self, tx, caller, row, value) or ("", 202)

    def _move(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, name: str
    ) -> None:
        """Move a server from one status to another, as the table says."""
        move = states.MOVES[name]
        if name == "shelveOffload":
            admin_only(caller, "os-shelve:shelve_offload")
        states.require_unlocked(caller, row)
        states.require(row, move.verb, move.before)
        power.set_status(tx, self.site, row, move.after)
        history.note(tx, self.site, caller, row, move.verb)

    def _reboot(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        kind = web.body(_REBOOT)["reboot"]["type"].upper()
        states.require_unlocked(caller, row)
        states.require(row, "reboot", states.REBOOTED[kind])
        power.set_status(tx, self.site, row, "ACTIVE")
        history.note(tx, self.site, caller, row, "reboot")

    def _resize(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        wanted = web.body(_RESIZE)["resize"]["flavorRef"]
        states.allow(caller, row, "resize")
        flavor = power.flavor_of(tx, wanted)
        if flavor["id"] == row["flavor"]["id"]:
            raise CloudError(
                400, "When resizing, instances must change flavor!"
            )
        power.within_quota(tx, row["project_id"], flavor, row["flavor"])
        row |= {
            "flavor": flavor,
            "flavor_before": row["flavor"],
            "stopped_before": row["status"] == "SHUTOFF",
        }
        self._to(tx, caller, row, "resize", "VERIFY_RESIZE")

    def _confirm(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> Answer:
        states.allow(caller, row, "confirmResize")
        self._resized(tx, caller, row, "confirmResize")
        return "", 204

    def _revert(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        states.allow(caller, row, "revertResize")
        row["flavor"] = row["flavor_before"]
        self._resized(tx, caller, row, "revertResize")

    def _resized(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, verb: str
    ) -> None:
        """End a resize; the server is as it was before, running or not."""
        status = "SHUTOFF" if row.pop("stopped_before") else "ACTIVE"
        del row["flavor_before"]
        self._to(tx, caller, row, verb, status)

    def _rebuild(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        web.body(_REBUILD)
        states.allow(caller, row, "rebuild")
        # this cloud has no images
        raise CloudError(400, "Cannot find image for rebuild")

    def _lock(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        reason = None
        if since(73):
            reason = (web.body(_LOCK)["lock"] or {}).get("locked_reason")
        owner = row["project_id"] == caller.project_id
        row |= {
            "locked": "owner" if owner else "admin",
            "locked_reason": reason,
        }
        SERVERS.put(tx, row)
        history.note(tx, self.site, caller, row, "lock")

    def _unlock(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        if row.get("locked") == "admin":
            admin_only(caller, "os-lock-server:unlock:unlock_override")
        row |= {"locked": "", "locked_reason": None}
        SERVERS.put(tx, row)
        history.note(tx, self.site, caller, row, "unlock")

    def _reset_state(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        admin_only(caller, "os-admin-actions:reset_state")
        state = web.body(_STATE)["os-resetState"]["state"]
        power.set_status(tx, self.site, row, state.upper())

    def _add_group(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        name = web.body(_NAMED)["addSecurityGroup"]["name"]
        secgroups.add(tx, row, name)

    def _remove_group(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        name = web.body(_NAMED)["removeSecurityGroup"]["name"]
        secgroups.remove(tx, row, name)

    def _no_console(
        self, tx: sqlite3.Connection, caller: Token, row: Doc, value: Any
    ) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        raise CloudError(400, f"Unavailable console type {kind}.")

    def _to(
        self,
        tx: sqlite3.Connection,
        caller: Token,
        row: Doc,
        verb: str,
        status: str,
    ) -> None:
        power.set_status(tx, self.site, row, status)
        history.note(tx, self.site, caller, row, verb)


_ACTIONS: dict[
    str,
    Callable[[Actions, sqlite3.Connection, Token, Doc, Any], Answer | None],
] = {
    "reboot": Actions._reboot,
    "resize": Actions._resize,
    "confirmResize": Actions._confirm,
    "revertResize": Actions._revert,
    "rebuild": Actions._rebuild,
    "lock": Actions._lock,
    "unlock": Actions._unlock,
    "os-resetState": Actions._reset_state,
    "addSecurityGroup": Actions._add_group,
    "removeSecurityGroup": Actions._remove_group,
    "os-getVNCConsole": Actions._no_console,
    "os-getSPICEConsole": Actions._no_console,
    "os-getSerialConsole": Actions._no_console,
}
