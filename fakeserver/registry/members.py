"""The members of a group: add and remove instances."""

import logging
import sqlite3
from collections.abc import Sequence
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.engine import array_links
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    RemoteCloud,
)
from fakeserver.engine.model import sealed
from fakeserver.engine.model.document import entry
from fakeserver.engine.peer import cinder_group
from fakeserver.engine.service import Service
from fakeserver.registry import clouds, instances
from fakeserver.registry.preconditions import (
    Doc,
    require_active,
    require_primary_here,
)
from fakeserver.site import Site
from fakeserver.store import groups, member_rows
from fakeserver.store.groups import Group

LOG = logging.getLogger(__name__)
Member = dict[str, Any]


def page(group: Group, limit: int, marker: str | None) -> list[Member]:
    """List up to ``limit`` members after ``marker``, by name."""
    found = sorted(
        group.doc["members"], key=lambda one: (_name(group, one), one["id"])
    )
    if marker is None:
        return found[:limit]
    for n, one in enumerate(found):
        if one["id"] == marker:
            return found[n + 1 : n + 1 + limit]
    raise RequestRefused(
        "bad-request", f"marker: no member with id {marker}", field="marker"
    )


def _name(group: Group, member: Member) -> str:
    here = entry(member, group.doc["current_primary_site_id"])
    found = here or next(iter(member["sites"].values()), {})
    return str(found.get("instance_name", ""))


def get(group: Group, member_id: str) -> Member:
    for one in group.doc["members"]:
        if one["id"] == member_id:
            found: Member = one
            return found
    raise RequestRefused(
        "not-found",
        f"Protection group {group.name} has no member with id {member_id}",
    )


def add(
    service: Service, project_id: str, group_id: str, instance_id: str
) -> tuple[Group, Member]:
    """Add an instance that runs at the group's primary."""
    site = service.site
    group = groups.shared(site.db, project_id, group_id)
    primary = str(group.doc["current_primary_site_id"])
    service.require_idle(group)
    require_active(group.doc, "adding a member")
    require_primary_here(service.access, primary, "A member is added")
    instance_id = instance_id.lower()
    _check_free(site, project_id, instance_id)
    cloud = service.access.cloud(group, primary)
    with clouds.refusals(service):
        found, user_data = instances.examine(
            service, cloud, group, instance_id
        )
    member = {
        "id": new_id(),
        "status": "protected",
        "sites": {primary: found},
    }
    volumes = [volume["id"] for volume in found["volumes"]]
    grouped = False

    def mutate(doc: Doc) -> None:
        nonlocal grouped
        require_active(doc, "adding a member")
        _check_free(site, project_id, instance_id)
        with clouds.refusals(service):
            _group_volumes(site, cloud, group, add=volumes)
        grouped = True
        sealed.hide(doc, site.pair, found, user_data)
        doc["members"].append(member)

    def also(tx: sqlite3.Connection) -> None:
        moment = stamp(site.clock.time())
        member_rows.note_time(tx, group_id, str(member["id"]), moment)

    def take_back(tx: sqlite3.Connection) -> None:
        member_rows.forget_time(tx, group_id, str(member["id"]))

    with service.followed(group_id):
        try:
            service.change(
                project_id,
                group_id,
                mutate,
                array_links.FOLLOW,
                also,
                take_back,
            )
        except RequestRefused:
            if grouped:
                _let_go(site, cloud, group, volumes)
            raise
    return groups.shared(site.db, project_id, group_id), member


def _check_free(site: Site, project_id: str, instance_id: str) -> None:
    """Refuse an instance that is a member of another group."""
    name = groups.holding(site.db, project_id, instance_id)
    if name is not None:
        raise RequestRefused(
            "in-use",
            f"Instance {instance_id} is a member of protection group "
            f"{name} already",
        )


def remove(
    service: Service, project_id: str, group_id: str, member_id: str
) -> None:
    """Remove a member; the instance and its volumes stay."""
    site = service.site
    group = groups.shared(site.db, project_id, group_id)
    member = get(group, member_id)
    primary = str(group.doc["current_primary_site_id"])
    service.require_idle(group)
    require_active(group.doc, "removing a member")
    require_primary_here(service.access, primary, "A member is removed")

    def mutate(doc: Doc) -> None:
        require_active(doc, "removing a member")
        doc["members"] = [
            one for one in doc["members"] if one["id"] != member_id
        ]
        sealed.prune(doc)

    found = entry(member, primary) or {"volumes": []}
    with service.followed(group_id):
        service.change(project_id, group_id, mutate, array_links.FOLLOW)
        # before anybody adds the same instance again
        _let_go(
            site,
            service.access.cloud(group, primary),
            group,
            [volume["id"] for volume in found["volumes"]],
        )


def _group_volumes(
    site: Site, cloud: RemoteCloud, group: Group, add: Sequence[str]
) -> None:
    """Add volumes to the consistency group: all of them, or none."""
    made = group.local.consistency_group_id
    if made is None:
        return
    try:
        cinder_group.change(site, cloud, made, add=add)
    except CloudRefused as error:
        raise RequestRefused(
            "bad-request",
            f"member.instance_id: Cinder refused its volumes: {error.message}",
            field="member.instance_id",
        ) from error


def _let_go(
    site: Site, cloud: RemoteCloud, group: Group, volumes: Sequence[str]
) -> None:
    """Remove volumes from the consistency group. The service no longer counts
    them, whatever Cinder answers; a person can remove what Cinder keeps."""
    made = group.local.consistency_group_id
    wanted = [one for one in volumes if one]
    if made is None or not wanted:
        return
    try:
        cinder_group.change(site, cloud, made, remove=wanted)
    except (CloudRefused, CloudUnreachable) as error:
        LOG.warning("volumes %s stay in group %s: %s", wanted, made, error)
