"""The volumes of a group, and its recovery points."""

from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.engine.model.document import (
    current_array_names,
    current_entries,
)
from fakeserver.engine.peer import cinder_group
from fakeserver.site import Site
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES


def show(site: Site, group: Group) -> dict[str, Any]:
    """Show the consistency group; its volumes are those of the current
    primary."""
    arrays = {
        record["array_name"]: record["id"] for record in SITES.all(site.db)
    }
    volumes = set(current_array_names(group.doc))
    return {
        "id": group.local.consistency_group_id,
        "name": cinder_group.name(group),
        "volumes": [
            {field: volume[field] for field in ("id", "name", "size")}
            for _, found in current_entries(group.doc)
            for volume in found["volumes"]
        ],
        "recovery_points": [
            {
                "id": point.id,
                "created_at": stamp(point.created_at),
                "complete": point.complete,
                "size": point.size,
                "site_id": arrays.get(point.target),
                "current": volumes <= point.volumes.keys(),
            }
            for point in site.arrays.points(group.id)
        ],
    }
