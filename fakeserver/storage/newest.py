"""The newest recovery points of many groups, read at once.

Nothing is written down for it: what background replication has made since
somebody looked at a group is worked out from its link.
"""

from collections.abc import Sequence
from typing import Any

from fakeserver.base.db import Database

#: the newest point of each group that has arrived
_POINTS = """SELECT pg, max(created_at) FROM arr_points
    WHERE complete_at <= ? AND pg IN ({marks}) GROUP BY pg"""
#: links that are at work, and have something to carry; a cross join is made
#: in the order that is written
_LINKS = """SELECT pg, last_tick, interval, synchronous FROM arr_links
    WHERE running = 1 AND pg IN ({marks}) AND EXISTS (
        SELECT 1 FROM json_each(arr_links.volumes) AS held
        CROSS JOIN arr_volumes ON array = source AND name = held.value)"""
#: how many values a statement of SQLite takes at the least
_MOST = 900


def newest(
    db: Database, groups: Sequence[str], now: float, lag: float, keep: int
) -> dict[str, float]:
    """Return the time of the newest complete recovery point of each group.

    ``lag`` is how long a point takes to the other array, which may be so
    long that it is not among those that are kept any more when it is there.
    A group without a point is left out.
    """
    found: dict[str, float] = {}
    for first in range(0, len(groups), _MOST):
        some = groups[first : first + _MOST]
        marks = ", ".join("?" * len(some))
        for row in db.all(_POINTS.format(marks=marks), now, *some):
            found[row[0]] = row[1]
        for row in db.all(_LINKS.format(marks=marks), *some):
            moment = _moment(row, now, lag, keep)
            if moment is not None:
                known = found.get(row["pg"], moment)
                found[row["pg"]] = max(known, moment)
    return found


def _moment(link: Any, now: float, lag: float, keep: int) -> float | None:
    """Return the time of the newest point that the link alone accounts for."""
    if link["synchronous"]:
        # a pod has no lag: the other array holds what is written now
        return now
    interval = max(link["interval"], 1.0)
    passed = now - link["last_tick"]
    made, arrived = int(passed // interval), int((passed - lag) // interval)
    if arrived <= max(0, made - keep):
        return None
    return float(link["last_tick"] + arrived * interval)
