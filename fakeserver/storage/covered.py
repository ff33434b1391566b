"""Decide whether a snapshot holds the newest write of a volume."""

from fakeserver.base.db import Database, load
from fakeserver.storage.driver import ArrayVolume


def covered(db: Database, volume: ArrayVolume, now: float) -> bool:
    """Return whether some snapshot holds the newest write of the volume: a
    kept one, the one that it was made from, or one that reached the other
    array."""
    row = db.one(
        "SELECT 1 FROM arr_kept WHERE array = ? AND volume = ? "
        "AND content_at >= ?",
        volume.array,
        volume.name,
        volume.content_at,
    )
    if row is not None:
        return True
    if volume.snapshot_id is not None:
        made = db.one(
            "SELECT volumes FROM arr_points WHERE id = ?", volume.snapshot_id
        )
        held = load(made["volumes"]).values() if made else ()
        if any(content >= volume.content_at for content, _ in held):
            return True
    rows = db.all(
        "SELECT volumes FROM arr_points WHERE source = ? AND complete_at <= ?",
        volume.array,
        now,
    )
    return any(
        load(row["volumes"]).get(volume.name, (-1.0, 0))[0]
        >= volume.content_at
        for row in rows
    )
