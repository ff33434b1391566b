"""Conditions for a change of what a group consists of."""

from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.peer.access import Access

Doc = dict[str, Any]


def require_active(doc: Doc, what: str) -> None:
    if doc["status"] != "active":
        raise RequestRefused(
            "invalid-state",
            f"Protection group {doc['name']} is {doc['status']}; {what} "
            "needs active",
            status=doc["status"],
        )


def require_primary_here(access: Access, primary_id: str, what: str) -> None:
    """Refuse a change at another site than the primary, where instances
    run."""
    if access.local_id() != primary_id:
        name = access.name(primary_id)
        raise RequestRefused(
            "wrong-site",
            f"{what} at the primary, {name}; this site is not the primary",
            site=name,
            site_id=primary_id,
        )
