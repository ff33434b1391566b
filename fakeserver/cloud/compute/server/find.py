"""How a server is found, and what a role may do."""

import sqlite3

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.cloud.shared.web import CloudError


def find(db: sqlite3.Connection, caller: Token, server: str) -> Doc:
    """Find a server of the caller's project; an admin finds every server."""
    row = SERVERS.get(db, server)
    if row is None or (
        row["project_id"] != caller.project_id and not caller.is_admin
    ):
        raise CloudError(404, f"Instance {server} could not be found.")
    return row


def may_write(caller: Token, rule: str) -> None:
    if not caller.may_write:
        raise _forbidden(rule)


def admin_only(caller: Token, rule: str) -> None:
    if not caller.is_admin:
        raise _forbidden(rule)


def _forbidden(rule: str) -> CloudError:
    return CloudError(
        403,
        f"Policy doesn't allow os_compute_api:{rule} to be performed.",
    )
