"""Neutron's long lists: what a request asks for is found by an index, and of
many resources only its page is read."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flask

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.rules import NOT_FILTERS, fields, listed
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import MOST_VALUES, Doc, Table, key_of
from fakeserver.cloud.shared.schema import NETWORKS
from fakeserver.cloud.shared.web import Answer, CloudError

#: renders resources
Shown = Callable[[Sequence[Doc]], list[Doc]]

#: filter -> the SQL that has an index; ids have no capitals, and of names
#: capitals make no difference
ID, NETWORK_ID, DEVICE_ID = "id", "network_id", "device_id"
NAME = f"{key_of('name')} COLLATE NOCASE"
DESCRIPTION = f"{key_of('description')} COLLATE NOCASE"
#: networks that a project sees
_SEEN = f"project_id = ? OR {key_of('shared')} = 1"


def networks_seen(caller: Token, plus: str = "") -> tuple[str, list[Any]]:
    """Return the SQL of the networks that the caller sees; ``plus`` keeps
    the search to another index."""
    if caller.is_admin:
        return "1", []
    return f"({plus}{_SEEN})", [caller.project_id]


def on_networks_seen(caller: Token) -> tuple[str, list[Any]]:
    """Return the SQL of what is on a network that the caller sees."""
    if caller.is_admin:
        return "1", []
    seen = f"SELECT id FROM {NETWORKS.name} WHERE {_SEEN}"
    return f"network_id IN ({seen})", [caller.project_id]


def filtered(known: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    """Return the SQL of those filters of the request that have an index."""
    where: list[str] = []
    values: list[Any] = []
    for name, column in known.items():
        wanted = flask.request.args.getlist(name)
        if wanted and all(text.isascii() for text in wanted):
            asked = [*wanted, *(text.lower() for text in wanted)]
            where.append(f"{column} IN ({', '.join('?' * len(asked))})")
            values += asked
    return where, values


def answered(
    db: sqlite3.Connection,
    table: Table,
    plural: str,
    seen: tuple[str, Sequence[Any]],
    known: Mapping[str, str],
    shown: Shown,
) -> Answer:
    """Answer a list of what the caller sees.

    :param known: the filters that have an index, with its SQL.
    """
    args = flask.request.args
    parts, values = filtered(known)
    where = " AND ".join([*parts, seen[0]])
    values += seen[1]
    if len(parts) < len(set(args) - NOT_FILTERS) or "sort_key" in args:
        # the others are looked for in what is shown
        return listed(plural, shown(table.select(db, where, values)))
    limit = web.page_limit()
    after = 0
    if marker := args.get("marker"):
        row = db.execute(
            f"SELECT seq FROM {table.name} WHERE id = ? AND {where}",
            (marker, *values),
        ).fetchone()
        if row is None:
            raise CloudError(400, f"marker [{marker}] not found")
        after = row[0]
    rows = table.select(
        db, f"{where} AND seq > ?", (*values, after), f"seq LIMIT {limit + 1}"
    )
    body: Doc = {plural: [fields(one) for one in shown(rows[:limit])]}
    if len(rows) > limit:
        body[f"{plural}_links"] = [web.next_page(rows[limit - 1]["id"])]
    return body


def by(
    db: sqlite3.Connection, table: Table, column: str, values: Sequence[str]
) -> list[Doc]:
    """Return the documents whose column has one of some values."""
    found: list[Doc] = []
    for first in range(0, len(values), MOST_VALUES):
        some = values[first : first + MOST_VALUES]
        marks = ", ".join("?" * len(some))
        found += table.select(db, f"{column} IN ({marks})", some)
    return found
