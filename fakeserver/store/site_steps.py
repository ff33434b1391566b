"""Upgrade steps of a site's database, by schema number."""

import functools
import json
import sqlite3
from collections.abc import Mapping

from fakeserver.base.clock import stamp
from fakeserver.base.config import SiteConfig
from fakeserver.base.seed_world import PEER_USER, SERVICE_USER, World
from fakeserver.base.vault import Vault
from fakeserver.cloud.shared import schema as clouds
from fakeserver.cloud.shared.seed import seed_peer_account
from fakeserver.store.sites import SITES
from fakeserver.store.upgrade import Step


def of(config: SiteConfig, world: World, now: float) -> Mapping[int, Step]:
    """Return the steps, by the schema number before each.

    :param now: the time of the upgrade, seconds since the epoch.
    """
    return {
        0: functools.partial(_least_account, config, world, now),
        1: _interface,
    }


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
