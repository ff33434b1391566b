"""Protection groups: list, create, show, set, delete."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, nothing, page
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, TENANT, Routes
from fakeserver.registry import groups as registry
from fakeserver.site import Site
from fakeserver.store import groups
from fakeserver.store.groups import Group


def blueprint(site: Site) -> Blueprint:
    routes = Routes("protection-groups")

    def shown(group: Group, status: int = 200) -> Response:
        registry.freshen(site, [group])
        record = render.protection_group(group, call().version)
        return answer({"protection_group": record}, status)

    def index(tenant_id: str) -> Response:
        asked = call()
        found = groups.page(
            site.db,
            tenant_id,
            asked.query["limit"] + 1,
            asked.query["marker"],
            asked.query["name"],
            asked.query["status"],
        )
        registry.freshen(site, found)
        return page(
            "protection_groups",
            [render.protection_group(one, asked.version) for one in found],
            f"{site.config.url}/v1/{tenant_id}/protection-groups",
            asked.query,
        )

    def create(tenant_id: str) -> Response:
        given = call().body["protection_group"]
        return shown(registry.create(site, tenant_id, given), 201)

    def show(tenant_id: str, pg_id: str) -> Response:
        return shown(groups.get(site.db, tenant_id, pg_id))

    def change(tenant_id: str, pg_id: str) -> Response:
        given = call().body["protection_group"]
        return shown(registry.change(site, tenant_id, pg_id, given))

    def delete(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        registry.delete(
            site, tenant_id, pg_id, asked.query["force"], asked.admin
        )
        return nothing()

    collection = f"{TENANT}/protection-groups"
    routes.add("GET", collection, index)
    routes.add("POST", collection, create)
    routes.add("GET", GROUP, show)
    routes.add("PATCH", GROUP, change)
    routes.add("DELETE", GROUP, delete)
    return routes.blueprint
