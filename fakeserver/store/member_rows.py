"""The tables of members: a row for each, so that a change of a large group
writes what has changed."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from fakeserver.base.db import Database, dump
from fakeserver.engine.model.document import Doc
from fakeserver.store.group import Group

#: the SQL of a group's members as JSON, in the order of the document
MEMBERS = """(SELECT '[' || coalesce(group_concat(member), '') || ']'
    FROM (SELECT member FROM pg_members WHERE group_id = pg_groups.id
        ORDER BY seq) AS held)"""
#: what a member has at a site that no report of many groups needs: most of it
_LONG = ("attributes", "image_id", "volumes")
#: the SQL of a group's members as JSON without that
BRIEF = """(SELECT '[' || coalesce(group_concat(json_remove(
        member, '$.status', {})), '') || ']'
    FROM (SELECT member FROM pg_members WHERE group_id = pg_groups.id
        ORDER BY seq) AS held)""".format(
    ", ".join(
        f"'$.sites.\"' || json_extract(doc, '$.{site}') || '\".{field}'"
        for site in ("primary_site_id", "secondary_site_id")
        for field in _LONG
    )
)
#: the SQL of the ids of the instances that a group's document names, as
#: JSON: those of its members at each site, what a forced failover left of
#: them, and those of its tests
INSTANCES = """(SELECT json_group_array(DISTINCT named.id) FROM (
    SELECT instance_id AS id FROM pg_instances WHERE group_id = pg_groups.id
    UNION ALL SELECT json_extract(held.value, '$.left.instance_id')
        FROM pg_members, json_each(pg_members.member, '$.sites') AS held
        WHERE pg_members.group_id = pg_groups.id
        AND instr(pg_members.member, '"left":') > 0
    UNION ALL SELECT json_extract(built.value, '$.id')
        FROM json_each(pg_groups.doc, '$.tests') AS test,
        json_each(test.value, '$.instances') AS built
    ) AS named WHERE named.id IS NOT NULL)"""
#: the SQL of their number
NUMBER = "(SELECT count(*) FROM pg_members WHERE group_id = pg_groups.id)"

_ADD = "INSERT INTO pg_members (group_id, id, member) VALUES (?, ?, ?)"


def save(
    tx: sqlite3.Connection, group: Group, before: Sequence[Doc] | None
) -> None:
    """Write the members of a group, as far as they have changed.

    :param before: those that the database holds, where they are known as
        objects that nobody changes; others are read and compared.
    """
    members = group.doc["members"]
    now = {member["id"]: member for member in members}
    held: dict[str, Any]
    if before is None:
        held = dict(
            tx.execute(
                "SELECT id, member FROM pg_members WHERE group_id = ? "
                "ORDER BY seq",
                (group.id,),
            ).fetchall()
        )
        texts = {id_: group.text_of(one) for id_, one in now.items()}
        changed = [id_ for id_ in now if texts[id_] != held.get(id_)]
    else:
        held = {member["id"]: member for member in before}
        changed = [id_ for id_, one in now.items() if held.get(id_) is not one]
    gone = [id_ for id_ in held if id_ not in now]
    if not changed and not gone and list(held) == list(now):
        return
    left = [id_ for id_ in held if id_ in now] if gone else list(held)
    if list(now)[: len(left)] != left:
        # in another order
        gone, changed, held = list(held), list(now), {}
    where = "WHERE group_id = ? AND id = ?"
    tx.executemany(
        f"DELETE FROM pg_members {where}", [(group.id, id_) for id_ in gone]
    )
    for id_ in changed:
        text = group.text_of(now[id_])
        if id_ in held:
            tx.execute(
                f"UPDATE pg_members SET member = ? {where}",
                (text, group.id, id_),
            )
        else:
            tx.execute(_ADD, (group.id, id_, text))
    if before is None or gone:
        _note_instances(tx, group.id, members)
        return
    old = instances_of(held[id_] for id_ in changed if id_ in held)
    new = instances_of(now[id_] for id_ in changed)
    if old - new:
        _note_instances(tx, group.id, members)
    else:
        _add_instances(tx, group.id, new - old)


def write_all(
    tx: sqlite3.Connection, group_id: str, members: Sequence[Doc]
) -> None:
    """Write the members of a group of which there are none yet."""
    tx.executemany(_ADD, [(group_id, one["id"], dump(one)) for one in members])


def discard(tx: sqlite3.Connection, group_id: str) -> None:
    """Delete all of a group's."""
    for table in ("pg_members", "pg_instances", "pg_member_times"):
        tx.execute(f"DELETE FROM {table} WHERE group_id = ?", (group_id,))


# -- which instances they have


def instances_of(members: Iterable[Doc]) -> set[str]:
    """Return the ids of the instances that members have at a site."""
    return {
        held["instance_id"]
        for member in members
        for held in member["sites"].values()
        if held["instance_id"]
    }


def _note_instances(
    tx: sqlite3.Connection, group_id: str, members: Iterable[Doc]
) -> None:
    """Write which instances the members have, as far as that has changed."""
    now = instances_of(members)
    rows = tx.execute(
        "SELECT instance_id FROM pg_instances WHERE group_id = ?", (group_id,)
    )
    before = {row[0] for row in rows}
    tx.executemany(
        "DELETE FROM pg_instances WHERE group_id = ? AND instance_id = ?",
        [(group_id, one) for one in before - now],
    )
    _add_instances(tx, group_id, now - before)


def _add_instances(
    tx: sqlite3.Connection, group_id: str, instances: Iterable[str]
) -> None:
    tx.executemany(
        "INSERT OR IGNORE INTO pg_instances VALUES (?, ?)",
        [(group_id, one) for one in instances],
    )


# -- when they were added here


def note_time(
    tx: sqlite3.Connection, group_id: str, member_id: str, moment: str
) -> None:
    """Note when a member was added, ISO 8601 in UTC."""
    tx.execute(
        "INSERT OR REPLACE INTO pg_member_times VALUES (?, ?, ?)",
        (group_id, member_id, moment),
    )


def forget_time(tx: sqlite3.Connection, group_id: str, member_id: str) -> None:
    tx.execute(
        "DELETE FROM pg_member_times WHERE group_id = ? AND id = ?",
        (group_id, member_id),
    )


def times(
    db: Database, group_id: str, member_ids: Sequence[str]
) -> dict[str, str]:
    """Return when members were added, as far as this site has seen it."""
    if len(member_ids) == 1:
        rows = db.all(
            "SELECT id, at FROM pg_member_times WHERE group_id = ? AND id = ?",
            group_id,
            member_ids[0],
        )
    else:
        rows = db.all(
            "SELECT id, at FROM pg_member_times WHERE group_id = ?", group_id
        )
    return {row[0]: row[1] for row in rows}
