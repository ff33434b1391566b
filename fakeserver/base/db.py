"""SQLite in WAL mode: no connection in two threads, one writer at a time."""

import contextlib
import itertools
import json
import pathlib
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

#: how long a writer waits for another one, seconds
BUSY = 30.0
#: how much of the database a connection keeps, KiB; SQLite's own 2000 can be
#: a tenth of a site's memory for each thread. As many pages are in it as 100
#: records need that are far from each other: what a filter finds in a long
#: history is read from the memory of the system otherwise, page by page,
#: which takes longer than to build the list
CACHE = 768


class _Connection:
    """A connection that is one thread's, or nobody's.

    It is closed when the thread ends whose it is.
    """

    _numbers = itertools.count()

    def __init__(
        self, connection: sqlite3.Connection, generation: int
    ) -> None:
        self.connection = connection
        #: how often the database had been closed when it was opened
        self.generation = generation
        #: no other connection of this process ever has it
        self.number = next(self._numbers)


class Database:
    """One database file. Open it once a process; use it from any thread.

    A thread keeps its connection until it ends; one that has taken it while
    it borrows gives it back, for whoever comes next. Thirty threads that
    serve one request each at a time need eight connections so, and not
    thirty, each with a cache and a schema of its own.
    """

    def __init__(self, path: pathlib.Path, schema: Sequence[str] = ()) -> None:
        self.path = path
        self._local = threading.local()
        self._generation = 0
        #: those that nobody has, the one that was used last at the end
        self._free: list[_Connection] = []
        # the end of a thread may come while this one holds it
        self._lock = threading.RLock()
        #: the connection of those who write, while nobody has it
        self._writer: _Connection | None = None
        self._writing = threading.Lock()
        if not schema:
            # opened when it is used first
            return
        with self.transaction() as tx:
            for statement in schema:
                tx.execute(statement)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, for reads outside a transaction."""
        held: _Connection | None = getattr(self._local, "held", None)
        if held is not None and held.generation != self._generation:
            _require_no_transaction(held.connection)
            held = None
        if held is None:
            held = self._local.held = self._free_one() or self._new()
            self._local.borrowed = getattr(self._local, "borrows", 0) > 0
        return held.connection

    @contextlib.contextmanager
    def borrowing(self) -> Iterator[None]:
        """Give back what this thread takes meanwhile; a nested one gives back
        nothing."""
        local = self._local
        local.borrows = getattr(local, "borrows", 0) + 1
        try:
            yield
        finally:
            local.borrows -= 1
            if not local.borrows and getattr(local, "borrowed", False):
                self._give_back(local)

    def give_back(self) -> None:
        """Give back what this thread has borrowed, before it waits: whoever
        comes meanwhile needs no other connection, and asks one that has just
        read the same."""
        local = self._local
        if getattr(local, "borrowed", False):
            held: _Connection = local.held
            if not held.connection.in_transaction:
                self._give_back(local)

    def _give_back(self, local: threading.local) -> None:
        held: _Connection = local.held
        local.held, local.borrowed = None, False
        with self._lock:
            known = held.generation == self._generation
            # one that was left in a transaction ends with it
            if known and not held.connection.in_transaction:
                self._free.append(held)

    def _free_one(self) -> _Connection | None:
        with self._lock:
            return self._free.pop() if self._free else None

    def _new(self) -> _Connection:
        generation = self._generation
        found = self._connected()
        held = _Connection(found, generation)
        ended = weakref.finalize(held, found.close)
        ended.atexit = False
        return held

    def _connected(self) -> sqlite3.Connection:
        made = sqlite3.connect(
            self.path,
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            made.row_factory = sqlite3.Row
            made.execute("PRAGMA journal_mode=WAL")
            # WAL with NORMAL loses nothing when a process is killed
            made.execute("PRAGMA synchronous=NORMAL")
            made.execute(f"PRAGMA cache_size=-{CACHE}")
        except BaseException:
            made.close()
            raise
        return made

    @contextlib.contextmanager
    def as_writer(self) -> Iterator[None]:
        """Use the connection that writers hand on to each other, unless
        somebody has it: it knows what it wrote, where another one reads each
        page anew."""
        local = self._local
        before: _Connection | None = getattr(local, "held", None)
        if before is not None and before.connection.in_transaction:
            yield
            return
        if not self._writing.acquire(blocking=False):
            yield
            return
        try:
            writer = self._writer
            if writer is None or writer.generation != self._generation:
                writer = self._new()
            self._writer, local.held = None, writer
            try:
                yield
            finally:
                # closed meanwhile, or left in a transaction: it ends here
                if (
                    local.held is writer
                    and not writer.connection.in_transaction
                ):
                    self._writer = writer
                local.held = before
        finally:
            self._writing.release()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a write transaction; a nested one joins the outer one."""
        db = self.connection()
        if db.in_transaction:
            yield db
            return
        generation = self._generation
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            if generation != self._generation:
                _require_no_transaction(db)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several questions see the same moment; within a transaction
        they do already."""
        db = self.connection()
        if db.in_transaction:
            yield
            return
        db.execute("BEGIN")
        try:
            yield
        finally:
            db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = (
            self.connection().execute(sql, values).fetchone()
        )
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self.connection().execute(sql, values).fetchall()

    def state(self) -> tuple[int, int, int] | None:
        """Return the number of this thread's connection, and then what changes
        whenever anybody changes the database; None within a transaction.

        SQLite counts what other connections commit, and Python what this one
        changes: a tenth of the time of a question.
        """
        db = self.connection()
        if db.in_transaction:
            return None
        (others,) = db.execute("PRAGMA data_version").fetchone()
        return self._local.held.number, int(others), db.total_changes

    def close(self) -> None:
        """Close what no other thread has; one that asks later opens anew.

        What another thread has may be in the middle of a question, and to
        close it then is the end of the process. It is closed by that thread,
        when it asks again or ends.
        """
        with self._lock:
            self._generation += 1
            self._free.clear()
            self._writer = None
            self._local.held = None


def _require_no_transaction(connection: sqlite3.Connection) -> None:
    """Refuse to go on with a transaction of a database that was closed
    meanwhile: it is the work of a site that has ended."""
    if connection.in_transaction:
        raise sqlite3.ProgrammingError("the database was closed meanwhile")


_decode = json.JSONDecoder().raw_decode


_encode = json.JSONEncoder(separators=(",", ":")).encode


def dump(value: Any) -> str:
    """Format a value as the JSON that a column keeps."""
    return _encode(value)


def load(text: str) -> Any:
    """Parse what a column keeps; `json.loads` looks first for spaces and
    other encodings, which takes longer than a short value."""
    return _decode(text)[0]


def load_all(texts: Iterable[str]) -> list[Any]:
    """Parse what a column keeps in many rows, at once: equal keys are one
    string then, and a row takes half the time."""
    found: list[Any] = load(f"[{','.join(texts)}]")
    return found
