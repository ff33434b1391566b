"""The write-ahead record of what an operation creates or changes.

An effect is written as ``intended`` before the deed and as ``done`` after
it. A crash between the two leaves an intended one: the step looks by the
derived name whether the deed was done. A rollback goes through them in
reverse and marks each ``undone``.
"""

import dataclasses
import sqlite3
from typing import Any

from fakeserver.base.db import Database, dump, load
from fakeserver.engine.model.json_record import JsonRecord, optional
from fakeserver.engine.model.operation_record import Loss
from fakeserver.storage.driver import Link


@dataclasses.dataclass
class EffectDetail(JsonRecord):
    """What was created or changed; each kind has the fields that it needs."""

    #: the id of the site; a replication belongs to both
    site: str = optional("")
    #: of an instance or a volume, once it is known
    id: str | None = optional()
    name: str = optional("")
    member_id: str = optional("")
    #: of a volume in Cinder: its volume on the array, as the array calls it
    array_name: str = optional("")
    #: of a volume on an array
    array: str = optional("")
    #: of both: the array's number of it, which stays when it is renamed
    array_serial: str | None = optional()
    #: of a port that was taken away
    network_id: str = optional("")
    address: str = optional("")
    port: dict[str, Any] | None = optional()
    #: of an instance: network name -> address
    addresses: dict[str, str] | None = optional()
    #: of an instance: its networks and its attributes at the target; those
    #: that may be secrets are not among them
    networks: list[dict[str, Any]] | None = optional()
    attributes: dict[str, Any] | None = optional()
    #: of a volume: what Cinder shows of it
    volume: dict[str, Any] | None = optional()
    #: of an instance or a volume: what it did not get
    losses: list[Loss] | None = optional()
    #: of an old copy that is deleted: whether it never ran after the last
    #: recovery point
    quiet: bool = optional(False)
    #: of a replication: how it was before; None where there was none
    before: Link | None = optional()


@dataclasses.dataclass
class Effect:
    """One thing that an operation creates or changes."""

    kind: str
    key: str
    #: ``intended``, ``done`` or ``undone``
    state: str
    detail: EffectDetail


def _effect(row: sqlite3.Row) -> Effect:
    detail = EffectDetail.from_json(load(row["doc"]))
    return Effect(row["kind"], row["key"], row["state"], detail)


def intend(
    tx: sqlite3.Connection,
    operation_id: str,
    kind: str,
    key: str,
    detail: EffectDetail,
) -> None:
    """Write an effect as intended; one that exists stays as it is."""
    tx.execute(
        "INSERT OR IGNORE INTO pg_effects (operation_id, kind, key, state, "
        "doc) VALUES (?, ?, ?, 'intended', ?)",
        (operation_id, kind, key, dump(detail.to_json())),
    )


def mark(
    tx: sqlite3.Connection,
    operation_id: str,
    kind: str,
    key: str,
    state: str,
    detail: EffectDetail | None = None,
) -> None:
    if detail is None:
        tx.execute(
            "UPDATE pg_effects SET state = ? "
            "WHERE operation_id = ? AND kind = ? AND key = ?",
            (state, operation_id, kind, key),
        )
    else:
        tx.execute(
            "UPDATE pg_effects SET state = ?, doc = ? "
            "WHERE operation_id = ? AND kind = ? AND key = ?",
            (state, dump(detail.to_json()), operation_id, kind, key),
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
    """Return an operation's effects in the order they were intended."""
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


def left_networks(db: Database, group_id: str) -> list[tuple[Effect, str]]:
    """Return the networks that failed tests of a group could not remove
    again, each with its operation."""
    rows = db.all(
        "SELECT pg_effects.* FROM pg_effects JOIN pg_operations "
        "ON pg_operations.id = operation_id WHERE group_id = ? "
        "AND kind = 'network' AND state != 'undone' AND status = 'failed'",
        group_id,
    )
    return [(_effect(row), str(row["operation_id"])) for row in rows]


def left_stopped(db: Database, group_id: str) -> set[str]:
    """Return the ids of the instances that a failed operation has stopped and
    could not start again."""
    rows = db.all(
        "SELECT key FROM pg_effects JOIN pg_operations "
        "ON pg_operations.id = operation_id WHERE group_id = ? "
        "AND kind = 'stop' AND state != 'undone' AND status = 'failed'",
        group_id,
    )
    return {row["key"] for row in rows}
