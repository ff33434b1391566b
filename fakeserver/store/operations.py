"""The table of operations: the record for the API, the state for a restart."""

import contextlib
import dataclasses
import sqlite3
from collections.abc import Sequence
from typing import Any

from fakeserver.base.db import Database, dump, load
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.operation_record import OperationRecord
from fakeserver.engine.model.operation_state import OperationState

UNFINISHED = ("pending", "running", "rolling_back")
_WHOLE = """SELECT *, (SELECT json_group_object(server_id, json(ports))
    FROM pg_operation_ports WHERE operation_id = id) AS ports
FROM pg_operations JOIN pg_records USING (seq)"""
#: so many records are one row of an answer, as many as a page has by itself.
#: With a row each, as many threads as ask for lists take turns at each row;
#: with a thousand in one row, its memory is taken from the system anew for
#: each list
RECORDS_TOGETHER = 100
#: SQLite joins what the inner query has in the order of that query
_TOGETHER = """
SELECT CAST(group_concat(doc) AS BLOB) AS text, count(*) AS number,
    min(seq) AS oldest
FROM (SELECT {doc} AS doc, seq FROM pg_operations JOIN pg_records USING (seq)
    WHERE {which} ORDER BY seq DESC LIMIT ?) AS found"""
_MARKER = "SELECT seq FROM pg_operations WHERE id = ? AND project_id = ?"
_BEYOND = f"seq < ({_MARKER})"
#: the same of the end of a page, and the id of the last one, where there is an
#: older one: one question, so that nothing comes between two of them
_END = f"""
SELECT text, number, oldest, CASE WHEN number = ? AND EXISTS
    (SELECT 1 FROM pg_operations WHERE {{older}})
    THEN (SELECT id FROM pg_operations WHERE seq = oldest) END AS last
FROM ({_TOGETHER}) AS held"""
_NEWEST = 1 << 62
#: groups that are looked up one by one; of more all that is open is read
_NAMED = 100
#: in SQL, of an operation that is not finished
OPEN = "status IN ('pending', 'running', 'rolling_back')"


@dataclasses.dataclass
class Operation:
    id: str
    project_id: str
    group_id: str
    type: str
    request_id: str
    record: OperationRecord
    state: OperationState = dataclasses.field(
        default_factory=OperationState, repr=False
    )
    #: the record as it was written when the operation was added
    text: str | None = dataclasses.field(
        default=None, repr=False, compare=False
    )

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def finished(self) -> bool:
        return self.status not in UNFINISHED


@dataclasses.dataclass(frozen=True)
class Page:
    """A page of records as JSON in UTF-8, in pieces to be joined by commas;
    they were written so, and are not decoded to be encoded again."""

    pieces: list[bytes]
    #: the id of the last one, where there are more
    next_after: str | None = None


def _operation(row: sqlite3.Row) -> Operation:
    state = OperationState.from_json(load(row["work"]))
    state.ports |= load(row["ports"])
    return Operation(
        id=row["id"],
        project_id=row["project_id"],
        group_id=row["group_id"],
        type=row["type"],
        request_id=row["request_id"],
        record=OperationRecord.from_json(load(row["doc"])),
        state=state,
    )


def add(tx: sqlite3.Connection, *several: Operation) -> None:
    """Write new operations, in their order, and what they show as JSON."""
    columns: list[str] = []
    for one in several:
        one.text = dump(one.record.to_json())
        columns += (
            *(one.id, one.project_id, one.group_id, one.type, one.status),
            *(one.request_id, dump(one.state.to_json())),
        )
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(several))
    made = tx.execute(
        "INSERT INTO pg_operations (id, project_id, group_id, type, status, "
        f"request_id, work) VALUES {rows}",
        columns,
    )
    # nobody else adds one within this transaction
    assert made.lastrowid is not None
    first = made.lastrowid - len(several) + 1
    records: list[int | str | None] = []
    for seq, one in enumerate(several, first):
        records += seq, one.text
    rows = ", ".join(["(?, ?)"] * len(several))
    tx.execute(f"INSERT INTO pg_records VALUES {rows}", records)


