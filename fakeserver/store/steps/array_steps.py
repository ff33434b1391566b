"""Upgrade steps of the arrays' database, by schema number."""

import contextlib
import functools
import json
import pathlib
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from fakeserver.base.config import SiteConfig
from fakeserver.base.vault import Unreadable, Vault
from fakeserver.engine.model.document import sealed_token
from fakeserver.storage import names, tokens
from fakeserver.store.upgrade import Step

_COLUMNS = "PRAGMA table_info(arr_volumes)"


def of(config: SiteConfig) -> Mapping[int, Step]:
    """Return the steps, by the schema number before each."""
    return {
        0: functools.partial(_known_tokens, config),
        1: _serials,
        4: _holders,
        6: _no_triggers,
    }


def _no_triggers(db: sqlite3.Connection) -> None:
    """Remove the triggers that noted all volumes of a replication each time;
    what is new is noted where it is written."""
    for when in ("insert", "update"):
        db.execute(f"DROP TRIGGER IF EXISTS arr_links_{when}")


def _holders(db: sqlite3.Connection) -> None:
    """Note which groups have replicated each volume."""
    for table, names_ in (("arr_links", "value"), ("arr_points", "held.key")):
        db.execute(
            f"INSERT OR IGNORE INTO arr_holders SELECT source, {names_}, pg "
            f"FROM {table}, json_each({table}.volumes) AS held"
        )


def _serials(db: sqlite3.Connection) -> None:
    """Give each volume a serial number, by which it is found when Cinder's
    driver renames it."""
    columns = {row["name"] for row in db.execute(_COLUMNS)}
    if "serial" not in columns:
        db.execute("ALTER TABLE arr_volumes ADD COLUMN serial TEXT")
    found = db.execute(
        "SELECT array, name FROM arr_volumes WHERE serial IS NULL"
    ).fetchall()
    for array, name in found:
        db.execute(
            "UPDATE arr_volumes SET serial = ? WHERE array = ? AND name = ?",
            (names.serial(array, name), array, name),
        )


def _known_tokens(config: SiteConfig, db: sqlite3.Connection) -> None:
    """Add the API tokens of the existing policies to the arrays.

    They took any token before: what worked with one goes on, and an
    operation that was killed half-way with it can end.
    """
    pair = Vault.open(config.pair_key)
    for each in (config, config.of_peer()):
        for array, sealed, group_id in _policies(each.database):
            # one that this pair did not write is nobody's any more
            with contextlib.suppress(Unreadable):
                token = pair.decrypt(sealed, group_id)
                tokens.also(db, array, token)


def _policies(path: pathlib.Path) -> list[tuple[str, str, str]]:
    """Return array name, sealed token and group id of each policy."""
    try:
        # one that cannot be read says so where its own upgrade is
        with _reader(path) as db:
            docs = [
                json.loads(text)
                for (text,) in db.execute("SELECT doc FROM pg_sites")
            ]
            arrays = {doc["id"]: doc["array_name"] for doc in docs}
            found = [
                json.loads(text)
                for (text,) in db.execute("SELECT doc FROM pg_groups")
            ]
    except (sqlite3.Error, ValueError):
        return []
    return [one for doc in found for one in _tokens(doc, arrays)]


def _tokens(
    doc: dict[str, Any], arrays: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    for site_id in (doc["primary_site_id"], doc["secondary_site_id"]):
        sealed = sealed_token(doc, site_id)
        if sealed is not None and site_id in arrays:
            yield arrays[site_id], sealed, doc["id"]


@contextlib.contextmanager
def _reader(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield db
    finally:
        db.close()
