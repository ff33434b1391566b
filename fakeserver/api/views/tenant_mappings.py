"""Tenant mappings: which project of one site is which of the other."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, nothing, page
from fakeserver.api.gate import call
from fakeserver.api.routing import Routes
from fakeserver.engine.service import Service
from fakeserver.registry import mappings as registry
from fakeserver.store.mappings import MAPPINGS

COLLECTION = "/v1/admin/tenant-mappings"


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("tenant-mappings")

    def index() -> Response:
        query = call().query
        found = MAPPINGS.page(
            site.db, query["limit"] + 1, query["marker"], query["name"]
        )
        return page(
            "tenant_mappings",
            [render.tenant_mapping(record) for record in found],
            f"{site.config.url}{COLLECTION}",
            query,
        )

    def create() -> Response:
        made = registry.create(site, call().body["tenant_mapping"])
        return answer({"tenant_mapping": render.tenant_mapping(made)}, 201)

    def show(mapping_id: str) -> Response:
        found = MAPPINGS.get(site.db, mapping_id)
        return answer({"tenant_mapping": render.tenant_mapping(found)})

    def delete(mapping_id: str) -> Response:
        registry.delete(site, mapping_id)
        return nothing()

    routes.add("GET", COLLECTION, index)
    routes.add("POST", COLLECTION, create)
    routes.add("GET", f"{COLLECTION}/<mapping_id>", show)
    routes.add("DELETE", f"{COLLECTION}/<mapping_id>", delete)
    return routes.blueprint