def text_of(operation: Operation) -> str:
    """Return the record as JSON; of an operation that was just added it is
    not made again."""
    return operation.text or dump(operation.record.to_json())


def save(tx: sqlite3.Connection, operation: Operation) -> None:
    tx.execute(
        "UPDATE pg_operations SET status = ?, work = ? WHERE id = ?",
        (
            operation.status,
            dump(operation.state.to_json()),
            operation.id,
        ),
    )
    _forget_ports(tx, operation.id)
    _write_record(tx, operation)


def save_record(tx: sqlite3.Connection, operation: Operation) -> None:
    """Write what the API shows of an operation, without its state."""
    tx.execute(
        "UPDATE pg_operations SET status = ? WHERE id = ? AND status != ?",
        (operation.status, operation.id, operation.status),
    )
    _write_record(tx, operation)


def save_ports(
    tx: sqlite3.Connection, operation: Operation, server_id: str
) -> None:
    """Write the ports of an instance that the state notes, and nothing else
    of it: the whole, which grows with the members, would be written for each
    of them."""
    tx.execute(
        "INSERT OR REPLACE INTO pg_operation_ports VALUES (?, ?, ?)",
        (operation.id, server_id, dump(operation.state.ports[server_id])),
    )


def _forget_ports(tx: sqlite3.Connection, operation_id: str) -> None:
    """Delete what was written apart: the whole state has it."""
    tx.execute(
        "DELETE FROM pg_operation_ports WHERE operation_id = ?",
        (operation_id,),
    )


def _write_record(tx: sqlite3.Connection, operation: Operation) -> None:
    tx.execute(
        "UPDATE pg_records SET doc = ? "
        "WHERE seq = (SELECT seq FROM pg_operations WHERE id = ?)",
        (dump(operation.record.to_json()), operation.id),
    )


def discard(tx: sqlite3.Connection, operation_id: str) -> None:
    """Delete an operation whose start the peer refused."""
    tx.execute(
        "DELETE FROM pg_records "
        "WHERE seq = (SELECT seq FROM pg_operations WHERE id = ?)",
        (operation_id,),
    )
    _forget_ports(tx, operation_id)
    tx.execute("DELETE FROM pg_operations WHERE id = ?", (operation_id,))


def find(db: Database, operation_id: str) -> Operation | None:
    row = db.one(f"{_WHOLE} WHERE id = ?", operation_id)
    return None if row is None else _operation(row)


def get(db: Database, project_id: str, operation_id: str) -> dict[str, Any]:
    """Return the record as the newest microversion shows it."""
    return dict(load(written(db, project_id, operation_id)))


def written(
    db: Database,
    project_id: str,
    operation_id: str,
    without: str | None = None,
) -> str:
    """Return the JSON of a record; ``without`` is a field that is left
    out."""
    row = db.one(
        f"SELECT {_doc(without)} FROM pg_operations "
        "JOIN pg_records USING (seq) WHERE id = ? AND project_id = ?",
        operation_id,
        project_id,
    )
    if row is None:
        raise RequestRefused(
            "not-found", f"No operation with id {operation_id}"
        )
    return str(row[0])


def _doc(without: str | None) -> str:
    return "doc" if without is None else f"json_remove(doc, '$.{without}')"


def unfinished(db: Database, group_id: str | None = None) -> list[Operation]:
    """Return the unfinished operations; a group has at most one."""
    if group_id is None:
        rows = db.all(f"{_WHOLE} WHERE {OPEN} ORDER BY seq")
    else:
        rows = db.all(
            f"{_WHOLE} WHERE group_id = ? AND {OPEN}",
            group_id,
        )
    return [_operation(row) for row in rows]


