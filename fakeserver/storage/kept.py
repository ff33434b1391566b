"""Snapshots that stay when their volume is deleted, and copies of them."""

from fakeserver.base.db import Database
from fakeserver.storage import names
from fakeserver.storage.driver import StorageError


def copy(db: Database, array: str, snapshot: str, volume: str) -> None:
    """Create a volume with the content of a kept snapshot."""
    with db.transaction() as tx:
        row = tx.execute(
            "SELECT content_at, size FROM arr_kept "
            "JOIN arr_kept_sizes USING (array, name) "
            "WHERE array = ? AND name = ?",
            (array, snapshot),
        ).fetchone()
        if row is None:
            raise StorageError(
                f"FlashArray {array} keeps no snapshot {snapshot}"
            )
        taken = tx.execute(
            "SELECT 1 FROM arr_volumes WHERE array = ? AND name = ?",
            (array, volume),
        ).fetchone()
        if taken is not None:
            raise StorageError(
                f"There is a volume {volume} on FlashArray {array} already"
            )
        tx.execute(
            "INSERT INTO arr_volumes VALUES (?, ?, ?, NULL, 0, ?, ?, ?)",
            (
                array,
                volume,
                row["size"],
                row["content_at"],
                row["content_at"],
                names.serial(array, volume),
            ),
        )


def listed(db: Database) -> list[tuple[str, str, str, int | None, float]]:
    """List kept snapshots: array, snapshot, volume, GiB, newest write."""
    rows = db.all(
        "SELECT array, name, volume, size, content_at FROM arr_kept "
        "LEFT JOIN arr_kept_sizes USING (array, name) ORDER BY array, name"
    )
    return [tuple(row) for row in rows]
