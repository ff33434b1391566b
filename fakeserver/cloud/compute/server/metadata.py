"""The properties of a server, and its tags."""

from collections.abc import Callable
from typing import ClassVar

from fakeserver.cloud.compute.server import bodies
from fakeserver.cloud.compute.server.find import find, may_write
from fakeserver.cloud.compute.server.states import ALLOWED, allow, require
from fakeserver.cloud.compute.version import needs
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route


def _named(noun: str, schema: Doc) -> web.Validator:
    return web.validator(
        {
            "type": "object",
            "required": [noun],
            "properties": {noun: schema},
            "additionalProperties": False,
        }
    )


_PAIRS: Doc = {**bodies.METADATA, "type": "object"}
_METADATA = _named("metadata", _PAIRS)
_ITEM = _named("meta", {**_PAIRS, "minProperties": 1, "maxProperties": 1})
_TAGS = _named(
    "tags",
    {"type": "array", "items": bodies.TAG, "maxItems": bodies.MOST_TAGS},
)
_TAG = web.validator(bodies.TAG)
_SERVER = "/v2.1/servers/<server>"


class Metadata(web.Part):
    """Read and change the metadata of a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{_SERVER}/metadata", "index"),
        Route("POST", f"{_SERVER}/metadata", "update"),
        Route("PUT", f"{_SERVER}/metadata", "replace"),
        Route("GET", f"{_SERVER}/metadata/<key>", "show"),
        Route("PUT", f"{_SERVER}/metadata/<key>", "put"),
        Route("DELETE", f"{_SERVER}/metadata/<key>", "delete"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        return {"metadata": row["metadata"]}

    def show(self, caller: Token, server: str, key: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        if key not in row["metadata"]:
            raise CloudError(404, "Metadata item was not found")
        return {"meta": {key: row["metadata"][key]}}

    def put(self, caller: Token, server: str, key: str) -> Answer:
        given = web.body(_ITEM)["meta"]
        if list(given) != [key]:
            raise CloudError(400, "Request body and URI mismatch")
        self._change(caller, server, lambda old: {**old, **given})
        return {"meta": given}

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

        self._change(caller, server, without, "delete")
        return "", 204

    def _change(
        self,
        caller: Token,
        server: str,
        new: Callable[[Doc], Doc],
        verb: str = "update",
    ) -> Answer:
        may_write(caller, f"server-metadata:{verb}")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            allow(caller, row, f"{verb} metadata")
            row["metadata"] = new(row["metadata"])
            SERVERS.put(tx, row)
        return {"metadata": row["metadata"]}


class Tags(web.Part):
    """Read and change the tags of a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{_SERVER}/tags", "index"),
        Route("PUT", f"{_SERVER}/tags", "replace"),
        Route("DELETE", f"{_SERVER}/tags", "clear"),
        Route("GET", f"{_SERVER}/tags/<tag>", "show"),
        Route("PUT", f"{_SERVER}/tags/<tag>", "add"),
        Route("DELETE", f"{_SERVER}/tags/<tag>", "remove"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        needs(26)
        row = find(self.site.db.connection(), caller, server)
        return {"tags": row.get("tags", [])}

    def show(self, caller: Token, server: str, tag: str) -> Answer:
        needs(26)
        row = find(self.site.db.connection(), caller, server)
        _require(row, tag)
        return "", 204

    def replace(self, caller: Token, server: str) -> Answer:
        needs(26)
        given = web.body(_TAGS)["tags"]
        row = self._change(caller, server, lambda row: given)
        return {"tags": row["tags"]}

    def add(self, caller: Token, server: str, tag: str) -> Answer:
        needs(26)
        if _TAG.problem(tag) is not None:
            raise CloudError(
                400,
                f"Tag '{tag[:60]}' is invalid. It must be a non empty string "
                "without characters '/' and ','. Validation error message: "
                "too long",
            )
        before: list[str] = []

        def more(row: Doc) -> list[str]:
            before.extend(row.get("tags", ()))
            if len({*before, tag}) > bodies.MOST_TAGS:
                raise CloudError(
                    400,
                    f"The number of tags exceeded the per-server limit "
                    f"{bodies.MOST_TAGS}",
                )
            return [*before, tag]

        self._change(caller, server, more)
        return "", 204 if tag in before else 201

    def remove(self, caller: Token, server: str, tag: str) -> Answer:
        needs(26)

        def fewer(row: Doc) -> list[str]:
            _require(row, tag)
            return [one for one in row["tags"] if one != tag]

        self._change(caller, server, fewer)
        return "", 204

    def clear(self, caller: Token, server: str) -> Answer:
        needs(26)
        self._change(caller, server, lambda row: [])
        return "", 204

    def _change(
        self, caller: Token, server: str, new: Callable[[Doc], list[str]]
    ) -> Doc:
        may_write(caller, "os-server-tags:update")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            require(row, "update tag", ALLOWED["update metadata"])
            row["tags"] = sorted(set(new(row)))
            SERVERS.put(tx, row)
        return row


def _require(row: Doc, tag: str) -> None:
    if tag not in row.get("tags", ()):
        raise CloudError(404, f"Server {row['id']} has no tag '{tag}'")
