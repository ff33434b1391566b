"""The arrays' replication, made to follow what a group consists of."""

from typing import Any

from fakeserver.engine.documents import current_array_names, peer_of
from fakeserver.errors import Refused
from fakeserver.site import Site
from fakeserver.storage.driver import StorageError
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES


def follow(site: Site, group: Group, *, start: bool = False) -> None:
    """Replicate what the group has now, as its policy says.

    A replication that an operation has stopped stays so, until ``start``
    is asked for: a new member does not decide that the copies at the other
    site may be overwritten.
    """
    doc = group.doc
    if doc["policy"] is None:
        site.arrays.stop_replication(group.id)
        return
    link = site.arrays.link(group.id)
    if link is not None and not link.running and not start:
        return
    source = doc["current_primary_site_id"]
    try:
        site.arrays.replicate(
            group.id,
            _array(site, source),
            _array(site, peer_of(doc, source)),
            current_array_names(doc),
            float(doc["policy"]["replication_interval"]),
            doc["replication_type"] == "sync",
        )
    except StorageError as error:
        raise Refused("invalid-state", f"The arrays refused: {error}") from (
            error
        )


def _array(site: Site, site_id: str) -> str:
    record: dict[str, Any] = SITES.get(site.db, site_id)
    return str(record["array_name"])