def met(db: Database, asked: Sequence[tuple[str, str]]) -> set[str]:
    """Return the ids of the groups that have an unfinished operation, or one
    that a request has started.

    :param asked: group id and request id, at most 100.
    """
    groups = [group_id for group_id, _ in asked]
    marks = ", ".join("?" * len(asked))
    rows = db.all(
        "SELECT request_id, group_id FROM pg_operations "
        f"WHERE request_id IN ({marks})",
        *[request_id for _, request_id in asked],
    )
    started = {(row["group_id"], row["request_id"]) for row in rows}
    known = {one[0] for one in asked if one in started}
    return known.union(running(db, groups))


def running(db: Database, group_ids: Sequence[str]) -> dict[str, str]:
    """Return the ids of the unfinished operations, by group."""
    if len(group_ids) <= _NAMED:
        named = ", ".join("?" * len(group_ids))
        rows = db.all(
            "SELECT group_id, id FROM pg_operations "
            f"WHERE group_id IN ({named}) AND {OPEN}",
            *group_ids,
        )
        return {row[0]: row[1] for row in rows}
    wanted = set(group_ids)
    rows = db.all(f"SELECT group_id, id FROM pg_operations WHERE {OPEN}")
    return {row[0]: row[1] for row in rows if row[0] in wanted}


def tests_of(db: Database, group_id: str) -> set[str]:
    """Return the ids of the test failovers of a group."""
    rows = db.all(
        "SELECT id FROM pg_operations WHERE group_id = ? "
        "AND type = 'test_failover'",
        group_id,
    )
    return {row["id"] for row in rows}


def by_request(
    db: Database, project_id: str, group_id: str, request_id: str
) -> Operation | None:
    """Find the operation that this request id has started."""
    row = db.one(
        f"{_WHOLE} WHERE request_id = ? AND group_id = ? AND project_id = ?",
        request_id,
        group_id,
        project_id,
    )
    return None if row is None else _operation(row)


def page(
    db: Database,
    project_id: str,
    limit: int,
    marker: str | None = None,
    group_id: str | None = None,
    type_: str | None = None,
    status: str | None = None,
    *,
    ids: Sequence[str] | None = None,
    without: str | None = None,
) -> Page:
    """Return up to ``limit`` records that are older than ``marker``, as what
    is between the brackets of a list in JSON. ``without`` is a field that is
    left out."""
    where, values = ["project_id = ?"], [project_id]
    if ids is not None:
        where = [f"id IN ({', '.join('?' * len(ids))})", "+project_id = ?"]
        values = [*ids, project_id]
    for column, value in (
        ("group_id", group_id),
        ("type", type_),
        ("status", status),
    ):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    doc = _doc(without)
    beyond = "seq < ?"
    after: list[str | int] = [_NEWEST]
    if marker is not None:
        # no question of its own: a page by a marker costs what the first does
        beyond, after = _BEYOND, [marker, project_id]
    older = " AND ".join([*where, "seq < oldest"])
    pieces: list[bytes] = []
    # a single question sees a single moment
    several = limit > RECORDS_TOGETHER
    with db.snapshot() if several else contextlib.nullcontext():
        while True:
            asked = min(limit, RECORDS_TOGETHER)
            which = " AND ".join([*where, beyond])
            question, given = _TOGETHER, [*values, *after, asked]
            if asked == limit:
                question, given = _END, [asked, *values, *given]
            row = db.one(
                question.format(doc=doc, which=which, older=older), *given
            )
            assert row is not None
            if row["number"]:
                pieces.append(row["text"])
            elif marker is not None and not pieces:
                _require_marker(db, project_id, marker)
            if row["number"] < asked:
                return Page(pieces)
            if asked == limit:
                return Page(pieces, row["last"])
            limit -= asked
            beyond, after = "seq < ?", [row["oldest"]]


def _require_marker(db: Database, project_id: str, marker: str) -> None:
    if db.one(_MARKER, marker, project_id) is None:
        raise RequestRefused(
            "bad-request",
            f"marker: no operation with id {marker}",
            field="marker",
        )
