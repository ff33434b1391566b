"""What happened, written down by the databases themselves.

Triggers keep each change of the tables that matter: a site cannot leave one
out, not even one that is a process of its own and is killed.
"""

import contextlib
import dataclasses
import functools
import json
import pathlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from fakeserver.base.seed_world import SITES
from fakeserver.engine.model.document import lasting

Row = dict[str, Any]
#: array, and a name of a volume there -> the one that it had first
Names = dict[tuple[str, str], str]

#: what its times may be apart by, in seconds: a millisecond, rounded
TICK = 0.002

_TABLE = """CREATE TABLE IF NOT EXISTS chaos_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
    kind TEXT NOT NULL, what TEXT NOT NULL, row TEXT NOT NULL)"""
_NOW = "(julianday('now') - 2440587.5) * 86400.0"
#: table -> what is kept of a row, and which changes of one are none
_SITE = {
    "pg_groups": (
        "json_object('id', {0}.id, 'doc', json_set({0}.doc, '$.members', "
        "(SELECT json_group_array(json(member)) FROM (SELECT member FROM "
        "pg_members WHERE group_id = {0}.id ORDER BY seq))))",
        "NEW.doc IS NOT OLD.doc",
    ),
    "pg_operations": (
        "json_object('id', {0}.id, 'group', {0}.group_id, "
        "'status', {0}.status, 'committed', "
        "json_extract({0}.work, '$.committed'))",
        "NEW.status IS NOT OLD.status OR json_extract(NEW.work, "
        "'$.committed') IS NOT json_extract(OLD.work, '$.committed')",
    ),
    "nova_servers": (
        "json_object('id', {0}.id, 'doc', json({0}.doc))",
        "json_extract(NEW.doc, '$.status') IS NOT "
        "json_extract(OLD.doc, '$.status')",
    ),
}
_ARRAYS = {
    "arr_volumes": (
        "json_object('array', {0}.array, 'name', {0}.name, 'serial', "
        "{0}.serial, 'size', {0}.size, 'point', {0}.snapshot_id, 'writing', "
        "{0}.writing, 'content', {0}.content_at)",
        "1",
    ),
    "arr_points": (
        "json_object('id', {0}.id, 'pg', {0}.pg, 'source', {0}.source, "
        "'target', {0}.target, 'created', {0}.created_at, 'complete', "
        "{0}.complete_at, 'volumes', json({0}.volumes))",
        "1",
    ),
    "arr_links": (
        "json_object('pg', {0}.pg, 'source', {0}.source, 'target', "
        "{0}.target, 'running', {0}.running, 'volumes', json({0}.volumes))",
        "NEW.running IS NOT OLD.running",
    ),
    "arr_kept": (
        "json_object('array', {0}.array, 'volume', {0}.volume, "
        "'content', {0}.content_at)",
        "1",
    ),
}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One change: where in its database's order, when, and to what."""

    seq: int
    #: seconds since the epoch by the machine's clock, to a millisecond
    at: float
    #: ``insert``, ``update`` or ``delete``; of the last, the row before it
    what: str
    row: Row


def _triggers(table: str, kept: str, change: str) -> Iterator[str]:
    events = {
        "insert": ("INSERT", "", kept.format("NEW")),
        "update": ("UPDATE", f"WHEN {change}", kept.format("NEW")),
        "delete": ("DELETE", "", kept.format("OLD")),
    }
    for what, (event, when, row) in events.items():
        yield (
            f"CREATE TRIGGER IF NOT EXISTS chaos_{table}_{what} "
            f"AFTER {event} ON {table} {when} BEGIN "
            "INSERT INTO chaos_log (at, kind, what, row) "
            f"VALUES ({_NOW}, '{table}', '{what}', {row}); END"
        )


def begin(pair: Any) -> None:
    """Have all three databases of a pair keep what happens to them from
    now on, beginning with what there is."""
    for path, tables in _paths(pair):
        with _opened(path) as db:
            db.execute(_TABLE)
            db.execute("DELETE FROM chaos_log")
            for table, (kept, change) in tables.items():
                for statement in _triggers(table, kept, change):
                    db.execute(statement)
                db.execute(
                    "INSERT INTO chaos_log (at, kind, what, row) "
                    f"SELECT {_NOW}, '{table}', 'insert', "
                    f"{kept.format(table)} FROM {table}"
                )


