"""Tenant mappings: which project of one site is which of the other."""

from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.site import Site
from fakeserver.store.mappings import MAPPINGS
from fakeserver.store.sites import SITES


def create(site: Site, given: dict[str, Any]) -> dict[str, Any]:
    """Create a tenant mapping; at each site a project belongs to one
    tenant."""
    record = {
        "id": str(given.get("id") or new_id()).lower(),
        "name": given["name"],
        "projects": {
            site_id.lower(): project
            for site_id, project in given["projects"].items()
        },
        "created_at": stamp(site.clock.time()),
    }
    with site.db.transaction() as tx:
        _check(site, record)
        MAPPINGS.put(tx, record)
    return record


def _check(site: Site, record: dict[str, Any]) -> None:
    known = {one["id"]: one["name"] for one in SITES.all(site.db)}
    for site_id in record["projects"]:
        if site_id not in known:
            raise RequestRefused(
                "bad-request",
                f"tenant_mapping.projects: there is no site {site_id}",
                field="tenant_mapping.projects",
            )
    for other in MAPPINGS.all(site.db):
        if other["id"] == record["id"]:
            raise RequestRefused(
                "name-conflict",
                f"A tenant mapping with id {other['id']} exists already",
            )
        for site_id, project in record["projects"].items():
            if other["projects"].get(site_id) == project:
                raise RequestRefused(
                    "name-conflict",
                    f"Project {project} of {known[site_id]} is in "
                    f"tenant mapping {other['name']} already",
                )


def delete(site: Site, mapping_id: str) -> None:
    """Delete a tenant mapping that no group uses."""
    with site.db.transaction() as tx:
        record = MAPPINGS.get(site.db, mapping_id)
        one, two = sorted(record["projects"])
        found = site.db.one(
            "SELECT name FROM pg_groups WHERE project_id IN (?, ?) "
            "AND json_extract(doc, '$.primary_site_id') IN (?, ?) "
            "AND json_extract(doc, '$.secondary_site_id') IN (?, ?) "
            "ORDER BY name LIMIT 1",
            record["projects"][one],
            record["projects"][two],
            one,
            two,
            one,
            two,
        )
        if found is not None:
            raise RequestRefused(
                "in-use",
                f"Tenant mapping {record['name']} is used by protection "
                f"group {found['name']}",
            )
        MAPPINGS.delete(tx, mapping_id)
