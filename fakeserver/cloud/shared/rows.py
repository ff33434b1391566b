"""Documents in SQLite: one JSON column, beside it the columns to search by."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from fakeserver.base.db import dump, load_all

Doc = dict[str, Any]

#: how many values a statement of SQLite takes at the least
MOST_VALUES = 900


def key_of(key: str) -> str:
    """Return the SQL of a key of a document."""
    return f"json_extract(doc, '$.{key}')"


class Table:
    """A table of one kind of resource; ``columns`` repeat keys of the
    document."""

    def __init__(self, name: str, *columns: str) -> None:
        self.name = name
        self.columns = ("id", *columns)
        names = ", ".join((*self.columns, "doc"))
        marks = ", ".join("?" * (len(self.columns) + 1))
        updates = ", ".join(
            f"{column} = excluded.{column}" for column in (*columns, "doc")
        )
        self._put = (
            f"INSERT INTO {name} ({names}) VALUES ({marks}) "
            f"ON CONFLICT (id) DO UPDATE SET {updates}"
        )

    def schema(self, *constraints: str) -> str:
        """Return the SQL of the table; seq keeps the order of creation."""
        lines = [
            "seq INTEGER PRIMARY KEY AUTOINCREMENT",
            "id TEXT NOT NULL UNIQUE",
            *(f"{column} TEXT" for column in self.columns[1:]),
            "doc TEXT NOT NULL",
            *constraints,
        ]
        body = ", ".join(lines)
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({body})"

    def index(self, *columns: str) -> str:
        return (
            f"CREATE INDEX IF NOT EXISTS {self.name}_{'_'.join(columns)} "
            f"ON {self.name} ({', '.join(columns)})"
        )

    def key_index(self, key: str, collation: str = "BINARY") -> str:
        """Return the SQL of an index of a key that has no column."""
        return (
            f"CREATE INDEX IF NOT EXISTS {self.name}_key_{key} "
            f"ON {self.name} ({key_of(key)} COLLATE {collation})"
        )

    def count(
        self,
        db: sqlite3.Connection,
        project_id: str,
        *sums: str,
        owner: str = "project_id",
    ) -> list[int]:
        """Return the number of a project's documents, and the sums of some
        columns over them."""
        asked = ", ".join(
            ("count(*)", *(f"coalesce(sum({column}), 0)" for column in sums))
        )
        sql = f"SELECT {asked} FROM {self.name} WHERE {owner} = ?"
        return [int(n) for n in db.execute(sql, (project_id,)).fetchone()]

    def put(self, db: sqlite3.Connection, doc: Doc) -> None:
        values = [doc.get(column) for column in self.columns]
        db.execute(self._put, (*values, dump(doc)))

    def get(self, db: sqlite3.Connection, id_: str) -> Doc | None:
        found = self.select(db, "id = ?", (id_,))
        return found[0] if found else None

    def select(
        self,
        db: sqlite3.Connection,
        where: str = "1",
        values: Sequence[Any] = (),
        order: str = "seq",
    ) -> list[Doc]:
        """Select documents, oldest first; ``where`` is ours, never a
        user's."""
        sql = f"SELECT doc FROM {self.name} WHERE {where} ORDER BY {order}"
        return load_all(row[0] for row in db.execute(sql, values))

    def ids(
        self, db: sqlite3.Connection, where: str, values: Sequence[Any]
    ) -> list[str]:
        """Select the ids of documents, oldest first, without reading them."""
        sql = f"SELECT id FROM {self.name} WHERE {where} ORDER BY seq"
        return [row[0] for row in db.execute(sql, values)]

    def seq(self, db: sqlite3.Connection, id_: str) -> int:
        """Return the place of a document in the order of creation; 0 where
        there is none."""
        row = db.execute(
            f"SELECT seq FROM {self.name} WHERE id = ?", (id_,)
        ).fetchone()
        return int(row[0]) if row else 0

    def delete(self, db: sqlite3.Connection, id_: str) -> None:
        db.execute(f"DELETE FROM {self.name} WHERE id = ?", (id_,))
