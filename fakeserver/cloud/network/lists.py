"""Neutron's long lists: what a request asks for is found by an index, and of
many resources only its page is read."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flask

from fakeserver.base.db import load_all
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.rules import (
    FIXED_IPS,
    NOT_FILTERS,
    fields,
    fixed_ips,
    listed,
)
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
#: of a port, which has one fixed address: what the filter of those compares
FIXED = {"ip_address": "ip_address", "subnet_id": key_of("subnet_id")}
_NONE: Mapping[str, str] = {}
#: what makes a caller see a resource: SQL with an index for each reason, and
#: its values
Seen = Sequence[tuple[str, Sequence[Any]]]


def networks_seen(caller: Token) -> Seen:
    """Return why the caller sees networks: its own, and shared ones."""
    if caller.is_admin:
        return [("1", ())]
    own = caller.project_id
    return [("project_id = ?", (own,)), (f"{key_of('shared')} = 1", ())]


def on_networks_seen(caller: Token) -> Seen:
    """Return why the caller sees what is on a network."""
    if caller.is_admin:
        return [("1", ())]
    reasons = networks_seen(caller)
    where = " OR ".join(reason for reason, _ in reasons)
    return [(_on(where), [one for _, some in reasons for one in some])]


def on_own_networks(caller: Token) -> Seen:
    """Return why the owner of a network sees what is on it."""
    return [(_on("project_id = ?"), (caller.project_id,))]


def _on(where: str) -> str:
    """Return the SQL of what is on a network of some kind."""
    return (
        f"EXISTS (SELECT 1 FROM {NETWORKS.name} AS net "
        f"WHERE net.id = network_id AND ({where}))"
    )


def filtered(
    known: Mapping[str, str], known_fixed: Mapping[str, str]
) -> tuple[list[str], list[Any]]:
    """Return the SQL of those filters of the request that have an index."""
    where: list[str] = []
    values: list[Any] = []
    for name, column in known.items():
        wanted = flask.request.args.getlist(name)
        if wanted and all(text.isascii() for text in wanted):
            asked = [*wanted, *(text.lower() for text in wanted)]
            where.append(_is_one_of(column, asked))
            values += asked
    held = fixed_ips(flask.request.args.getlist(FIXED_IPS))
    if held.keys() and held.keys() <= known_fixed.keys():
        where.append(
            " AND ".join(
                _is_one_of(known_fixed[key], some)
                for key, some in held.items()
            )
        )
        values += [one for some in held.values() for one in some]
    return where, values


def _is_one_of(column: str, values: Sequence[Any]) -> str:
    return f"{column} IN ({', '.join('?' * len(values))})"


def answered(
    db: sqlite3.Connection,
    table: Table,
    plural: str,
    seen: Seen,
    known: Mapping[str, str],
    shown: Shown,
    known_fixed: Mapping[str, str] = _NONE,
) -> Answer:
    """Answer a list of what the caller sees.

    :param known: the filters that have an index, with its SQL.
    :param known_fixed: the SQL of what is compared of a fixed address.
    """
    args = flask.request.args
    parts, values = filtered(known, known_fixed)
    if len(parts) < len(set(args) - NOT_FILTERS) or "sort_key" in args:
        # the others are looked for in what is shown
        found = _select(db, table, seen, parts, values)
        return listed(plural, shown(found))
    limit, after = web.page_limit(), 0
    if marker := args.get("marker"):
        if not _select(db, table, seen, ["id = ?", *parts], [marker, *values]):
            raise CloudError(400, f"marker [{marker}] not found")
        after = table.seq(db, marker)
    found = _select(db, table, seen, parts, values, after, limit + 1)
    body: Doc = {plural: [fields(one) for one in shown(found[:limit])]}
    if len(found) > limit:
        body[f"{plural}_links"] = [web.next_page(found[limit - 1]["id"])]
    return body


def _select(
    db: sqlite3.Connection,
    table: Table,
    seen: Seen,
    parts: Sequence[str],
    values: Sequence[Any],
    after: int = 0,
    limit: int = -1,
) -> list[Doc]:
    """Return the resources that fit all parts, for any of the reasons, oldest
    first. Each reason has an index in this order: where all reasons were one
    condition, a page would sort all resources."""
    found: dict[int, str] = {}
    # what is filtered is found by the filter's index, and by no other one
    plus = "+" if parts else ""
    for reason, more in seen:
        where = " AND ".join([*parts, f"{plus}({reason})", f"{plus}seq > ?"])
        for seq, text in db.execute(
            f"SELECT seq, doc FROM {table.name} WHERE {where} "
            f"ORDER BY {plus}seq LIMIT ?",
            (*values, *more, after, limit),
        ):
            found[seq] = text
    several = sorted(found) if limit < 0 else sorted(found)[:limit]
    return load_all(found[seq] for seq in several)


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
