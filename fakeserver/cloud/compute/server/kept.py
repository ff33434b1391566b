"""Nova's list of a project's servers, of which each is rendered once.

A fleet is listed again and again, and few of its servers have changed: the
JSON of a server is kept as long as its row, its ports and the names that it
shows stay as they are.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import flask

from fakeserver.base.db import dump, load_all
from fakeserver.cloud.compute.server import render
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import security_groups
from fakeserver.cloud.shared.schema import NETWORKS, PORTS, SERVERS

if TYPE_CHECKING:
    from fakeserver.site import Site

#: how many are kept, about a kilobyte and a half each
KEPT = 1000

_SERVERS = (
    f"SELECT id, doc FROM {SERVERS.name} WHERE project_id = ? "
    "ORDER BY seq DESC LIMIT ?"
)
_PORTS = (
    f"SELECT device_id, doc, (SELECT name FROM {NETWORKS.name} AS net "
    f"WHERE net.id = network_id) FROM {PORTS.name} WHERE device_id IN "
    f"(SELECT id FROM {SERVERS.name} WHERE project_id = ?) ORDER BY seq"
)


class KeptServers:
    """The JSON of the servers of one site, rendered when one has changed."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        #: a digest of all that is shown of a server -> its JSON
        self._kept: dict[bytes, str] = {}

    def newest(
        self, db: sqlite3.Connection, caller: Token, limit: int
    ) -> list[tuple[str, str]]:
        """Return id and JSON of the newest servers of the caller's
        project."""
        rows = db.execute(_SERVERS, (caller.project_id, limit)).fetchall()
        digests = self._digests(db, caller, rows)
        kept = [self._kept.get(digest) for digest in digests]
        new = [n for n, text in enumerate(kept) if text is None]
        if new:
            read = load_all(rows[n][1] for n in new)
            made = render.servers(db, self._site, caller, read)
            for n, server in zip(new, made, strict=True):
                kept[n] = text = dump(server)
                self._keep(digests[n], text)
        return [
            (id_, text)
            for (id_, _), text in zip(rows, kept, strict=True)
            if text is not None
        ]

    def _digests(
        self,
        db: sqlite3.Connection,
        caller: Token,
        rows: Sequence[tuple[str, str]],
    ) -> list[bytes]:
        """Return a digest of what is shown of each server."""
        project = caller.project_id
        names = security_groups.known(db, project)
        shared = (flask.g.microversion, caller.is_admin, sorted(names.items()))
        begun = hashlib.blake2b(repr(shared).encode(), digest_size=16)
        ports: dict[str, list[str]] = {}
        for device, text, network in db.execute(_PORTS, (project,)):
            ports.setdefault(device, []).append(f"{text}{network}")
        digests = []
        for id_, text in rows:
            made = begun.copy()
            made.update("\0".join([text, *ports.get(id_, ())]).encode())
            digests.append(made.digest())
        return digests

    def _keep(self, digest: bytes, text: str) -> None:
        while len(self._kept) >= KEPT:
            try:
                del self._kept[next(iter(self._kept))]
            except (KeyError, StopIteration, RuntimeError):
                # another thread makes room, too
                break
        self._kept[digest] = text
