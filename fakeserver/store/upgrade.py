"""Schema numbers of the databases, and their upgrades.

Each database has the number in ``PRAGMA user_version``, and in the table
``sandbox_schema`` which version of this package brought it there. A database
with tables and without a number is of schema 0: it was made before there
were numbers.

An older database is upgraded in one transaction, after a copy of it was
made beside it; a newer one is refused before anything is touched. Both
processes of a sandbox, and its command, come through here.
"""

import contextlib
import dataclasses
import functools
import logging
import os
import pathlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fakeserver.base.clock import stamp
from fakeserver.schema_version import (
    NUMBER,
    SchemaProblem,
    newer,
    version,
)

LOG = logging.getLogger(__name__)
#: how long an upgrade waits for a process that writes, seconds
BUSY = 30.0

_TABLE = """CREATE TABLE IF NOT EXISTS sandbox_schema (
    number INTEGER PRIMARY KEY, version TEXT NOT NULL, at TEXT NOT NULL)"""
#: what a statement of a schema creates
_CREATES = re.compile(
    r"CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER) IF NOT EXISTS (\w+)"
)
#: the tables that a reset of the world leaves alone
KEPT = frozenset(("sandbox_schema",))

#: changes the database of a transaction from its schema to the next one
Step = Callable[[sqlite3.Connection], None]


class Unreadable(SchemaProblem):
    """A database that cannot be read."""


@dataclasses.dataclass(frozen=True)
class File:
    """One database of the sandbox."""

    path: pathlib.Path
    #: the statements that make its tables, where they are not there
    tables: Sequence[str]
    #: what changes schema n to schema n + 1, under n; none is no change
    steps: Mapping[int, Step]
    #: whether whoever asks works with it; what is only the other site's
    #: may be unreadable
    needed: bool = True


def upgrade(files: Iterable[File], now: float) -> list[pathlib.Path]:
    """Upgrade databases to the schema of this version; create missing ones.

    The caller sees to it that no other process does this at the same time.

    :param now: the time that is noted, seconds since the epoch.
    :return: the copies that were made of older databases.
    :raises SchemaProblem: one is newer, or cannot be upgraded; it is then
        as it was.
    """
    numbers = []
    for file in files:
        # all are looked at before the first is touched
        with _spared(file):
            numbers.append((file, _number(file.path)))
    copies = []
    for file, number in numbers:
        with _spared(file), _problems_of(file.path):
            if number is not None and number < NUMBER:
                copies.append(_copied(file.path, number))
            _brought_up(file, now)
    return copies


def copy_of(path: pathlib.Path, number: int) -> pathlib.Path:
    """Return where the copy of a database with an older schema is kept."""
    return path.with_name(f"{path.name}.schema-{number}")


def _number(path: pathlib.Path) -> int | None:
    """Return a database's schema number; None where it is empty or missing."""
    if not path.exists():
        return None
    with _problems_of(path), _opened(path) as db:
        number, wrote = _read(db)
    if number is not None and number > NUMBER:
        raise newer(str(path), number, wrote)
    return number


def _read(db: sqlite3.Connection) -> tuple[int | None, str]:
    """Return the schema number, and the version that wrote it."""
    (number,) = db.execute("PRAGMA user_version").fetchone()
    names = {
        name
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
    }
    wrote = None
    if "sandbox_schema" in names:
        wrote = db.execute(
            "SELECT version FROM sandbox_schema ORDER BY number DESC"
        ).fetchone()
    found = int(number) if names or number else None
    return found, str(wrote[0]) if wrote else "unknown"


def _copied(path: pathlib.Path, number: int) -> pathlib.Path:
    """Copy a database beside itself, whole or not at all."""
    target = copy_of(path, number)
    partial = target.with_name(f"{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600))
        partial.write_bytes(b"")
        with _opened(path) as db, _target(partial) as copy:
            db.backup(copy)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(partial, target)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise SchemaProblem(
            f"{path} has to be upgraded, and the copy that is made of it "
            f"before could not be written: {_why(error)}; it is as it was: "
            f"make room in {path.parent}, and start again."
        ) from error
    return target


def _brought_up(file: File, now: float) -> None:
    new = is_new(file.path)
    with _opened(file.path) as db:
        if new:
            without_waiting(db)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("BEGIN IMMEDIATE")
        try:
            number, _ = _read(db)
            # of a database of today, it is only what was forgotten
            statements = (_TABLE, *file.tables)
            incomplete = not _names(db) >= made_by(file)
            if incomplete:
                _execute(db, statements, indexes=False)
            if number != NUMBER:
                for step in _steps(file, number):
                    step(db)
            if incomplete:
                # an index may be of a column that a step has added
                _execute(db, statements, indexes=True)
            if number != NUMBER:
                db.execute(f"PRAGMA user_version = {NUMBER}")
                db.execute(
                    "INSERT OR REPLACE INTO sandbox_schema VALUES (?, ?, ?)",
                    (NUMBER, version(), stamp(now)),
                )
        except BaseException:
            # a full disk has ended it already
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def is_new(path: pathlib.Path) -> bool:
    """Return whether nothing has been written into a database."""
    return not path.exists() or not path.stat().st_size


def without_waiting(db: sqlite3.Connection) -> None:
    """Let a connection that fills a new database not wait for the disk.

    What a power cut can take then is made anew in a second; thirty waits
    are half of what a start takes.
    """
    db.execute("PRAGMA synchronous=OFF")


def _execute(
    db: sqlite3.Connection, statements: Iterable[str], *, indexes: bool
) -> None:
    """Execute the statements that make indexes, or all others."""
    for statement in statements:
        if statement.startswith("CREATE INDEX") == indexes:
            db.execute(statement)


def _names(db: sqlite3.Connection) -> set[str]:
    """Return the names of the tables and indexes of a database."""
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def made_by(file: File) -> frozenset[str]:
    """Return the tables and indexes of a database of this version."""
    return _made_by((_TABLE, *file.tables))


@functools.cache
def _made_by(statements: tuple[str, ...]) -> frozenset[str]:
    """Return the names of what some statements create; to execute them for
    it takes longer than to seed a site."""
    found = [_CREATES.match(statement) for statement in statements]
    return frozenset(name[1] for name in found if name is not None)


def _steps(file: File, number: int | None) -> list[Step]:
    """Return the steps still to do; a new database has none."""
    if number is None:
        return []
    found = (file.steps.get(n) for n in range(number, NUMBER))
    return [step for step in found if step is not None]


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    try:
        made.row_factory = sqlite3.Row
        yield made
    finally:
        made.close()


#: opens the file of a copy
_target = _opened


@contextlib.contextmanager
def _spared(file: File) -> Iterator[None]:
    """Let a site start although the database of the other one is broken."""
    try:
        yield
    except Unreadable as problem:
        if file.needed:
            raise
        LOG.warning("%s", problem)


@contextlib.contextmanager
def _problems_of(path: pathlib.Path) -> Iterator[None]:
    """Turn each error of a database into one sentence with its name."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise Unreadable(
            f"{path} cannot be opened or upgraded: {_why(error)}; it is as "
            "it was."
        ) from error


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
