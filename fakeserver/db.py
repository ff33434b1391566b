"""SQLite in WAL mode: a connection a thread, one writer at a time."""

import contextlib
import json
import pathlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from typing import Any

#: how long a writer waits for another one, seconds
BUSY = 30.0


class Database:
    """One database file. Open it once a process; use it from any thread."""

    def __init__(self, path: pathlib.Path, schema: Sequence[str]) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with self.transaction() as tx:
            for statement in schema:
                tx.execute(statement)

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reads outside a transaction."""
        found: sqlite3.Connection | None = getattr(self._local, "db", None)
        if found is None:
            found = sqlite3.connect(
                self.path,
                timeout=BUSY,
                isolation_level=None,
                check_same_thread=False,
            )
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode=WAL")
            # WAL with NORMAL loses nothing when a process is killed
            found.execute("PRAGMA synchronous=NORMAL")
            self._local.db = found
            with self._lock:
                self._all.append(found)
        return found

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; nested use joins the outer one."""
        db = self.connection()
        if db.in_transaction:
            yield db
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = (
            self.connection().execute(sql, values).fetchone()
        )
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self.connection().execute(sql, values).fetchall()

    def close(self) -> None:
        with self._lock:
            for db in self._all:
                db.close()
            self._all.clear()
        self._local = threading.local()


def dump(value: Any) -> str:
    """JSON as it is kept in a column."""
    return json.dumps(value, separators=(",", ":"))


def load(text: str) -> Any:
    return json.loads(text)
