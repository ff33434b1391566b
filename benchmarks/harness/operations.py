"""Operations by the hundred thousand: copies of one, written by SQL."""

import contextlib
import pathlib
import sqlite3

#: one in so many has failed
FAILED = 1000
_COPIES = f"""
WITH RECURSIVE numbers (n) AS (
    SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO pg_operations
    (id, project_id, group_id, type, status, request_id, work)
SELECT printf('op-00000000-0000-4000-8000-%012d', n), project_id, group_id,
    type, iif(n % {FAILED} = 0, 'failed', status), request_id, work
FROM pg_operations CROSS JOIN numbers WHERE id = ?"""
_RECORDS = """
INSERT INTO pg_records
SELECT copy.seq, json_set(doc, '$.id', copy.id, '$.status', copy.status)
FROM pg_operations AS first JOIN pg_records USING (seq)
CROSS JOIN pg_operations AS copy
WHERE first.id = ? AND copy.seq > first.seq"""


def copy(database: pathlib.Path, identifier: str, number: int) -> None:
    """Write copies of an operation into the database of a site."""
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute(_COPIES, (number, identifier))
        db.execute(_RECORDS, (identifier,))


def copied_id(number: int) -> str:
    """Return the id of a copy, from 1; the highest is the newest."""
    return f"op-00000000-0000-4000-8000-{number:012d}"


def last_page(size: int) -> str:
    """Return the query of the last page of so many copies."""
    return f"marker={copied_id(size + 1)}"
