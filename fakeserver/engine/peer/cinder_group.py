"""The Cinder volume group behind a protection group."""

import logging

from fakeserver.base.errors import Refused
from fakeserver.engine.cloud_client.cloud import CloudRefused, CloudUnreachable
from fakeserver.engine.model.document import current_entries
from fakeserver.engine.peer.access import Access
from fakeserver.site import Site
from fakeserver.store.groups import Group

LOG = logging.getLogger(__name__)


def make(site: Site, access: Access, group: Group) -> None:
    """Create this site's volume group; note its id and that of its type."""
    here = access.local_id()
    try:
        cloud = access.cloud(group, here)
        name = group.doc["volume_type"]
        types = [t for t in cloud.volume_types() if t["name"] == name]
        if not types:
            raise Refused(
                "bad-request",
                f"{access.name(here)} has no volume type named {name}",
                field="volume_type_id",
            )
        group.local.volume_type_id = types[0]["id"]
        made = cloud.create_group(f"cg-{group.id[:8]}", [types[0]["id"]])
        group.local.consistency_group_id = made["id"]
    except (CloudUnreachable, CloudRefused) as error:
        raise Refused(
            "invalid-state",
            f"The consistency group could not be made at "
            f"{access.name(here)}: {error}",
        ) from error


def drop(access: Access, group: Group) -> None:
    """Delete the volume group; where Cinder refuses, it stays there."""
    made = group.local.consistency_group_id
    if made is None:
        return
    try:
        access.cloud(group, access.local_id()).delete_group(made)
    except (CloudUnreachable, CloudRefused):
        return


def follow(access: Access, group: Group) -> None:
    """Add the group's volumes to the volume group, where this site is the
    primary.

    Only this site knows the id of its group, so the one that ran the
    failover could not see to it. Raises CloudUnreachable: then later.
    """
    made = group.local.consistency_group_id
    doc = group.doc
    here = access.local_id()
    if made is None or doc["operation"] or here != _primary(group):
        return
    wanted = {
        volume["id"]
        for _, found in current_entries(doc)
        for volume in found["volumes"]
        if volume["id"]
    }
    cloud = access.cloud(group, here)
    try:
        found = cloud.group(made)
        missing = wanted - set((found or {}).get("volumes") or ())
        if found is not None and missing:
            cloud.update_group(made, add=sorted(missing))
    except CloudRefused as refusal:
        LOG.warning("consistency group %s: %s", made, refusal)


def _primary(group: Group) -> str:
    return str(group.doc["current_primary_site_id"])
