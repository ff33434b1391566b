"""Protection groups: create, change and delete them at both sites."""

from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.engine.model.document import new_document
from fakeserver.engine.service import Service
from fakeserver.registry import clouds, volume_types
from fakeserver.registry.preconditions import Doc, require_primary_here
from fakeserver.site import Site
from fakeserver.store import pair_records
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES

NOUN = "protection_group"


def create(service: Service, project_id: str, given: dict[str, Any]) -> Group:
    """Create a group at its primary, which is this site, and push it to the
    peer."""
    site = service.site
    primary, secondary = _pair(site, given)
    require_primary_here(
        service.access, primary["id"], "A protection group is created"
    )
    pair_records.read(site.db).project_at(project_id, secondary["id"])
    kind = _volume_type(service, primary, secondary, given["volume_type_id"])
    doc = new_document(
        group_id=new_id(),
        name=given["name"],
        description=given.get("description", ""),
        replication_type=kind["replication_type"] or "async",
        volume_type=kind["name"],
        primary_site_id=primary["id"],
        secondary_site_id=secondary["id"],
    )
    for field in ("network_mapping", "flavor_mapping"):
        doc[field] = given.get(field, {})
    return service.create(project_id, doc)


def _pair(
    site: Site, given: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    found = []
    for field in ("primary_site_id", "secondary_site_id"):
        try:
            found.append(SITES.get(site.db, given[field].lower()))
        except RequestRefused as refusal:
            raise RequestRefused(
                "bad-request",
                f"{NOUN}.{field}: there is no site {given[field]}",
                field=f"{NOUN}.{field}",
            ) from refusal
    primary, secondary = found
    if primary["id"] == secondary["id"]:
        raise RequestRefused(
            "bad-request",
            f"{NOUN}.secondary_site_id must be another site than the primary",
            field=f"{NOUN}.secondary_site_id",
        )
    if not (primary["local"] or secondary["local"]):
        raise RequestRefused(
            "bad-request",
            f"{NOUN}.primary_site_id: this site must be one of the two",
            field=f"{NOUN}.primary_site_id",
        )
    return primary, secondary


def _volume_type(
    service: Service,
    primary: dict[str, Any],
    secondary: dict[str, Any],
    type_id: str,
) -> volume_types.Type:
    """Return the volume type; it must be replicated, and exist at both
    sites."""
    field = f"{NOUN}.volume_type_id"
    with clouds.refusals(service):
        here = volume_types.asked(service, primary["id"])
        there = volume_types.asked(service, secondary["id"])
    kind = next((one for one in here if one["id"] == type_id.lower()), None)
    if kind is None:
        raise RequestRefused(
            "bad-request",
            f"{field}: {primary['name']} has no volume type {type_id}",
            field=field,
        )
    twin = next((one for one in there if one["name"] == kind["name"]), None)
    for name, one in ((primary["name"], kind), (secondary["name"], twin)):
        if one is None:
            raise RequestRefused(
                "bad-request",
                f"{field}: {name} has no volume type named {kind['name']}",
                field=field,
            )
        if not one["replication_enabled"]:
            raise RequestRefused(
                "volume-type-not-replicated",
                f"{field}: volume type {kind['name']} of {name} is not "
                "replicated",
                field=field,
            )
    return kind


def change(
    service: Service, project_id: str, group_id: str, given: dict[str, Any]
) -> Group:
    """Change the given fields of a group, at both sites."""

    def mutate(doc: Doc) -> None:
        doc.update(given)

    return service.change(project_id, group_id, mutate)


def delete(
    service: Service, project_id: str, group_id: str, force: bool, admin: bool
) -> None:
    """Delete a group; its instances and volumes stay as they are."""
    if force and not admin:
        raise RequestRefused(
            "forbidden", "force=true on a deletion needs the role admin"
        )
    service.delete(project_id, group_id, force)