def read(pair: Any) -> "History":
    """All that has happened since the beginning."""
    found = [_read(path) for path, _ in _paths(pair)]
    first = _under_first_names(found[2])
    return History(dict(zip(SITES, found[:2], strict=True)), found[2], first)


def _under_first_names(arrays: dict[str, list["Entry"]]) -> Names:
    """Put the name that an array volume had first into each entry, and
    return it for each name that one ever had: Cinder renames them."""
    born: dict[str, str] = {}
    first: Names = {}
    for one in arrays.get("arr_volumes", []):
        array, name = one.row["array"], one.row["name"]
        called = born.setdefault(one.row["serial"], name)
        first[array, name] = one.row["name"] = called
    for one in arrays.get("arr_points", []):
        array = one.row["source"]
        one.row["volumes"] = {
            first.get((array, name), name): held
            for name, held in one.row["volumes"].items()
        }
    for one in arrays.get("arr_links", []):
        array = one.row["source"]
        one.row["volumes"] = [
            first.get((array, name), name) for name in one.row["volumes"]
        ]
    for one in arrays.get("arr_kept", []):
        key = one.row["array"], one.row["volume"]
        one.row["volume"] = first.get(key, key[1])
    return first


def _read(path: pathlib.Path) -> dict[str, list["Entry"]]:
    found: dict[str, list[Entry]] = {}
    with _opened(path) as db:
        for seq, at, kind, what, row in db.execute(
            "SELECT * FROM chaos_log ORDER BY seq"
        ):
            entry = Entry(seq, at, what, json.loads(row))
            found.setdefault(kind, []).append(entry)
    return found


def _paths(pair: Any) -> Iterator[tuple[pathlib.Path, Any]]:
    for name in SITES:
        yield pair.site(name).config.database, _SITE
    yield pair.site(SITES[0]).config.arrays, _ARRAYS


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as db, db:
        yield db


@dataclasses.dataclass
class History:
    """What happened at both sites, and on the arrays."""

    sites: dict[str, dict[str, list[Entry]]]
    #: of volumes under the names that they had first
    arrays: dict[str, list[Entry]]
    first: Names

    def first_name(self, array: str, name: str) -> str:
        """The name that an array volume had before Cinder renamed it."""
        return self.first.get((array, name), name)

    def documents(self, site: str, group: str) -> list[Entry]:
        """The versions of a document; a power state alone makes none."""
        found: list[Entry] = []
        for one in self.sites[site].get("pg_groups", []):
            if one.row["id"] != group or one.what == "delete":
                continue
            doc = lasting(one.row["doc"])
            if not found or found[-1].row["doc"] != doc:
                row = {**one.row, "doc": doc}
                found.append(dataclasses.replace(one, row=row))
        return found

    def operations(self, site: str, operation: str) -> list[Entry]:
        return [
            one
            for one in self.sites[site].get("pg_operations", [])
            if one.row["id"] == operation
        ]

    def commit(self, site: str, operation: str) -> Entry | None:
        """When an operation's outcome was written, if it was."""
        for one in self.operations(site, operation):
            if one.row["committed"]:
                return one
        return None

    def servers(self, site: str) -> list[Entry]:
        return self.sites[site].get("nova_servers", [])

    @functools.cached_property
    def points(self) -> dict[str, Row]:
        """Each recovery point that ever was, as it was last."""
        return {
            one.row["id"]: one.row
            for one in self.arrays.get("arr_points", [])
            if one.what != "delete"
        }

    def volume(
        self, array: str, name: str, fits: Callable[[Entry], bool]
    ) -> Entry | None:
        """The last change of an array volume that fits."""
        for one in reversed(self.arrays.get("arr_volumes", [])):
            row = one.row
            if (row["array"], row["name"]) == (array, name) and fits(one):
                return one
        return None
