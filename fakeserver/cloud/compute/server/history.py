"""What was done to a server: Nova's instance actions."""

import sqlite3
from typing import TYPE_CHECKING, ClassVar

from fakeserver.base.clock import stamp
from fakeserver.base.ids import new_id
from fakeserver.cloud.compute.server.find import find
from fakeserver.cloud.compute.version import since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVER_ACTIONS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

if TYPE_CHECKING:
    from fakeserver.site import Site

_ACTIONS = "/v2.1/servers/<server>/os-instance-actions"


def note(
    tx: sqlite3.Connection,
    site: "Site",
    caller: Token,
    server: Doc,
    action: str,
) -> None:
    """Note an action that was done to a server."""
    request_id = f"req-{new_id()}"
    made = {
        "id": f"{server['id']}/{request_id}",
        "server_id": server["id"],
        "request_id": request_id,
        "action": action,
        "user_id": caller.user_id,
        "project_id": caller.project_id,
        "at": site.clock.time(),
    }
    SERVER_ACTIONS.put(tx, made)


def forget(tx: sqlite3.Connection, server_id: str) -> None:
    tx.execute(
        f"DELETE FROM {SERVER_ACTIONS.name} WHERE server_id = ?", (server_id,)
    )


class History(web.Part):
    """List and show what was done to a server, newest first."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _ACTIONS, "index"),
        Route("GET", f"{_ACTIONS}/<request>", "show"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        db = self.site.db.connection()
        find(db, caller, server)
        rows = SERVER_ACTIONS.select(
            db, "server_id = ?", (server,), "seq DESC"
        )
        return {"instanceActions": [_shown(row) for row in rows]}

    def show(self, caller: Token, server: str, request: str) -> Answer:
        db = self.site.db.connection()
        find(db, caller, server)
        row = SERVER_ACTIONS.get(db, f"{server}/{request}")
        if row is None:
            raise CloudError(
                404,
                f"Action for request_id {request} on instance {server} "
                "not found",
            )
        shown = _shown(row)
        if since(51) or caller.is_admin:
            shown["events"] = [_event(self.site, caller, row)]
        return {"instanceAction": shown}


def _shown(row: Doc) -> Doc:
    at = stamp(row["at"]).rstrip("Z") + ".000000"
    shown: Doc = {
        "action": row["action"],
        "instance_uuid": row["server_id"],
        "request_id": row["request_id"],
        "user_id": row["user_id"],
        "project_id": row["project_id"],
        "start_time": at,
        "message": None,
    }
    if since(58):
        shown["updated_at"] = at
    return shown


def _event(site: "Site", caller: Token, row: Doc) -> Doc:
    at = stamp(row["at"]).rstrip("Z") + ".000000"
    host = f"compute-{site.config.site}"
    shown: Doc = {
        "event": f"compute__do_{row['action']}_instance",
        "start_time": at,
        "finish_time": at,
        "result": "Success",
    }
    if caller.is_admin:
        shown |= {"traceback": None, "host": host}
    if since(62):
        shown["hostId"] = ""
    if since(84):
        shown["details"] = None
    return shown
