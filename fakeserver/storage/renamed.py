"""Rename a volume on its array.

Its snapshots and its place in the replication follow it, as on a real array,
where they belong to the volume and not to its name.
"""

import sqlite3
from typing import Any

from fakeserver.base.db import dump, load


def rename(tx: sqlite3.Connection, array: str, name: str, to: str) -> None:
    """Rename a volume; do nothing where no volume has that name."""
    found = tx.execute(
        "UPDATE arr_volumes SET name = ? WHERE array = ? AND name = ?",
        (to, array, name),
    )
    if not found.rowcount:
        return
    tx.execute(
        "UPDATE arr_kept SET volume = ? WHERE array = ? AND volume = ?",
        (to, array, name),
    )
    groups = tx.execute(
        "SELECT pg FROM arr_holders WHERE array = ? AND name = ?",
        (array, name),
    ).fetchall()
    for (group,) in groups:
        for table, key in (("arr_links", "pg"), ("arr_points", "id")):
            rows = tx.execute(
                f"SELECT {key}, volumes FROM {table} WHERE pg = ? "
                "AND source = ? AND instr(volumes, ?) > 0",
                (group, array, dump(name)),
            ).fetchall()
            for id_, text in rows:
                tx.execute(
                    f"UPDATE {table} SET volumes = ? WHERE {key} = ?",
                    (dump(_with(load(text), name, to)), id_),
                )
        tx.execute(
            "INSERT OR IGNORE INTO arr_holders VALUES (?, ?, ?)",
            (array, to, group),
        )


def _with(held: Any, name: str, to: str) -> Any:
    """Return what a link or a recovery point holds, with the new name."""
    if isinstance(held, list):
        return [to if one == name else one for one in held]
    return {to if one == name else one: at for one, at in held.items()}
