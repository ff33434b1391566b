"""The API token that each array accepts."""

import hashlib
import sqlite3
from collections.abc import Callable

from fakeserver.base.db import Database
from fakeserver.base.fault_points import Faults
from fakeserver.base.seed_world import ARRAY_TOKENS, once_changed


def accepting(
    db: Database, faults: Faults, array: str
) -> Callable[[str | None], bool]:
    """Return a test of whether the array accepts a token: a fault's, a set
    one, or its first."""
    instead = faults.token(array)
    if instead is not None:
        return lambda token: token == instead
    row = db.one("SELECT token FROM arr_tokens WHERE array = ?", array)
    if row is not None:
        hashed = str(row["token"])
        return lambda token: hashed == _hashed(array, token)
    first = ARRAY_TOKENS.get(array)

    def takes(token: str | None) -> bool:
        if first is None or token == first:
            return True
        if token is None:
            return False
        # a policy that was cured while a fault lasted stays so after it
        return once_changed(array, token) or _known(db, array, token)

    return takes


def require(db: Database, array: str, token: str | None) -> None:
    """Accept only this token from now on; None is the array's first one."""
    with db.transaction() as tx:
        tx.execute("DELETE FROM arr_tokens WHERE array = ?", (array,))
        if token is not None:
            tx.execute(
                "INSERT INTO arr_tokens VALUES (?, ?)",
                (array, _hashed(array, token)),
            )


def also(tx: sqlite3.Connection, array: str, token: str) -> None:
    """Let an array accept one more token, as long as it accepts its first."""
    tx.execute(
        "INSERT OR IGNORE INTO arr_also_tokens VALUES (?, ?)",
        (array, _hashed(array, token)),
    )


def _known(db: Database, array: str, token: str) -> bool:
    row = db.one(
        "SELECT 1 FROM arr_also_tokens WHERE array = ? AND token = ?",
        array,
        _hashed(array, token),
    )
    return row is not None


def _hashed(array: str, token: str | None) -> str:
    """Return the hash that an array keeps of a token."""
    return hashlib.sha256(f"{array}/{token}".encode()).hexdigest()
