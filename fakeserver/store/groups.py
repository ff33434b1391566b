"""The table of protection groups."""

import dataclasses
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fakeserver.base.db import Database, dump, load
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.document import Doc
from fakeserver.engine.model.group_state import GroupState
from fakeserver.store import member_rows, read_documents, tombstones
from fakeserver.store.group import Group as Group
from fakeserver.store.group import KeptMembers, copied
from fakeserver.store.read_documents import ReadDocument

#: how many values a statement of SQLite takes at the least
_MOST = 900
_REVISION = """id, (SELECT held.revision FROM pg_groups AS held
    INDEXED BY pg_groups_revision WHERE held.id = pg_groups.id)"""


_SMALL = "id, project_id, local, checksum, revision"
#: the columns of a group, with its members, which are not written again
#: with every other change
_WHOLE = f"pg_groups.*, {member_rows.MEMBERS} AS members"


def _doc(row: sqlite3.Row) -> dict[str, Any]:
    found: dict[str, Any] = load(row["doc"])
    # in the place that they have in the document
    found["members"] = load(row["members"])
    return found


def _group(row: sqlite3.Row) -> Group:
    return Group(
        id=row["id"],
        project_id=row["project_id"],
        doc=_doc(row),
        local=GroupState.from_json(load(row["local"])),
        checksum=row["checksum"],
        revision=row["revision"],
    )


def shared(db: Database, project_id: str, group_id: str) -> Group:
    """Return the project's group like :func:`get`, for somebody who changes
    no member in place: members are shared with other readers, and read once
    while nobody writes the group."""
    row = db.one(f"SELECT {_SMALL} FROM pg_groups WHERE id = ?", group_id)
    found = read_documents.find(row["revision"]) if row is not None else None
    if row is None or found is None or row["project_id"] != project_id:
        group = get(db, project_id, group_id)
        group.kept = KeptMembers.of(group.doc["members"])
        read_documents.keep(group)
        return group
    return _sharing(row, found)


def _sharing(row: sqlite3.Row, found: ReadDocument) -> Group:
    """Return the group of a row, with a document that was read before."""
    return Group(
        id=row["id"],
        project_id=row["project_id"],
        doc=copied(found.doc),
        local=GroupState.from_json(load(row["local"])),
        checksum=row["checksum"],
        revision=row["revision"],
        kept=found.members,
    )


def anew(db: Database, group: Group) -> Group:
    """Return the group with what this site alone keeps of it now; the
    document is not read where nobody has written it since."""
    row = db.one(
        "SELECT local, revision FROM pg_groups WHERE id = ?", group.id
    )
    if row is None:
        return group
    if row["revision"] != group.revision:
        return find(db, group.id) or group
    local = GroupState.from_json(load(row["local"]))
    return dataclasses.replace(group, local=local)


def find(db: Database, group_id: str) -> Group | None:
    """Find a group of any project: for the engine, not for a request."""
    row = db.one(f"SELECT {_WHOLE} FROM pg_groups WHERE id = ?", group_id)
    return None if row is None else _group(row)


def without_members(db: Database, ids: Sequence[str]) -> dict[str, Group]:
    """Find groups of any project, for somebody who only looks at what is not
    of their members: the documents have none, and cannot be written."""
    found = {}
    marks = ", ".join("?" * len(ids))
    for row in db.all(
        f"SELECT {_SMALL}, doc FROM pg_groups WHERE id IN ({marks})", *ids
    ):
        doc = load(row["doc"])
        del doc["members"]
        found[row["id"]] = Group(
            id=row["id"],
            project_id=row["project_id"],
            doc=doc,
            local=GroupState.from_json(load(row["local"])),
            checksum=row["checksum"],
            revision=row["revision"],
        )
    return found


def project_of(db: Database, group_id: str) -> str | None:
    """Return the project of a group; None where it is not there."""
    row = db.one("SELECT project_id FROM pg_groups WHERE id = ?", group_id)
    return None if row is None else str(row["project_id"])


def revision(db: Database, group_id: str) -> str:
    """Return a text that changes with each write of a group; an empty one
    where it is not there."""
    row = db.one(
        "SELECT revision FROM pg_groups INDEXED BY pg_groups_revision "
        "WHERE id = ?",
        group_id,
    )
    return "" if row is None else str(row["revision"])


def get(db: Database, project_id: str, group_id: str) -> Group:
    """Return the project's group; refuse one of another project as not
    found."""
    found = find(db, group_id)
    if found is None or found.project_id != project_id:
        raise unknown(db, project_id, group_id)
    return found


