"""The registered sites."""

from typing import Any

from fakeserver.base.db import Database
from fakeserver.base.errors import RequestRefused
from fakeserver.store.registry import Registry

SITES = Registry("pg_sites", "site")


def local(db: Database) -> dict[str, Any]:
    """Return the record of this site."""
    for record in SITES.all(db):
        if record["local"]:
            return record
    raise RequestRefused(
        "not-found", "This service has no record of its own site yet"
    )


def other(db: Database, one: str, two: str) -> dict[str, Any]:
    """Return the record of the site that is not local, of two ids."""
    record = SITES.get(db, one)
    return SITES.get(db, two) if record["local"] else record
