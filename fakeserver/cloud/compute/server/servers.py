"""Nova's servers: list, show, create, rename, delete."""

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

import flask

from fakeserver.base.db import dump
from fakeserver.cloud.compute import server_groups
from fakeserver.cloud.compute.server import bodies, power, render
from fakeserver.cloud.compute.server.find import find, may_write
from fakeserver.cloud.compute.server.kept import KeptServers
from fakeserver.cloud.compute.server.states import require_unlocked
from fakeserver.cloud.compute.version import since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

if TYPE_CHECKING:
    from fakeserver.cloud.identity.check import Identity
    from fakeserver.site import Site


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

    def __init__(self, site: "Site", identity: "Identity") -> None:
        super().__init__(site, identity)
        self._kept = KeptServers(site)

    def index(self, caller: Token) -> Answer:
        rows, more = web.page(self._listed(caller), "servers")
        shown = [render.brief(self.site, row) for row in rows]
        return {"servers": shown} | ({"servers_links": more} if more else {})

    def detail(self, caller: Token) -> Answer:
        if not flask.request.args:
            return self._newest(caller)
        rows, more = web.page(self._listed(caller), "servers")
        db = self.site.db.connection()
        shown = render.servers(db, self.site, caller, rows)
        return {"servers": shown} | ({"servers_links": more} if more else {})

    def _newest(self, caller: Token) -> Answer:
        """List the newest servers, as most callers do."""
        db = self.site.db.connection()
        found = self._kept.newest(db, caller, web.MAX_PAGE + 1)
        shown = found[: web.MAX_PAGE]
        text = ",".join(text for _, text in shown)
        more = ""
        if len(found) > len(shown):
            link = web.next_page(shown[-1][0])
            more = f',"servers_links":{dump([link])}'
        return flask.Response(
            f'{{"servers":[{text}]{more}}}\n', mimetype="application/json"
        )

    def show(self, caller: Token, server: str) -> Answer:
        return self._shown(caller, server)

    def create(self, caller: Token) -> Answer:
        may_write(caller, "servers:create")
        given, hints = bodies.created()
        described = since(19)
        with self.site.db.transaction() as tx:
            row = power.boot(
                tx, self.site, caller, given, hints, described=described
            )
        made = {
            "id": row["id"],
            "links": render.links(self.site, "servers", row["id"]),
            "OS-DCF:diskConfig": "AUTO",
            "security_groups": given.get("security_groups")
            or [{"name": "default"}],
        }
        return {"server": made}, 202

    def update(self, caller: Token, server: str) -> Answer:
        may_write(caller, "servers:update")
        given = bodies.updated()
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
            require_unlocked(caller, row)
            power.delete(tx, self.site, row)
        return "", 204

    def _shown(self, caller: Token, server: str) -> Answer:
        db = self.site.db.connection()
        row = find(db, caller, server)
        shown = render.server(db, self.site, caller, row)
        if since(71):
            shown["server_groups"] = server_groups.of(db, row)
        return {"server": shown}

    def _listed(self, caller: Token) -> list[Doc]:
        """List servers, newest first unless the request sorts."""
        db = self.site.db.connection()
        project = _project(caller)
        where, values = ("1", []) if project is None else (_OWNED, [project])
        args = flask.request.args
        if (name := args.get("name")) is not None:
            fits = _pattern(name)
            # most servers have another name: they are not read
            names = db.execute(
                f"SELECT DISTINCT name FROM {SERVERS.name} WHERE {where}",
                values,
            )
            found = [one for (one,) in names if fits.search(one)]
            where += f" AND name IN ({', '.join('?' * len(found))})"
            values += found
        rows = SERVERS.select(db, where, values, "seq DESC")
        if status := args.getlist("status"):
            asked = {text.upper() for text in status}
            rows = [row for row in rows if row["status"] in asked]
        if (flavor := args.get("flavor")) is not None:
            rows = [row for row in rows if row["flavor"]["id"] == flavor]
        if (uuid := args.get("uuid")) is not None:
            rows = [row for row in rows if row["id"] == uuid]
        if (metadata := args.get("metadata")) is not None:
            rows = [row for row in rows if _has(row, metadata)]
        rows = _tagged(rows)
        if web.flag("deleted"):
            rows = []
        return web.sort(rows)


_OWNED = "project_id = ?"


def _project(caller: Token) -> str | None:
    """Return the project whose servers are listed; None for all projects."""
    args = flask.request.args
    if web.flag("all_tenants"):
        if not caller.is_admin:
            listed = flask.request.path.rpartition("/")[2]
            rule = "detail" if listed == "detail" else "index"
            raise CloudError(
                403,
                f"Policy doesn't allow os_compute_api:servers:{rule}:"
                "get_all_tenants to be performed.",
            )
        return args.get("project_id") or args.get("tenant_id")
    return caller.project_id


def _tagged(rows: list[Doc]) -> list[Doc]:
    """Filter servers by their tags, as a newer microversion allows."""
    if not since(26):
        return rows
    for name, fits in _TAG_FILTERS.items():
        if text := flask.request.args.get(name):
            asked = set(text.split(","))
            rows = [
                row for row in rows if fits(asked, set(row.get("tags", ())))
            ]
    return rows


_TAG_FILTERS: Mapping[str, Callable[[set[str], set[str]], bool]] = {
    "tags": lambda asked, found: asked <= found,
    "tags-any": lambda asked, found: bool(asked & found),
    "not-tags": lambda asked, found: not asked <= found,
    "not-tags-any": lambda asked, found: not asked & found,
}


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
