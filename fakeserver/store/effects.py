"""The write-ahead record of what an operation makes or changes.

An effect is written as ``intended`` before the deed and as ``done`` after
it. A crash between the two leaves an intended one: the step looks by the
derived name whether the deed was done. A rollback goes through them in
reverse and marks each ``undone``.
"""

import dataclasses
import sqlite3
from typing import Any

from fakeserver.base.db import Database, dump, load


@dataclasses.dataclass
class Effect:
    kind: str
    key: str
    state: str
    doc: dict[str, Any]


def _effect(row: sqlite3.Row) -> Effect:
    return Effect(row["kind"], row["key"], row["state"], load(row["doc"]))


def intend(
    tx: sqlite3.Connection,
    operation_id: str,
    kind: str,
    key: str,
    doc: dict[str, Any],
) -> None:
    """Say what is about to be done; once said it stays as first said."""
    tx.execute(
        "INSERT OR IGNORE INTO pg_effects (operation_id, kind, key, state, "
        "doc) VALUES (?, ?, ?, 'intended', ?)",
        (operation_id, kind, key, dump(doc)),
    )


def mark(
    tx: sqlite3.Connection,
    operation_id: str,
    kind: str,
    key: str,
    state: str,
    doc: dict[str, Any] | None = None,
) -> None:
    if doc is None:
        tx.execute(
            "UPDATE pg_effects SET state = ? "
            "WHERE operation_id = ? AND kind = ? AND key = ?",
            (state, operation_id, kind, key),
        )
    else:
        tx.execute(
            "UPDATE pg_effects SET state = ?, doc = ? "
            "WHERE operation_id = ? AND kind = ? AND key = ?",
            (state, dump(doc), operation_id, kind, key),
        )


def find(
    db: Database, operation_id: str, kind: str, key: str
) -> Effect | None:
    row = db.one(
        "SELECT * FROM pg_effects "
        "WHERE operation_id = ? AND kind = ? AND key = ?",
        operation_id,
        kind,
        key,
    )
    return None if row is None else _effect(row)


def of(
    db: Database, operation_id: str, kind: str | None = None
) -> list[Effect]:
    """An operation's effects in the order they were intended."""
    if kind is None:
        rows = db.all(
            "SELECT * FROM pg_effects WHERE operation_id = ? ORDER BY seq",
            operation_id,
        )
    else:
        rows = db.all(
            "SELECT * FROM pg_effects WHERE operation_id = ? AND kind = ? "
            "ORDER BY seq",
            operation_id,
            kind,
        )
    return [_effect(row) for row in rows]
