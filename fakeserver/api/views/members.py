"""The members of a group: list, add, show and remove them."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, nothing, page
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, Routes
from fakeserver.engine.service import Service
from fakeserver.registry import members as registry
from fakeserver.store import groups


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("members")

    def index(tenant_id: str, pg_id: str) -> Response:
        query = call().query
        group = groups.get(site.db, tenant_id, pg_id)
        found = registry.page(group, query["limit"] + 1, query["marker"])
        return page(
            "members",
            render.members(site.db, group, found),
            f"{site.config.url}/v1/{tenant_id}/protection-groups/{pg_id}"
            "/members",
            query,
        )

    def add(tenant_id: str, pg_id: str) -> Response:
        instance_id = call().body["member"]["instance_id"]
        group, found = registry.add(service, tenant_id, pg_id, instance_id)
        (shown,) = render.members(site.db, group, [found])
        return answer({"member": shown}, 201)

    def show(tenant_id: str, pg_id: str, member_id: str) -> Response:
        group = groups.get(site.db, tenant_id, pg_id)
        found = registry.get(group, member_id)
        (shown,) = render.members(site.db, group, [found])
        return answer({"member": shown})

    def remove(tenant_id: str, pg_id: str, member_id: str) -> Response:
        registry.remove(service, tenant_id, pg_id, member_id)
        return nothing()

    routes.add("GET", f"{GROUP}/members", index)
    routes.add("POST", f"{GROUP}/members", add)
    routes.add("GET", f"{GROUP}/members/<member_id>", show)
    routes.add("DELETE", f"{GROUP}/members/<member_id>", remove)
    return routes.blueprint
