"""The site records: list, create, show, set, delete and validate them."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, nothing, page
from fakeserver.api.gate import call
from fakeserver.api.routing import Routes
from fakeserver.engine.service import Service
from fakeserver.registry import sites as registry
from fakeserver.registry import validation, volume_types
from fakeserver.store.sites import SITES

COLLECTION = "/v1/admin/sites"


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("sites")

    def index() -> Response:
        query = call().query
        found = SITES.page(
            site.db, query["limit"] + 1, query["marker"], query["name"]
        )
        return page(
            "sites",
            [render.site(record) for record in found],
            f"{site.config.url}{COLLECTION}",
            query,
        )

    def create() -> Response:
        made = registry.create(site, call().body["site"])
        return answer({"site": render.site(made)}, 201)

    def show(site_id: str) -> Response:
        return answer({"site": render.site(SITES.get(site.db, site_id))})

    def change(site_id: str) -> Response:
        changed = registry.change(service, site_id, call().body["site"])
        return answer({"site": render.site(changed)})

    def delete(site_id: str) -> Response:
        registry.delete(site, site_id)
        return nothing()

    def validate(site_id: str) -> Response:
        return answer({"validation": validation.validate(service, site_id)})

    def types(site_id: str) -> Response:
        local = call().query["local"]
        found = volume_types.of(service, site_id, local)
        return answer({"volume_types": found})

    routes.add("GET", COLLECTION, index)
    routes.add("POST", COLLECTION, create)
    routes.add("GET", f"{COLLECTION}/<site_id>", show)
    routes.add("PATCH", f"{COLLECTION}/<site_id>", change)
    routes.add("DELETE", f"{COLLECTION}/<site_id>", delete)
    routes.add("POST", f"{COLLECTION}/<site_id>/validate", validate)
    routes.add("GET", f"{COLLECTION}/<site_id>/volume-types", types)
    return routes.blueprint
