"""Attach volumes to servers: where Cinder and Nova meet."""

import sqlite3
from typing import TYPE_CHECKING

from fakeserver.base.ids import new_id
from fakeserver.base.seed_world import ARRAYS
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import VOLUMES
from fakeserver.cloud.shared.web import CloudError
from fakeserver.storage import names

if TYPE_CHECKING:
    from fakeserver.site import Site

#: of a volume type whose volumes are in a pod
SYNCHRONOUS = "<in> sync"


def array_of(site: "Site") -> str:
    """Return the array behind the site's one backend."""
    return ARRAYS[site.config.site]


def name_of(site: "Site", volume_id: str, kind: Doc) -> str:
    """Return the name that the site's driver gives a volume on its array."""
    return names.created(
        volume_id,
        site.config.renames,
        kind["extra_specs"].get("replication_type") == SYNCHRONOUS,
    )


def take_over(site: "Site", name: str, volume_id: str, kind: Doc) -> str:
    """Return the name that a volume of the array has once it is managed: its
    own, or one of the driver's."""
    if not site.config.renames:
        return name
    called = name_of(site, volume_id, kind)
    site.arrays.rename(array_of(site), name, called)
    return called


def let_go(site: "Site", volume: Doc) -> None:
    """Leave a volume to its array, which no longer calls it as Cinder did
    where the driver renames."""
    if site.config.renames:
        name = volume["array_name"]
        site.arrays.rename(array_of(site), name, names.unmanaged(name))


def attach(
    tx: sqlite3.Connection,
    site: "Site",
    volume: Doc,
    server: Doc,
    device: str,
) -> None:
    """Attach a volume to a server."""
    attachment = {
        "attachment_id": new_id(),
        "server_id": server["id"],
        "device": device,
        "attached": site.clock.time(),
    }
    changed = {
        **volume,
        "status": "in-use",
        "attachments": [attachment],
        "updated": site.clock.time(),
    }
    VOLUMES.put(tx, changed)


def detach(tx: sqlite3.Connection, site: "Site", volume: Doc) -> None:
    changed = {
        **volume,
        "status": "available",
        "attachments": [],
        "updated": site.clock.time(),
    }
    VOLUMES.put(tx, changed)
    set_writing(site, volume, False)


def set_writing(site: "Site", volume: Doc, writing: bool) -> None:
    """Report to the array whether a volume is written to; skip a lost
    volume."""
    array = array_of(site)
    if site.arrays.volume(array, volume["array_name"]) is not None:
        site.arrays.set_writing(array, volume["array_name"], writing)


def attached_to(db: sqlite3.Connection, server: Doc) -> list[Doc]:
    """List the volumes of a server that still exist, in boot order."""
    found = (VOLUMES.get(db, disk["id"]) for disk in server["disks"])
    return [volume for volume in found if volume is not None]


def destroy(tx: sqlite3.Connection, site: "Site", volume: Doc) -> None:
    """Delete a volume, and its volume on the array."""
    VOLUMES.delete(tx, volume["id"])
    site.arrays.delete_volume(array_of(site), volume["array_name"])


def for_server(db: sqlite3.Connection, project_id: str, volume_id: str) -> Doc:
    """Return a volume that a server of the project may use, or answer 400."""
    volume = VOLUMES.get(db, volume_id)
    if volume is None or volume["project_id"] != project_id:
        raise CloudError(
            400,
            "Block Device Mapping is Invalid: failed to get volume "
            f"{volume_id}.",
        )
    if volume["status"] != "available":
        raise CloudError(
            400,
            f"Invalid volume: volume '{volume_id}' status must be "
            "'available'. Currently in "
            f"'{volume['status']}' status",
        )
    return volume
