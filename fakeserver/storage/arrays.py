"""The two FlashArrays in one SQLite file that both sites open.

Arrays replicate among themselves, whether or not a site's services are up.
There is no thread for that: what background replication has made by now is
written down when somebody looks.
"""

import contextlib
import sqlite3
from collections.abc import Collection, Iterable

from fakeserver.base.db import dump, load
from fakeserver.base.fault_points import StepFault
from fakeserver.base.ids import moment_id, new_id, stable_id
from fakeserver.base.seed_world import ARRAYS
from fakeserver.storage import names, renamed, tokens
from fakeserver.storage.covered import covered, held, holds
from fakeserver.storage.driver import (
    ArrayVolume,
    Link,
    RecoveryPoint,
    StorageError,
)
from fakeserver.storage.many import KEEP, ManyGroups, link_of
from fakeserver.storage.tables import CINDER_ID, SCHEMA, TABLES

__all__ = ["KEEP", "SCHEMA", "Arrays"]


class Arrays(ManyGroups):
    """An :class:`~fakeserver.storage.driver.ArrayDriver` over SQLite."""

    def borrowing(self) -> contextlib.AbstractContextManager[None]:
        return self.db.borrowing()

    # -- who may talk to an array

    def check(self, array: str, token: str | None) -> None:
        self._fault("array:check")
        if not self.takes(array, token):
            raise StorageError(
                f"FlashArray {array} refused the API token of the policy"
            )

    def takes(self, array: str, token: str | None) -> bool:
        return self.accepting(array)(token)

    def require_token(self, array: str, token: str | None) -> None:
        tokens.require(self.db, array, token)

    # -- volumes

    def volume(self, array: str, name: str) -> ArrayVolume | None:
        row = self.db.one(
            "SELECT * FROM arr_volumes WHERE array = ? AND name = ?",
            array,
            name,
        )
        return None if row is None else self._volume(row)

    def find(
        self, array: str, name: str, serial: str | None
    ) -> ArrayVolume | None:
        if serial is None:
            return self.volume(array, name)
        row = self.db.one(
            "SELECT * FROM arr_volumes WHERE array = ? AND serial = ?",
            array,
            serial,
        )
        return None if row is None else self._volume(row)

    def of_cinder(self, array: str, volume_id: str) -> list[ArrayVolume]:
        rows = self.db.all(
            f"SELECT * FROM arr_volumes WHERE array = ? AND {CINDER_ID} = ? "
            "ORDER BY +name",
            array,
            volume_id,
        )
        return [self._volume(row) for row in rows]

    def rename(self, array: str, name: str, to: str) -> None:
        with self.db.transaction() as tx:
            renamed.rename(tx, array, name, to)

    def volumes(self, array: str) -> list[ArrayVolume]:
        if array not in ARRAYS.values():
            raise StorageError(f"There is no FlashArray named {array}")
        rows = self.db.all(
            "SELECT * FROM arr_volumes WHERE array = ? ORDER BY name", array
        )
        return [self._volume(row) for row in rows]

    def create_volume(self, array: str, name: str, size: int) -> None:
        self._fault("array:create")
        serial = names.serial(array, name)
        with self.db.transaction() as tx:
            if self.find(array, name, serial) is not None:
                # the one that was made under this name is called otherwise
                serial = names.serial(array, new_id())
            tx.execute(
                "INSERT OR IGNORE INTO arr_volumes "
                "VALUES (?, ?, ?, NULL, 0, 0, 0, ?)",
                (array, name, size, serial),
            )

    def extend_volume(self, array: str, name: str, size: int) -> None:
        with self.db.transaction() as tx:
            tx.execute(
                "UPDATE arr_volumes SET size = ? WHERE array = ? AND name = ?",
                (size, array, name),
            )

    def delete_volume(self, array: str, name: str) -> None:
        self._fault("array:delete")
        found = self.volume(array, name)
        if found is not None and found.writing:
            raise StorageError(
                f"Volume {name} on FlashArray {array} is connected to a host"
            )
        with self.db.transaction() as tx:
            tx.execute(
                "DELETE FROM arr_volumes WHERE array = ? AND name = ?",
                (array, name),
            )

    def set_writing(self, array: str, name: str, writing: bool) -> None:
        now = self._clock.time()
        with self.db.transaction() as tx:
            tx.execute(
                "UPDATE arr_volumes SET writing = ?, written_at = ?, "
                "content_at = ? "
                "WHERE array = ? AND name = ? AND writing != ?",
                (int(writing), now, now, array, name, int(writing)),
            )

    # -- replication

    def link(self, group: str) -> Link | None:
        row = self.db.one("SELECT * FROM arr_links WHERE pg = ?", group)
        return None if row is None else link_of(row)

    def replicate(
        self,
        group: str,
        source: str,
        target: str,
        volumes: tuple[str, ...],
        interval: float,
        synchronous: bool = False,
    ) -> None:
        self._fault("array:replicate")
        now = self._clock.time()
        with self.db.transaction() as tx:
            self._catch_up(tx, group)
            old = self.link(group)
            # a change of the policy does not put the next cycle off
            tick = now
            if old is not None and old.running and old.source == source:
                row = tx.execute(
                    "SELECT last_tick FROM arr_links WHERE pg = ?", (group,)
                ).fetchone()
                tick = row["last_tick"]
            tx.execute(
                "INSERT OR REPLACE INTO arr_links "
                "VALUES (?, ?, ?, 1, ?, ?, ?, ?)",
                (
                    group,
                    source,
                    target,
                    interval,
                    int(synchronous),
                    dump(list(volumes)),
                    tick,
                ),
            )
            known = old.volumes if old and old.source == source else ()
            tx.executemany(
                "INSERT OR IGNORE INTO arr_holders VALUES (?, ?, ?)",
                [(source, one, group) for one in set(volumes) - set(known)],
            )

    def stop_replication(self, group: str) -> None:
        with self.db.transaction() as tx:
            self._catch_up(tx, group)
            tx.execute(
                "UPDATE arr_links SET running = 0 WHERE pg = ?", (group,)
            )

    def drop_group(self, group: str) -> None:
        with self.db.transaction() as tx:
            tx.execute("DELETE FROM arr_links WHERE pg = ?", (group,))
            tx.execute("DELETE FROM arr_points WHERE pg = ?", (group,))

    def snapshot(self, group: str, key: str) -> RecoveryPoint:
        self._fault("array:snapshot")
        with self.db.transaction() as tx:
            self._catch_up(tx, group)
            found = self._by_key(tx, group, key)
            if found is None:
                link = self.link(group)
                if link is None:
                    raise StorageError(
                        f"Group {group} is not replicated on FlashArrays"
                    )
                self._record(tx, link, key, self._clock.time(), None)
                found = self._by_key(tx, group, key)
        if found is None:
            raise StorageError(f"Group {group} has no volumes on FlashArrays")
        return found

    def transfer(self, group: str, key: str) -> RecoveryPoint:
        self._fault("array:transfer")
        done = self._clock.time() + self._faults.delay("array:transfer")
        with self.db.transaction() as tx:
            tx.execute(
                "UPDATE arr_points SET complete_at = ? "
                "WHERE pg = ? AND key = ? AND complete_at IS NULL",
                (done, group, key),
            )
            found = self._by_key(tx, group, key)
        if found is None:
            raise StorageError(f"There is no snapshot {key} of {group}")
        return found

    def points(self, group: str) -> list[RecoveryPoint]:
        with self.db.transaction() as tx:
            self._catch_up(tx, group)
        rows = self.db.all(
            "SELECT * FROM arr_points WHERE pg = ? "
            "ORDER BY created_at DESC, rowid DESC",
            group,
        )
        return [self._point(row) for row in rows]

    def latest(
        self, group: str, array: str, holding: Iterable[str] = ()
    ) -> RecoveryPoint | None:
        self._fault("array:latest")
        wanted = set(holding)
        for point in self.points(group):
            whole = point.complete and wanted <= point.volumes.keys()
            if whole and point.target == array:
                return point
        return None

    # -- volumes out of snapshots, snapshots of volumes

    def make_from_snapshot(
        self, array: str, point: str, source_volume: str, name: str
    ) -> None:
        self._fault("array:make")
        with self.db.transaction() as tx:
            row = tx.execute(
                "SELECT * FROM arr_points WHERE id = ?", (point,)
            ).fetchone()
            content = held(row["volumes"]) if row is not None else {}
            if source_volume not in content:
                raise StorageError(
                    f"Snapshot {point} does not hold volume {source_volume}"
                )
            old = self.volume(array, name)
            if old is not None and old.snapshot_id == point:
                return
            if old is not None and old.writing:
                raise StorageError(
                    f"Volume {name} on FlashArray {array} is in use"
                )
            moment, size = content[source_volume]
            serial = old.serial if old else names.serial(array, new_id())
            tx.execute(
                "INSERT OR REPLACE INTO arr_volumes "
                "VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
                (array, name, size, point, moment, moment, serial),
            )

    def keep_snapshot(self, array: str, volume: str, key: str) -> str:
        name = f"{volume}.{key}"
        found = self.volume(array, volume)
        if found is None:
            raise StorageError(
                f"There is no volume {volume} on FlashArray {array}"
            )
        with self.db.transaction() as tx:
            tx.execute(
                "INSERT OR IGNORE INTO arr_kept VALUES (?, ?, ?, ?)",
                (array, name, volume, found.content_at),
            )
            tx.execute(
                "INSERT OR IGNORE INTO arr_kept_sizes VALUES (?, ?, ?)",
                (array, name, found.size),
            )
        return name

    def kept(self, array: str) -> dict[str, float]:
        rows = self.db.all(
            "SELECT * FROM arr_kept WHERE array = ? ORDER BY name", array
        )
        return {row["name"]: row["content_at"] for row in rows}

    def holds(self, point: str, names: Collection[str]) -> bool:
        return holds(self.db, point, names, self._clock.time())

    def covered(self, array: str, volume: str, group: str = "") -> bool:
        found = self.volume(array, volume)
        now = self._clock.time()
        return found is None or covered(self.db, found, group, now)

    def reset(self) -> None:
        with self.db.transaction() as tx:
            for table in TABLES:
                tx.execute(f"DELETE FROM arr_{table}")

    # -- inside

    def _fault(self, point: str) -> None:
        try:
            self._faults.at(point)
        except StepFault as fault:
            raise StorageError(str(fault)) from fault

    def _volume(self, row: sqlite3.Row) -> ArrayVolume:
        now = self._clock.time()
        writing = bool(row["writing"])
        return ArrayVolume(
            array=row["array"],
            name=row["name"],
            serial=row["serial"],
            size=row["size"],
            snapshot_id=row["snapshot_id"],
            writing=writing,
            written_at=now if writing else row["written_at"],
            content_at=now if writing else row["content_at"],
        )

    def _point(self, row: sqlite3.Row) -> RecoveryPoint:
        complete = row["complete_at"]
        return RecoveryPoint(
            id=row["id"],
            group=row["pg"],
            source=row["source"],
            target=row["target"],
            created_at=row["created_at"],
            complete=complete is not None and complete <= self._clock.time(),
            size=row["size"],
            volumes={
                name: held[0] for name, held in load(row["volumes"]).items()
            },
        )

    def _by_key(
        self, tx: sqlite3.Connection, group: str, key: str
    ) -> RecoveryPoint | None:
        row = tx.execute(
            "SELECT * FROM arr_points WHERE pg = ? AND key = ?", (group, key)
        ).fetchone()
        return None if row is None else self._point(row)

    def _catch_up(self, tx: sqlite3.Connection, group: str) -> None:
        """Write down the recovery points that background replication has
        made."""
        row = tx.execute(
            "SELECT * FROM arr_links WHERE pg = ? AND running = 1", (group,)
        ).fetchone()
        if row is None:
            return
        link = link_of(row)
        now = self._clock.time()
        if link.synchronous:
            # a pod has no lag: what is there is what was written just now
            self._record(tx, link, f"pod-{moment_id(now)}", now, now)
        else:
            last, interval = row["last_tick"], max(link.interval, 1.0)
            due = int((now - last) // interval)
            for n in range(max(1, due - KEEP + 1), due + 1):
                moment = last + n * interval
                lag = self._faults.delay("array:transfer")
                key = f"auto-{moment_id(moment)}"
                self._record(tx, link, key, moment, moment + lag)
            if due > 0:
                tx.execute(
                    "UPDATE arr_links SET last_tick = ? WHERE pg = ?",
                    (last + due * interval, group),
                )
        self._prune(tx, group)

    def _prune(self, tx: sqlite3.Connection, group: str) -> None:
        """Remove old recovery points; requested ones and those of background
        replication are counted apart."""
        for pattern in ("IN ('auto', 'pod')", "NOT IN ('auto', 'pod')"):
            which = f"pg = ? AND substr(key, 1, instr(key, '-') - 1) {pattern}"
            tx.execute(
                f"DELETE FROM arr_points WHERE {which} AND id NOT IN (SELECT "
                f"id FROM arr_points WHERE {which} "
                "ORDER BY created_at DESC, rowid DESC LIMIT ?)",
                (group, group, KEEP),
            )

    def _record(
        self,
        tx: sqlite3.Connection,
        link: Link,
        key: str,
        moment: float,
        complete_at: float | None,
    ) -> None:
        held: dict[str, tuple[float, int]] = {}
        for name in link.volumes:
            volume = self.volume(link.source, name)
            if volume is not None:
                content = min(volume.content_at, moment)
                held[name] = (content, volume.size)
        if not held:
            return
        tx.execute(
            "INSERT OR IGNORE INTO arr_points "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                stable_id(0, link.group, link.source, key),
                link.group,
                key,
                link.source,
                link.target,
                moment,
                complete_at,
                sum(size for _, size in held.values()),
                dump(held),
            ),
        )
