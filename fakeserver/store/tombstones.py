"""Deleted groups: they refuse older documents.

One that is due was given up before it was known whether the peer has it:
the peer is told until it has answered.
"""

import sqlite3
from typing import Any

from fakeserver.base.db import Database, dump, load
from fakeserver.store.group import Group


def put(tx: sqlite3.Connection, group: Group, due: bool = False) -> None:
    """Keep the last document of a group."""
    tx.execute(
        "INSERT OR REPLACE INTO pg_tombstones (id, project_id, doc, due) "
        "VALUES (?, ?, ?, ?)",
        (group.id, group.project_id, dump(group.doc), int(due)),
    )


def find(db: Database, group_id: str) -> dict[str, Any] | None:
    """Return the last document of a deleted group."""
    row = db.one("SELECT doc FROM pg_tombstones WHERE id = ?", group_id)
    return None if row is None else dict(load(row["doc"]))


def of_project(db: Database, project_id: str, group_id: str) -> bool:
    """Return whether the project had the group here."""
    row = db.one(
        "SELECT 1 FROM pg_tombstones WHERE id = ? AND project_id = ?",
        group_id,
        project_id,
    )
    return row is not None


def drop(tx: sqlite3.Connection, group_id: str) -> None:
    tx.execute("DELETE FROM pg_tombstones WHERE id = ?", (group_id,))


def due(db: Database) -> list[Group]:
    """Return the groups whose deletion the peer has not confirmed."""
    rows = db.all("SELECT * FROM pg_tombstones WHERE due = 1")
    return [
        Group(row["id"], row["project_id"], load(row["doc"])) for row in rows
    ]


def confirm(tx: sqlite3.Connection, group_id: str) -> None:
    """Note that the peer has confirmed the deletion."""
    tx.execute("UPDATE pg_tombstones SET due = 0 WHERE id = ?", (group_id,))
