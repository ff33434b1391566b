"""Upgrade steps of a site's database, by schema number."""

import functools
import json
import sqlite3
from collections.abc import Mapping

from fakeserver.base.clock import stamp
from fakeserver.base.config import SiteConfig
from fakeserver.base.db import dump
from fakeserver.base.seed_world import PEER_USER, SERVICE_USER, World
from fakeserver.base.vault import Vault
from fakeserver.cloud.shared import schema as clouds
from fakeserver.cloud.shared.seed import seed_peer_account
from fakeserver.engine.model.document import checksum
from fakeserver.store import member_rows, schema
from fakeserver.store.sites import SITES
from fakeserver.store.upgrade import Step


def of(config: SiteConfig, world: World, now: float) -> Mapping[int, Step]:
    """Return the steps, by the schema number before each.

    :param now: the time of the upgrade, seconds since the epoch.
    """
    return {
        0: functools.partial(_least_account, config, world, now),
        1: _interface,
        2: _columns,
        3: _records,
        5: _members,
        6: _member_rows,
    }


def _member_rows(db: sqlite3.Connection) -> None:
    """Give each member a row, and the time when it was added another."""
    columns = db.execute("PRAGMA table_info(pg_members)").fetchall()
    if "members" in {row["name"] for row in columns}:
        found = db.execute("SELECT group_id, members FROM pg_members")
        rows = found.fetchall()
        db.execute("DROP TABLE pg_members")
        db.execute(schema.MEMBERS)
        for group_id, text in rows:
            member_rows.write_all(db, group_id, json.loads(text))
    for id_, text in db.execute("SELECT id, local FROM pg_groups").fetchall():
        local = json.loads(text)
        for member_id, moment in local.pop("member_created", {}).items():
            member_rows.note_time(db, id_, member_id, moment)
        db.execute(
            "UPDATE pg_groups SET local = ? WHERE id = ?", (dump(local), id_)
        )


def _members(db: sqlite3.Connection) -> None:
    """Move the members of each group into a table of their own, and note
    which instances they have."""
    for id_, text in db.execute("SELECT id, doc FROM pg_groups").fetchall():
        doc = json.loads(text)
        member_rows.write_all(db, id_, doc["members"])
        db.execute(
            "UPDATE pg_groups SET doc = ? WHERE id = ?",
            (dump({**doc, "members": []}), id_),
        )
        db.executemany(
            "INSERT OR IGNORE INTO pg_instances VALUES (?, ?)",
            [(id_, one) for one in member_rows.instances_of(doc["members"])],
        )


def _records(db: sqlite3.Connection) -> None:
    """Move the records of the operations into a table of their own."""
    known = {
        row["name"] for row in db.execute("PRAGMA table_info(pg_operations)")
    }
    if "doc" not in known:
        return
    for (name,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' "
        "AND tbl_name = 'pg_operations' AND sql IS NOT NULL"
    ).fetchall():
        db.execute(f"DROP INDEX {name}")
    db.execute("ALTER TABLE pg_operations RENAME TO pg_operations_before")
    db.execute(schema.OPERATIONS)
    kept = "seq, id, project_id, group_id, type, status, request_id, work"
    db.execute(
        f"INSERT INTO pg_operations ({kept}) "
        f"SELECT {kept} FROM pg_operations_before"
    )
    db.execute(
        "INSERT INTO pg_records SELECT seq, doc FROM pg_operations_before"
    )
    db.execute("DROP TABLE pg_operations_before")


def _columns(db: sqlite3.Connection) -> None:
    """Add the columns that save the reading of whole documents."""
    added = {
        "pg_groups": (
            "revision TEXT NOT NULL DEFAULT ''",
            "checksum TEXT NOT NULL DEFAULT ''",
        ),
        clouds.SERVERS.name: clouds.SERVER_SIZES,
        clouds.VOLUMES.name: clouds.VOLUME_SIZES,
        clouds.PORTS.name: clouds.PORT_OWNERS,
    }
    for table, columns in added.items():
        found = db.execute(f"PRAGMA table_xinfo({table})").fetchall()
        known = {row["name"] for row in found}
        for column in columns:
            if column.split()[0] not in known:
                db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for id_, text in db.execute("SELECT id, doc FROM pg_groups").fetchall():
        db.execute(
            "UPDATE pg_groups SET checksum = ? WHERE id = ?",
            (checksum(json.loads(text)), id_),
        )


def _interface(db: sqlite3.Connection) -> None:
    """Name the interface with which the catalogs were read until now."""
    for (text,) in db.execute("SELECT doc FROM pg_sites").fetchall():
        SITES.put(db, {"interface": "public", **json.loads(text)})


def _least_account(
    config: SiteConfig, world: World, now: float, db: sqlite3.Connection
) -> None:
    """Give the peer an account of its own; before it had the services'
    account, which is an admin."""
    known = clouds.USERS.select(db, "name = ?", (SERVICE_USER,))
    if not known:
        # nothing is seeded yet
        return
    seed_peer_account(db, config.site, world)
    vault = Vault.open(config.vault_key)
    password = world.peer_password()
    for (text,) in db.execute("SELECT doc FROM pg_sites").fetchall():
        record = json.loads(text)
        if record["local"] or record["username"] != SERVICE_USER:
            continue
        record["username"] = PEER_USER
        record["password"] = vault.encrypt(password, record["id"])
        record["updated_at"] = stamp(now)
        SITES.put(db, record)
