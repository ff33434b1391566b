"""The connections of a database: how many there are, and whose."""

import pathlib
import sqlite3
import threading
from collections.abc import Callable

import pytest

from fakeserver.base import db
from fakeserver.base.db import Database


@pytest.fixture
def database(tmp_path: pathlib.Path) -> Database:
    return Database(tmp_path / "a.db", ("CREATE TABLE t (x)",))


def in_thread(work: Callable[[], object]) -> object:
    """What a thread of its own returns; it has ended then."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def borrowed(database: Database) -> int:
    with database.borrowing():
        return id(database.connection())


def test_one_connection_serves_the_threads_that_come_after_each_other(
    database: Database,
) -> None:
    # the one that this thread has made the tables with, and would keep
    database.close()
    first = borrowed(database)
    assert {in_thread(lambda: borrowed(database)) for _ in range(4)} == {first}


def test_two_threads_at_a_time_have_two_connections(
    database: Database,
) -> None:
    with database.borrowing():
        mine = id(database.connection())
        assert in_thread(lambda: borrowed(database)) != mine


def test_what_is_taken_within_is_given_back_by_the_outermost(
    database: Database,
) -> None:
    database.close()
    with database.borrowing():
        mine = id(database.connection())
        with database.borrowing():
            assert id(database.connection()) == mine
        assert in_thread(lambda: borrowed(database)) != mine
    assert in_thread(lambda: borrowed(database)) is not None


def test_what_was_taken_before_is_kept(database: Database) -> None:
    mine = id(database.connection())
    assert borrowed(database) == mine
    assert in_thread(lambda: borrowed(database)) != mine
    assert id(database.connection()) == mine


def test_a_connection_in_a_transaction_is_not_passed_on(
    database: Database,
) -> None:
    database.close()
    with database.borrowing():
        left = database.connection()
        left.execute("BEGIN IMMEDIATE")
        left.execute("INSERT INTO t VALUES (1)")
        del left
    # the lock is gone with it, and so is the row
    assert in_thread(lambda: database.all("SELECT x FROM t")) == []
    with database.transaction() as tx:
        tx.execute("INSERT INTO t VALUES (2)")


def test_a_database_that_is_closed_meanwhile_takes_nothing_back(
    database: Database,
) -> None:
    with database.borrowing():
        old = database.connection()
        database.close()
    with pytest.raises(sqlite3.ProgrammingError):
        old.execute("SELECT 1")
    assert database.all("SELECT x FROM t") == []


def test_a_connection_keeps_little(database: Database) -> None:
    (kept,) = database.connection().execute("PRAGMA cache_size").fetchone()
    assert kept == -db.CACHE


def test_nothing_is_opened_before_it_is_used(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "none.db"
    Database(path)
    assert not path.exists()


def test_a_close_leaves_alone_what_another_thread_has(
    database: Database,
) -> None:
    """To close it in the middle of a question ends the process."""
    mine = database.connection()
    in_thread(database.close)
    assert mine.execute("SELECT 1").fetchone()[0] == 1
    # and who asks again has one of a database that is open
    again = database.connection()
    assert again is not mine
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        mine.execute("SELECT 1")


def test_a_transaction_does_not_outlive_its_database(
    database: Database,
) -> None:
    def nested(tx: sqlite3.Connection) -> None:
        tx.execute("INSERT INTO t VALUES (1)")
        in_thread(database.close)
        database.connection()

    def last(tx: sqlite3.Connection) -> None:
        tx.execute("INSERT INTO t VALUES (1)")
        in_thread(database.close)

    for work in (nested, last):
        with (
            pytest.raises(sqlite3.ProgrammingError, match="closed meanwhile"),
            database.transaction() as tx,
        ):
            work(tx)
    assert database.all("SELECT x FROM t") == []


def test_who_waits_gives_back_what_was_borrowed(database: Database) -> None:
    database.close()
    with database.borrowing():
        mine = id(database.connection())
        database.give_back()
        assert in_thread(lambda: borrowed(database)) == mine
        assert id(database.connection()) == mine
        # not what is in the middle of something
        with database.transaction():
            database.give_back()
            assert id(database.connection()) == mine
    assert borrowed(database) == mine


def test_what_is_not_borrowed_is_not_given_back(database: Database) -> None:
    mine = id(database.connection())
    database.give_back()
    assert id(database.connection()) == mine
    assert in_thread(lambda: borrowed(database)) != mine


def written(database: Database) -> int:
    with database.as_writer():
        return id(database.connection())


def test_those_who_write_hand_on_a_connection(database: Database) -> None:
    """Nobody else has it, and each keeps the one it had before."""
    mine = id(database.connection())
    writer = written(database)
    assert {in_thread(lambda: written(database)) for _ in range(4)} == {writer}
    assert id(database.connection()) == mine != writer
    with database.as_writer():
        # while it is in use, others write with their own
        assert id(database.connection()) == writer
        assert in_thread(lambda: written(database)) != writer
        # also within: it is the same one
        assert written(database) == writer


def test_a_writer_joins_the_transaction_that_it_is_in(
    database: Database,
) -> None:
    with database.transaction() as tx, database.as_writer():
        assert database.connection() is tx


def test_a_writer_that_failed_hands_nothing_on(database: Database) -> None:
    with pytest.raises(ValueError, match="no"), database.as_writer():
        database.connection().execute("BEGIN IMMEDIATE")
        raise ValueError("no")
    with database.as_writer(), database.transaction() as tx:
        tx.execute("INSERT INTO t VALUES (1)")
    assert len(database.all("SELECT * FROM t")) == 1


def test_a_writer_of_a_database_that_was_closed_is_not_handed_on(
    database: Database,
) -> None:
    with database.as_writer():
        writer = database.connection()
        database.close()
    with database.as_writer():
        assert database.connection() is not writer
