"""Records that an admin manages by name: sites and tenant mappings."""

import sqlite3
from typing import Any

from fakeserver.base.db import Database, dump, load
from fakeserver.base.errors import RequestRefused


class Registry:
    """One table of records, found by id and listed by name."""

    def __init__(self, table: str, noun: str) -> None:
        self._table = table
        self._noun = noun

    def get(self, db: Database, record_id: str) -> dict[str, Any]:
        """Return the record; refuse an id that does not exist."""
        row = db.one(f"SELECT doc FROM {self._table} WHERE id = ?", record_id)
        if row is None:
            raise self.unknown(record_id)
        return dict(load(row["doc"]))

    def unknown(self, record_id: str) -> RequestRefused:
        """Return the refusal of an id that does not exist."""
        return RequestRefused(
            "not-found", f"No {self._noun} with id {record_id}"
        )

    def all(self, db: Database) -> list[dict[str, Any]]:
        rows = db.all(f"SELECT doc FROM {self._table} ORDER BY name, id")
        return [load(row["doc"]) for row in rows]

    def page(
        self,
        db: Database,
        limit: int,
        marker: str | None = None,
        name: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return up to ``limit`` records after ``marker``, by name."""
        # no name is empty
        where, values = ["name > ''"], []
        if name is not None:
            where.append("name = ?")
            values.append(name)
        if marker is not None:
            row = db.one(
                f"SELECT name, id FROM {self._table} WHERE id = ?", marker
            )
            if row is None:
                raise RequestRefused(
                    "bad-request",
                    f"marker: no {self._noun} with id {marker}",
                    field="marker",
                )
            where.append("(name, id) > (?, ?)")
            values += [row["name"], row["id"]]
        sql = (
            f"SELECT doc FROM {self._table} WHERE {' AND '.join(where)} "
            "ORDER BY name, id LIMIT ?"
        )
        return [load(row["doc"]) for row in db.all(sql, *values, limit)]

    def put(self, tx: sqlite3.Connection, record: dict[str, Any]) -> None:
        """Write a record, new or changed; refuse a name that exists
        already."""
        try:
            tx.execute(
                f"INSERT INTO {self._table} (id, name, doc) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET "
                "name = excluded.name, doc = excluded.doc",
                (record["id"], record["name"], dump(record)),
            )
        except sqlite3.IntegrityError as error:
            raise RequestRefused(
                "name-conflict",
                f"A {self._noun} named {record['name']} exists already",
            ) from error

    def delete(self, tx: sqlite3.Connection, record_id: str) -> None:
        tx.execute(f"DELETE FROM {self._table} WHERE id = ?", (record_id,))
