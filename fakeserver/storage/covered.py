"""Decide whether a snapshot holds the newest write of a volume."""

import functools
from collections.abc import Collection, Mapping

from fakeserver.base.db import Database, load
from fakeserver.storage.driver import ArrayVolume

_NOWHERE = (-1.0, 0)


# a move asks for each volume of a group, and one recovery point has them all
@functools.lru_cache(maxsize=4)
def held(text: str) -> Mapping[str, tuple[float, int]]:
    """Return what a recovery point holds of each volume: how new its content
    is, and its size."""
    found: Mapping[str, tuple[float, int]] = load(text)
    return found


def covered(db: Database, volume: ArrayVolume, group: str, now: float) -> bool:
    """Return whether some snapshot holds the newest write of the volume: a
    kept one, the one that it was made from, or one that reached the other
    array.

    :param group: its recovery points are looked at first, the newest of them
        before all.
    """
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
        all_of_it = held(made["volumes"]).values() if made else ()
        if any(content >= volume.content_at for content, _ in all_of_it):
            return True
    others = db.all(
        "SELECT pg FROM arr_holders WHERE array = ? AND name = ? AND pg != ?",
        volume.array,
        volume.name,
        group,
    )
    for one in (group, *(row["pg"] for row in others)):
        for (text,) in db.connection().execute(
            "SELECT volumes FROM arr_points WHERE pg = ? AND source = ? "
            "AND complete_at <= ? ORDER BY created_at DESC",
            (one, volume.array, now),
        ):
            content, _ = held(text).get(volume.name, _NOWHERE)
            if content >= volume.content_at:
                return True
    return False


def holds(
    db: Database, point: str, names: Collection[str], now: float
) -> bool:
    """Return whether a complete recovery point holds one of some volumes."""
    row = db.one(
        "SELECT volumes FROM arr_points WHERE id = ? AND complete_at <= ?",
        point,
        now,
    )
    return row is not None and any(
        name in held(row["volumes"]) for name in names
    )
