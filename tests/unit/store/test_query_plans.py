"""No list walks through a table: every question goes by an index."""

import itertools
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeserver.api import render
from fakeserver.base.db import Database
from fakeserver.store import groups, operations, schema
from fakeserver.store.mappings import MAPPINGS
from fakeserver.store.sites import SITES
from tests.helpers.api_parts import operation

PROJECT = "p"
#: the way through what an inner query has found
_OF_FEW = (
    *("CO-ROUTINE found", "SCAN found", "SCALAR SUBQUERY 1"),
    *("CO-ROUTINE held", "SCAN held"),
)
RECORD = render.protection_group((1, 2))
BRIEF = render.protection_group((1, 2), only=["metadata_brief"])
INSTANCES = render.protection_group((1, 2), only=["instances"])


@pytest.fixture
def db(tmp_path: pathlib.Path) -> Iterator[Database]:
    made = Database(tmp_path / "plans.db", schema.SCHEMA)
    with made.transaction() as tx:
        # a marker has to be there
        tx.execute(
            "INSERT INTO pg_groups (id, project_id, name, status, doc, local)"
            " VALUES ('marker', 'p', 'n', 'active', '{}', '{}')"
        )
        tx.execute(
            "INSERT INTO pg_operations (id, project_id, group_id, type, "
            "status, request_id, work) VALUES "
            "('marker', 'p', 'g', 'failover', 'failed', 'r', '{}')"
        )
        for table in ("pg_sites", "pg_mappings"):
            tx.execute(f"INSERT INTO {table} VALUES ('marker', 'n', '{{}}')")
    yield made
    made.close()


def plans(db: Database, ask: Callable[[], object]) -> list[str]:
    """The plan of each question that a function asks, without the way through
    the few records that an inner query has found."""
    asked: list[str] = []
    connection = db.connection()
    connection.set_trace_callback(asked.append)
    try:
        ask()
    finally:
        connection.set_trace_callback(None)
    assert asked
    return [
        row["detail"]
        for sql in asked
        for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
        if row["detail"] not in _OF_FEW
        and not row["detail"].startswith(("CORRELATED", "SCALAR SUBQUERY"))
    ]


def filters(*values: str) -> Iterator[tuple[str | None, ...]]:
    """Each choice of filters, with and without each."""
    return itertools.product(*((None, value) for value in values))


def test_operations(db: Database) -> None:
    count = 0
    for marker, group, kind, status in filters(
        "marker", "g", "failover", "failed"
    ):
        found = plans(
            db,
            lambda asked=(marker, group, kind, status): operations.page(
                db, PROJECT, 100, *asked
            ),
        )
        assert all(one.startswith("SEARCH") for one in found), found
        count += 1
    assert count == 16


def test_operations_by_id(db: Database) -> None:
    for marker, status in filters("marker", "failed"):
        found = plans(
            db,
            lambda asked=(marker, None, None, status): operations.page(
                db, PROJECT, 100, *asked, ids=("a", "b")
            ),
        )
        # a hundred at most are sorted
        searched = [one for one in found if "TEMP B-TREE" not in one]
        assert all(one.startswith("SEARCH") for one in searched), found


def test_a_filter_reads_no_row_that_it_does_not_show(db: Database) -> None:
    """The index of each filter has the others' columns, too."""
    for asked in filters("g", "failover", "failed"):
        found = plans(
            db,
            lambda asked=asked: operations.page(db, PROJECT, 9, None, *asked),
        )
        assert "COVERING INDEX" in found[0], found


def test_groups(db: Database) -> None:
    for asked in filters("marker", "n", "active"):
        found = plans(
            db,
            lambda a=asked: groups.written_page(db, RECORD, PROJECT, 100, *a),
        )
        assert all(one.startswith("SEARCH") for one in found), found


def test_metadata_of_groups_in_brief(db: Database) -> None:
    found = plans(db, lambda: groups.written_page(db, BRIEF, PROJECT, 100))
    tables = [one for one in found if " pg_" in one]
    assert len(tables) == 2
    assert all(one.startswith("SEARCH") for one in tables), found


def test_instances_of_groups(db: Database) -> None:
    found = plans(db, lambda: groups.written_page(db, INSTANCES, PROJECT, 100))
    tables = [one for one in found if " pg_" in one]
    assert len(tables) == 3
    assert all(one.startswith("SEARCH") for one in tables), found


@pytest.mark.parametrize("ids", [None, ["marker", "other"]])
def test_revisions_of_groups_are_read_from_indexes(
    db: Database, ids: list[str] | None
) -> None:
    """A report reads the document of a group when its row has changed."""
    for marker in (None, "marker"):
        found = plans(
            db,
            lambda m=marker: groups.revisions_page(db, PROJECT, 100, m, ids),
        )
        searched = [one for one in found if one.startswith("SEARCH")]
        assert len(searched) == (2 if marker is None else 3), found
        assert any("pg_groups_revision" in one for one in searched), found
        if ids is None:
            assert all("COVERING INDEX" in one for one in searched[-2:]), found


@pytest.mark.parametrize("registry", [SITES, MAPPINGS])
def test_what_an_admin_lists(db: Database, registry: Any) -> None:
    for marker, name in filters("marker", "n"):
        found = plans(
            db, lambda asked=(marker, name): registry.page(db, 100, *asked)
        )
        assert all(one.startswith("SEARCH") for one in found), found


def test_what_the_engine_looks_for(db: Database) -> None:
    """At its start, and each second."""
    for ask in (
        lambda: operations.unfinished(db),
        lambda: operations.unfinished(db, "g"),
        lambda: operations.running(db, ["g"]),
        lambda: groups.with_push(db, "due"),
        lambda: groups.to_look_at(db),
        lambda: groups.revision(db, "g"),
        lambda: operations.by_request(db, PROJECT, "g", "r"),
        lambda: operations.met(db, [("g", "r"), ("h", "s")]),
        lambda: groups.without_members(db, ["g", "h"]),
    ):
        found = [one for one in plans(db, ask) if "FOR ORDER BY" not in one]
        assert all(one.startswith("SEARCH") for one in found), found


def test_an_unfinished_one_is_found(db: Database) -> None:
    record = operation(1, status="running")
    with db.transaction() as tx:
        operations.add(
            tx,
            operations.Operation(
                record["id"],
                PROJECT,
                "g",
                "failover",
                record["request_id"],
                operations.OperationRecord.from_json(record),
            ),
        )
    assert [one.id for one in operations.unfinished(db)] == [record["id"]]
