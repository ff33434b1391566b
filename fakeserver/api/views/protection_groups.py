"""Protection groups: list, create, show, set and delete them."""

from collections.abc import Sequence

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import nothing, written, written_page
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, TENANT, Routes
from fakeserver.engine.service import Service
from fakeserver.registry import groups as registry
from fakeserver.store import groups
from fakeserver.store.groups import GroupListing


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("protection-groups")

    def dated(found: Sequence[GroupListing]) -> list[tuple[str, str]]:
        """Add the last replication to groups, as the arrays report it now."""
        newest = site.arrays.newest([one.id for one in found])
        return [(one.id, render.replicated(one, newest)) for one in found]

    def shown(tenant_id: str, pg_id: str, status: int = 200) -> Response:
        record = render.protection_group(call().version)
        found = groups.written(site.db, record, tenant_id, pg_id)
        [(_, text)] = dated([found])
        return written("protection_group", text, status)

    def index(tenant_id: str) -> Response:
        asked = call()
        found = groups.written_page(
            site.db,
            render.protection_group(
                asked.version, metadata=asked.query["metadata"]
            ),
            tenant_id,
            asked.query["limit"] + 1,
            asked.query["marker"],
            asked.query["name"],
            asked.query["status"],
        )
        return written_page(
            "protection_groups",
            dated(found),
            f"{site.config.url}/v1/{tenant_id}/protection-groups",
            asked.query,
        )

    def create(tenant_id: str) -> Response:
        given = call().body["protection_group"]
        made = registry.create(service, tenant_id, given)
        return shown(tenant_id, made.id, 201)

    def change(tenant_id: str, pg_id: str) -> Response:
        given = call().body["protection_group"]
        registry.change(service, tenant_id, pg_id, given)
        return shown(tenant_id, pg_id)

    def delete(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        registry.delete(
            service, tenant_id, pg_id, asked.query["force"], asked.admin
        )
        return nothing()

    collection = f"{TENANT}/protection-groups"
    routes.add("GET", collection, index)
    routes.add("POST", collection, create)
    routes.add("GET", GROUP, shown)
    routes.add("PATCH", GROUP, change)
    routes.add("DELETE", GROUP, delete)
    return routes.blueprint
