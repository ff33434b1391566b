"""Questions about many groups at once.

Nothing is written down for them: what background replication has made since
somebody looked at a group is worked out from its link.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence

from fakeserver.base.clock import Clock
from fakeserver.base.db import Database, dump, load, load_all
from fakeserver.base.fault_points import Faults
from fakeserver.base.seed_world import ARRAYS
from fakeserver.storage import tokens
from fakeserver.storage.driver import Link, LinkState

#: how many recovery points of a group an array holds
KEEP = 24
#: the newest point of each group that has arrived
_NEWEST = """SELECT asked.value, (
        SELECT created_at FROM arr_points
        WHERE pg = asked.value AND complete_at <= ?
        ORDER BY created_at DESC LIMIT 1)
    FROM json_each(?) AS asked"""
#: how links are, without their volumes
_STATES = """SELECT pg, running, synchronous FROM arr_links
    WHERE pg IN ({marks})"""
#: links that are at work, and have something to carry; a cross join is made
#: in the order that is written
_LINKS = """SELECT pg, last_tick, interval, synchronous FROM arr_links
    WHERE running = 1 AND pg IN ({marks}) AND EXISTS (
        SELECT 1 FROM json_each(arr_links.volumes) AS held
        CROSS JOIN arr_volumes ON array = source AND name = held.value)"""
#: the newest point of each group that has arrived at an array; a list of
#: [group, array] is asked with
_ARRIVED = """SELECT pg, created_at, volumes FROM json_each(?) AS asked
    CROSS JOIN arr_points ON arr_points.rowid = (
        SELECT held.rowid FROM arr_points AS held
        WHERE held.pg = json_extract(asked.value, '$[0]')
        AND held.target = json_extract(asked.value, '$[1]')
        AND held.complete_at <= ?
        ORDER BY held.created_at DESC, held.rowid DESC LIMIT 1)"""
#: all that the arrays hold of one group
_ALL = """SELECT key, created_at, target, volumes, complete_at <= ? AS arrived
    FROM arr_points WHERE pg = ? ORDER BY created_at DESC, rowid DESC"""
#: links that are at work, with those of their volumes that there are
_CARRYING = """SELECT (
        SELECT json_group_array(name) FROM json_each(arr_links.volumes) AS held
        CROSS JOIN arr_volumes ON array = source AND name = held.value
    ), pg, target, last_tick, interval, synchronous
    FROM arr_links WHERE running = 1 AND pg IN ({marks})"""
#: the next point of each group that is on its way
_COMING = """SELECT pg, min(complete_at) FROM arr_points
    WHERE complete_at > ? AND pg IN ({marks}) GROUP BY pg"""
#: which points background replication has made, by the first part of their
#: keys
AUTOMATIC = ("auto", "pod")
#: how many values a statement of SQLite takes at the least
_MOST = 900


class ManyGroups:
    """The part of the arrays that answers for many groups."""

    def __init__(self, db: Database, clock: Clock, faults: Faults) -> None:
        self.db = db
        self._clock = clock
        self._faults = faults

    def link_states(self, groups: Sequence[str]) -> dict[str, LinkState]:
        return {
            group: LinkState(running == 1, synchronous == 1)
            for group, running, synchronous in self._of(_STATES, groups)
        }

    def newest(self, groups: Sequence[str]) -> dict[str, float]:
        now, lag = self._moment()
        rows = self.db.all(_NEWEST, now, dump(list(groups)))
        found = {row[0]: row[1] for row in rows if row[1] is not None}
        for row in self._of(_LINKS, groups):
            moment = _arrived(row, now, lag)
            made = _made(row, now) if moment is None else ()
            if made:
                found.pop(row["pg"], None)
                moment = self._left(row["pg"], now, made)
            _put(found, row["pg"], moment)
        return found

    def latest_of(
        self, wanted: Mapping[str, tuple[str, Collection[str]]]
    ) -> dict[str, float]:
        now, lag = self._moment()
        found: dict[str, float] = {}
        asked = dump([[group, array] for group, (array, _) in wanted.items()])
        rows = self.db.all(_ARRIVED, asked, now)
        each = load_all(row[2] for row in rows)
        for (group, created_at, _), volumes in zip(rows, each, strict=True):
            if volumes.keys() >= set(wanted[group][1]):
                found[group] = created_at
            else:
                _put(found, group, self._left(group, now, (), wanted[group]))
        rows = self._of(_CARRYING, list(wanted))
        each = load_all(row[0] for row in rows)
        for row, held in zip(rows, each, strict=True):
            if not held:
                continue
            group, target = row[1], row[2]
            array, names = wanted[group]
            moment = None
            if array == target and set(names) <= set(held):
                moment = _arrived(row, now, lag)
            made = _made(row, now) if moment is None else ()
            if made:
                found.pop(group, None)
                moment = self._left(group, now, made, wanted[group])
            _put(found, group, moment)
        return found

    def changed(self, since: int | None) -> tuple[int, list[str]]:
        if since is not None:
            rows = self.db.all(
                "SELECT seq, pg FROM arr_changes WHERE seq > ? ORDER BY seq",
                since,
            )
            last = rows[-1]["seq"] if rows else since
            return last, [row["pg"] for row in rows]
        [row] = self.db.all("SELECT coalesce(max(seq), 0) FROM arr_changes")
        rows = self.db.all("SELECT pg FROM arr_links")
        return row[0], [one["pg"] for one in rows]

    def arrivals(self, groups: Sequence[str]) -> dict[str, float]:
        now, lag = self._moment()
        rows = self._of(_COMING, groups, now)
        found: dict[str, float] = {row[0]: row[1] for row in rows}
        for row in self._of(_LINKS, groups):
            interval = max(row["interval"], 1.0)
            arrived = int((now - lag - row["last_tick"]) // interval)
            moment = row["last_tick"] + (max(arrived, 0) + 1) * interval + lag
            if row["synchronous"]:
                # a pod always has a newer one
                moment = now
            found[row["pg"]] = min(found.get(row["pg"], moment), moment)
        return found

    def state(self) -> object | None:
        _, lag = self._moment()
        changes = self.db.state()
        if lag or changes is None:
            # a point that travels for long is none of the newest that are
            # kept when it is there
            return None
        return changes, *map(self._faults.token, ARRAYS.values())

    def accepting(self, array: str) -> Callable[[str | None], bool]:
        return tokens.accepting(self.db, self._faults, array)

    def _moment(self) -> tuple[float, float]:
        """Return the time, and how long a point takes to the other array.

        That may be so long that it is not among those that are kept any
        more when it is there.
        """
        return self._clock.time(), self._faults.delay("array:transfer")

    def _left(
        self,
        group: str,
        now: float,
        made: Sequence[float],
        wanted: tuple[str, Collection[str]] | None = None,
    ) -> float | None:
        """Return the time of the newest point that has arrived, of those that
        are kept.

        :param made: when background replication has made more since, which
            older ones make room for.
        :param wanted: only of points that are at this array and hold these
            volumes.
        """
        others = 0
        for row in self.db.all(_ALL, now, group):
            if row["key"].partition("-")[0] in AUTOMATIC:
                newer = others + sum(at >= row["created_at"] for at in made)
                others += 1
                if newer >= KEEP:
                    continue
            if row["arrived"] and (
                wanted is None
                or (
                    row["target"] == wanted[0]
                    and _holds(row["volumes"], wanted)
                )
            ):
                return float(row["created_at"])
        return None

    def _of(
        self, sql: str, groups: Sequence[str], *values: float
    ) -> list[sqlite3.Row]:
        """Ask about groups: as many at a time as a statement takes."""
        found = []
        for first in range(0, len(groups), _MOST):
            some = groups[first : first + _MOST]
            marks = ", ".join("?" * len(some))
            found += self.db.all(sql.format(marks=marks), *values, *some)
        return found


def link_of(row: sqlite3.Row) -> Link:
    """Return the link that a row holds."""
    return Link(
        group=row["pg"],
        source=row["source"],
        target=row["target"],
        running=bool(row["running"]),
        interval=row["interval"],
        synchronous=bool(row["synchronous"]),
        volumes=tuple(load(row["volumes"])),
    )


def _put(found: dict[str, float], group: str, moment: float | None) -> None:
    """Note a moment, unless there is a newer one."""
    if moment is not None:
        found[group] = max(found.get(group, moment), moment)


def _holds(volumes: str, wanted: tuple[str, Collection[str]]) -> bool:
    return bool(load(volumes).keys() >= set(wanted[1]))


def _arrived(link: sqlite3.Row, now: float, lag: float) -> float | None:
    """Return the time of the newest point that the link alone accounts for."""
    if link["synchronous"]:
        # a pod has no lag: the other array holds what is written now
        return now
    interval = max(link["interval"], 1.0)
    passed = now - link["last_tick"]
    made, arrived = int(passed // interval), int((passed - lag) // interval)
    if arrived <= max(0, made - KEEP):
        return None
    return float(link["last_tick"] + arrived * interval)


def _made(link: sqlite3.Row, now: float) -> list[float]:
    """Return when the newest points were made for which the link alone
    accounts, whether or not they have arrived."""
    if link["synchronous"]:
        return [now]
    last, interval = link["last_tick"], max(link["interval"], 1.0)
    due = int((now - last) // interval)
    return [
        last + n * interval for n in range(max(1, due - KEEP + 1), due + 1)
    ]
