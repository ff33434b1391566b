"""Changes of Cinder's volume groups, which Cinder makes after its answer.

A group takes the next change only when it is ``available`` again. Each
function here does what can be done now, and returns whether all is done; who
calls repeats it, as long as it is patient.
"""

from collections.abc import Collection

from fakeserver.engine.cloud_client.account import CloudRefused, Record
from fakeserver.engine.cloud_client.cloud import RemoteCloud

AVAILABLE = "available"
#: ids that fit in the 255 characters that Cinder takes for them
AT_ONCE = 6
_CHANGING = ("creating", "updating", "deleting")


def available(cloud: RemoteCloud, group_id: str) -> bool:
    """Return whether a group may be changed now; raise CloudRefused where
    that does not come by itself."""
    found = cloud.group(group_id)
    return found is not None and _may_change(cloud, found)


def change(
    cloud: RemoteCloud,
    group_id: str,
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> bool:
    """Add and remove volumes; return whether the group holds them so.

    A group that does not exist holds nothing any more: to remove is done.
    """
    found = cloud.group(group_id)
    if found is None:
        if not add:
            return True
        raise CloudRefused(cloud.site, 404, f"no volume group {group_id}")
    if not _may_change(cloud, found):
        return False
    held = set(found.get("volumes") or ())
    new, old = set(add) - held, held & set(remove)
    if not new and not old:
        return True
    cloud.update_group(group_id, sorted(new)[:AT_ONCE], sorted(old)[:AT_ONCE])
    found = cloud.group(group_id)
    if found is None or found["status"] != AVAILABLE:
        return False
    held = set(found.get("volumes") or ())
    return set(add) <= held and not held & set(remove)


def leave(cloud: RemoteCloud, volume_id: str) -> bool:
    """Remove a volume from its group; return whether it is in none."""
    found = cloud.volume(volume_id)
    group_id = (found or {}).get("group_id")
    if not group_id:
        return True
    return change(cloud, str(group_id), remove=(volume_id,))


def delete(cloud: RemoteCloud, group_id: str) -> bool:
    """Delete a group, never its volumes; return whether it is gone."""
    found = cloud.group(group_id)
    if found is None:
        return True
    volumes = found.get("volumes") or ()
    if found["status"] != "error" and not change(
        cloud, group_id, remove=volumes
    ):
        return False
    cloud.delete_group(group_id)
    return cloud.group(group_id) is None


def _may_change(cloud: RemoteCloud, found: Record) -> bool:
    status = str(found["status"])
    if status == AVAILABLE:
        return True
    if status in _CHANGING:
        return False
    raise CloudRefused(
        cloud.site,
        409,
        f"volume group {found['id']} is in the status {status}",
    )