def require(db: Database, project_id: str, group_id: str) -> None:
    """Refuse a group that the project does not have, without reading it."""
    row = db.one("SELECT project_id FROM pg_groups WHERE id = ?", group_id)
    if row is None or row["project_id"] != project_id:
        raise unknown(db, project_id, group_id)


def named(db: Database, project_id: str, name: str) -> Group | None:
    """Find the project's group of that name."""
    row = db.one(
        f"SELECT {_WHOLE} FROM pg_groups WHERE project_id = ? AND name = ?",
        project_id,
        name,
    )
    return None if row is None else _group(row)


def unknown(db: Database, project_id: str, group_id: str) -> RequestRefused:
    """Return the not-found refusal; it says where the group was deleted
    here."""
    details = {}
    if tombstones.of_project(db, project_id, group_id):
        details["deleted"] = True
    return RequestRefused(
        "not-found", f"No protection group with id {group_id}", **details
    )


def docs_of(db: Database, project_id: str) -> list[dict[str, Any]]:
    """Return the documents of all groups of a project."""
    rows = db.all(
        f"SELECT {_WHOLE} FROM pg_groups WHERE project_id = ?", project_id
    )
    return [_doc(row) for row in rows]


def ids_with_push(db: Database, state: str) -> list[str]:
    """Return the ids of the groups whose last push ended so."""
    return [group.id for group in with_push(db, state)]


def with_push(db: Database, state: str) -> list[Group]:
    rows = db.all(
        f"SELECT {_WHOLE} FROM pg_groups "
        "WHERE json_extract(local, '$.push') = ?",
        state,
    )
    return [_group(row) for row in rows]


def to_look_at(db: Database) -> list[Group]:
    """Return the groups that the reconciler has to look at."""
    rows = db.all(
        f"SELECT {_WHOLE} FROM pg_groups "
        "WHERE json_extract(local, '$.look') = 1"
    )
    return [_group(row) for row in rows]


def revisions_page(
    db: Database,
    project_id: str,
    limit: int,
    marker: str | None = None,
    ids: Sequence[str] | None = None,
) -> list[tuple[str, str]]:
    """Return a page of ids, each with a text that changes with each write of
    the group; no document is touched."""
    asked = (marker, None, None, ids)
    rows = _rows(db, _REVISION, project_id, limit, *asked)
    return [(row[0], row[1]) for row in rows]


def with_ids(
    db: Database, revisions: Mapping[str, str]
) -> Iterator[tuple[Group, str]]:
    """Yield groups, each with its revision.

    :param revisions: by the ids of the groups, as they were just now: of a
        document that was read before, the members are not read again.
    """
    whole = []
    for id_, revision in revisions.items():
        found = read_documents.find(revision)
        row = found and db.one(
            f"SELECT {_SMALL} FROM pg_groups WHERE id = ? AND revision = ?",
            id_,
            revision,
        )
        if found and row:
            yield _sharing(row, found), revision
        else:
            whole.append(id_)
    for first in range(0, len(whole), _MOST):
        some = whole[first : first + _MOST]
        marks = ", ".join("?" * len(some))
        for row in db.all(
            f"SELECT {_WHOLE} FROM pg_groups WHERE id IN ({marks})", *some
        ):
            yield _group(row), row["revision"]


@dataclasses.dataclass(frozen=True)
class GroupListing:
    """A group as a list shows it: its record in JSON."""

    id: str
    last_replication_at: str | None
    record: str


_WRITTEN = "id, json_extract(local, '$.last_replication_at'), {record}"


def written(
    db: Database, record: str, project_id: str, group_id: str
) -> GroupListing:
    """Return one group; ``record`` is an SQL expression over its columns."""
    row = db.one(
        f"SELECT {_WRITTEN.format(record=record)} FROM pg_groups "
        "WHERE id = ? AND project_id = ?",
        group_id,
        project_id,
    )
    if row is None:
        raise unknown(db, project_id, group_id)
    return GroupListing(*row)


def written_page(
    db: Database,
    record: str,
    project_id: str,
    limit: int,
    marker: str | None = None,
    name: str | None = None,
    status: str | None = None,
) -> list[GroupListing]:
    """Return a page of groups without reading their documents."""
    columns = _WRITTEN.format(record=record)
    asked = (marker, name, status, None)
    rows = _rows(db, columns, project_id, limit, *asked)
    return [GroupListing(*row) for row in rows]


