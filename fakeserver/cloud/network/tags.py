"""Neutron's tags of networks."""

from collections.abc import Callable
from typing import ClassVar

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.rules import BASE, find, may_write
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import NETWORKS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

#: characters that a tag may have
LONGEST = 255


class Tags(web.Part):
    """List, add and remove the tags of a network."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/networks/<network>/tags", "index"),
        Route("GET", f"{BASE}/networks/<network>/tags/<tag>", "show"),
        Route("PUT", f"{BASE}/networks/<network>/tags/<tag>", "add"),
        Route("DELETE", f"{BASE}/networks/<network>/tags/<tag>", "remove"),
        Route("DELETE", f"{BASE}/networks/<network>/tags", "clear"),
    )

    def index(self, caller: Token, network: str) -> Answer:
        row = find(self.site.db.connection(), NETWORKS, caller, network)
        return {"tags": list(row.get("tags", ()))}

    def show(self, caller: Token, network: str, tag: str) -> Answer:
        row = find(self.site.db.connection(), NETWORKS, caller, network)
        self._require(row, tag)
        return "", 204

    def add(self, caller: Token, network: str, tag: str) -> Answer:
        if len(tag) > LONGEST or "," in tag:
            raise CloudError(
                400, f"Invalid input for operation: '{tag}' is not a tag."
            )
        self._change(caller, network, lambda tags: [*tags, tag])
        return "", 201

    def remove(self, caller: Token, network: str, tag: str) -> Answer:
        row = find(self.site.db.connection(), NETWORKS, caller, network)
        self._require(row, tag)
        self._change(
            caller, network, lambda tags: [one for one in tags if one != tag]
        )
        return "", 204

    def clear(self, caller: Token, network: str) -> Answer:
        self._change(caller, network, lambda tags: [])
        return "", 204

    def _change(
        self,
        caller: Token,
        network: str,
        to: Callable[[list[str]], list[str]],
    ) -> None:
        may_write(caller, "update_network")
        with self.site.db.transaction() as tx:
            row = find(tx, NETWORKS, caller, network, own=True)
            row["tags"] = sorted(set(to(row.get("tags", []))))
            NETWORKS.put(tx, row)

    def _require(self, row: Doc, tag: str) -> None:
        if tag not in row.get("tags", ()):
            raise CloudError(
                404, f"Tag {tag} could not be found.", "TagNotFound"
            )
