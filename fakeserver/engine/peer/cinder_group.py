"""The Cinder volume group behind a protection group."""

import logging
from collections.abc import Callable, Collection

from fakeserver.base.clock import polls
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.cloud_client import volume_groups
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    RemoteCloud,
)
from fakeserver.engine.model.document import current_entries
from fakeserver.engine.peer import own_project
from fakeserver.engine.peer.access import Access
from fakeserver.site import Site
from fakeserver.store import groups
from fakeserver.store.groups import Group

LOG = logging.getLogger(__name__)
#: the group type that Cinder makes for itself: it refuses new groups of it
RESERVED = "default_cgsnapshot_type"
#: how long a change of a volume group may take, seconds
PATIENCE = 120.0
_SPEC = ("consistent_group_snapshot_enabled", "<is> True")


def make(site: Site, access: Access, group: Group) -> None:
    """Create this site's volume group; note its id and that of its type."""
    here = access.local_id()
    try:
        cloud = access.cloud(group, here)
        wanted = group.doc["volume_type"]
        types = [t for t in cloud.volume_types() if t["name"] == wanted]
        if not types:
            raise RequestRefused(
                "bad-request",
                f"{access.name(here)} has no volume type named {wanted}",
                field="volume_type_id",
            )
        group.local.volume_type_id = types[0]["id"]
        kind = _group_type(
            cloud, own_project.cloud(site, access, here), access.name(here)
        )
        made = cloud.create_group(name(group), kind, [types[0]["id"]])
        group.local.consistency_group_id = made["id"]
        _wait(
            site,
            f"Creating volume group {made['id']}",
            lambda: volume_groups.available(cloud, made["id"]),
        )
    except (CloudUnreachable, CloudRefused) as error:
        drop(site, access, group)
        raise RequestRefused(
            "invalid-state",
            f"The consistency group could not be made at "
            f"{access.name(here)}: {error}",
        ) from error


def _group_type(tenants: RemoteCloud, own: RemoteCloud, site: str) -> str:
    """Return the id of a group type for consistent snapshots.

    The tenant's project must see it, and Cinder shows the specs of a group
    type to an admin alone: to the service account in its own project.
    """
    usable = {kind["id"] for kind in tenants.group_types()}
    for kind in own.group_types():
        specs = kind.get("group_specs") or {}
        if (
            kind["id"] in usable
            and kind["name"] != RESERVED
            and specs.get(_SPEC[0]) == _SPEC[1]
        ):
            return str(kind["id"])
    asked = f"{_SPEC[0]}={_SPEC[1]}"
    command = "openstack --os-volume-api-version 3.11 volume group type"
    raise RequestRefused(
        "invalid-state",
        f"Cinder of {site} has no group type with {asked} that the project "
        f"can use; {RESERVED} is reserved for Cinder. Create one as an "
        f"admin: {command} create consistent; {command} set --property "
        f"'{asked}' consistent",
        site=site,
    )


def drop(site: Site, access: Access, group: Group) -> None:
    """Delete the volume group; log what stays where Cinder refuses."""
    made = group.local.consistency_group_id
    if made is None:
        return
    here = access.local_id()
    try:
        cloud = access.cloud(group, here)
        _wait(
            site,
            f"Deleting volume group {made}",
            lambda: volume_groups.delete(cloud, made),
        )
    except (CloudUnreachable, CloudRefused) as error:
        LOG.warning(
            "volume group %s of %s stays in Cinder of %s: %s",
            made,
            group.name,
            access.name(here),
            error,
        )


def change(
    site: Site,
    cloud: RemoteCloud,
    group_id: str,
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> None:
    """Add volumes to a volume group and remove others; wait for it.

    Raises CloudRefused or CloudUnreachable.
    """
    _wait(
        site,
        f"Changing volume group {group_id}",
        lambda: volume_groups.change(cloud, group_id, add, remove),
    )


def _wait(site: Site, what: str, done: Callable[[], bool]) -> None:
    end = site.clock.time() + PATIENCE
    waits = polls()
    while not done():
        if site.clock.time() >= end:
            raise CloudRefused(
                site.config.site,
                409,
                f"{what} took longer than {PATIENCE:.0f} s",
            )
        site.clock.sleep(next(waits))


def follow(site: Site, access: Access, group: Group) -> bool:
    """Add the group's volumes to the volume group, where this site is the
    primary; return whether there is nothing more to add.

    Only this site knows the id of its group, so the one that ran the
    failover could not see to it. A group that Cinder lacks is created anew.
    Raises CloudUnreachable: then later.
    """
    made = group.local.consistency_group_id
    doc = group.doc
    here = access.local_id()
    if made is None or doc["operation"] or here != _primary(group):
        return True
    wanted = {
        volume["id"]
        for _, found in current_entries(doc)
        for volume in found["volumes"]
        if volume["id"]
    }
    cloud = access.cloud(group, here)
    try:
        if cloud.group(made) is None:
            made = _anew(site, access, group, cloud)
        return volume_groups.change(cloud, made, add=wanted)
    except (CloudRefused, RequestRefused) as refusal:
        LOG.warning("volume group %s of %s: %s", made, group.name, refusal)
        return True


def _anew(site: Site, access: Access, group: Group, cloud: RemoteCloud) -> str:
    """Create the volume group again, or take the one of its name that an
    earlier try made; note its id."""
    lost = group.local.consistency_group_id
    known = [one for one in cloud.groups() if one["name"] == name(group)]
    if known:
        group.local.consistency_group_id = known[0]["id"]
    else:
        make(site, access, group)
    made = str(group.local.consistency_group_id)
    with site.db.transaction() as tx:
        # what people note of it meanwhile is not overwritten
        again = groups.find(site.db, group.id)
        if again is not None:
            again.local.consistency_group_id = made
            groups.save(tx, again)
    LOG.warning(
        "Cinder of %s has no volume group %s of %s any more; it is %s now",
        access.name(access.local_id()),
        lost,
        group.name,
        made,
    )
    return made


def name(group: Group) -> str:
    """Return the name of the volume group, at both sites."""
    return f"cg-{group.id[:8]}"


def _primary(group: Group) -> str:
    return str(group.doc["current_primary_site_id"])