def _rows(
    db: Database,
    columns: str,
    project_id: str,
    limit: int,
    marker: str | None,
    name: str | None,
    status: str | None,
    ids: Sequence[str] | None,
) -> list[sqlite3.Row]:
    where, values = ["project_id = ?"], [project_id]
    if ids is not None:
        where = [f"id IN ({', '.join('?' * len(ids))})", "+project_id = ?"]
        values = [*ids, project_id]
    if name is not None:
        where.append("name = ?")
        values.append(name)
    if status is not None:
        where.append("status = ?")
        values.append(status)
    if marker is not None:
        at = db.one(
            "SELECT name, id FROM pg_groups WHERE id = ? AND project_id = ?",
            marker,
            project_id,
        )
        if at is None:
            raise RequestRefused(
                "bad-request",
                f"marker: no protection group with id {marker}",
                field="marker",
            )
        where.append("(name, id) > (?, ?)")
        values += [at["name"], at["id"]]
    return db.all(
        f"SELECT {columns} FROM pg_groups WHERE {' AND '.join(where)} "
        "ORDER BY name, id LIMIT ?",
        *values,
        limit,
    )


def save(tx: sqlite3.Connection, group: Group) -> None:
    """Write a group, new or changed; refuse a name that the project has
    already."""
    group.checksum = group.new_checksum()
    member_rows.save(tx, group, _held(tx, group))
    revision = secrets.token_hex(8)
    try:
        tx.execute(
            "INSERT INTO pg_groups (id, project_id, name, status, doc, local,"
            " checksum, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
            "status = excluded.status, doc = excluded.doc, "
            "local = excluded.local, checksum = excluded.checksum, "
            "revision = excluded.revision",
            (
                group.id,
                group.project_id,
                group.name,
                group.status,
                dump({**group.doc, "members": []}),
                dump(group.local.to_json()),
                group.checksum,
                revision,
            ),
        )
    except sqlite3.IntegrityError as error:
        raise RequestRefused(
            "name-conflict",
            f"A protection group named {group.name} exists already",
        ) from error
    group.revision = revision
    group.written = group.version, group.checksum
    read_documents.keep(group)


def _held(tx: sqlite3.Connection, group: Group) -> list[Doc] | None:
    """Return the members that the database holds of a group, where they were
    read or written last as objects that are shared."""
    if group.kept is None:
        return None
    row = tx.execute(
        "SELECT revision FROM pg_groups INDEXED BY pg_groups_revision "
        "WHERE id = ?",
        (group.id,),
    ).fetchone()
    found = None if row is None else read_documents.find(row["revision"])
    return None if found is None else list(found.doc["members"])


def holding(db: Database, project_id: str, instance_id: str) -> str | None:
    """Return the name of the project's group that has an instance."""
    row = db.one(
        "SELECT name FROM pg_instances JOIN pg_groups ON id = group_id "
        "WHERE instance_id = ? AND project_id = ?",
        instance_id,
        project_id,
    )
    return None if row is None else str(row["name"])


def save_local(tx: sqlite3.Connection, group: Group) -> None:
    """Write what this site alone keeps of a group whose document is as it was
    read or written; write all of it where somebody has written meanwhile."""
    revision = secrets.token_hex(8)
    done = tx.execute(
        "UPDATE pg_groups SET local = ?, revision = ? "
        "WHERE id = ? AND revision = ?",
        (dump(group.local.to_json()), revision, group.id, group.revision),
    )
    if not done.rowcount:
        save(tx, group)
        return
    group.revision = revision
    read_documents.keep(group)


def remove(tx: sqlite3.Connection, group: Group) -> None:
    """Delete a group, and keep a tombstone of it."""
    discard(tx, group.id)
    tombstones.put(tx, group)


def discard(tx: sqlite3.Connection, group_id: str) -> None:
    """Delete a group without a tombstone: the peer refused it."""
    tx.execute("DELETE FROM pg_groups WHERE id = ?", (group_id,))
    member_rows.discard(tx, group_id)


def keep_overwritten(tx: sqlite3.Connection, group: Group) -> None:
    """Keep the document that a forced import overwrites."""
    tx.execute(
        "INSERT INTO pg_overwritten (group_id, version, doc) VALUES (?, ?, ?)",
        (group.id, group.version, dump(group.doc)),
    )


def overwritten(
    db: Database, group_id: str, version: int
) -> dict[str, Any] | None:
    """Return the newest document of that version that was overwritten here."""
    row = db.one(
        "SELECT doc FROM pg_overwritten WHERE group_id = ? AND version = ? "
        "ORDER BY seq DESC LIMIT 1",
        group_id,
        version,
    )
    return None if row is None else dict(load(row["doc"]))
