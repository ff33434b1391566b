"""The operations that were started at this site: list and show them."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, written_page
from fakeserver.api.gate import call
from fakeserver.api.routing import TENANT, Routes
from fakeserver.engine.service import Service
from fakeserver.store import operations


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("operations")

    def index(tenant_id: str) -> Response:
        asked = call()
        query = asked.query
        found = operations.page(
            site.db,
            tenant_id,
            query["limit"] + 1,
            query["marker"],
            query["protection_group_id"],
            query["operation_type"],
            query["status"],
            ids=query["id"],
            without=render.unknown_operation_field(asked.version),
        )
        return written_page(
            "operations",
            found,
            f"{site.config.url}/v1/{tenant_id}/operations",
            query,
        )

    def show(tenant_id: str, op_id: str) -> Response:
        found = operations.get(site.db, tenant_id, op_id)
        record = render.operation(found, call().version)
        return answer({"operation": record})

    routes.add("GET", f"{TENANT}/operations", index)
    routes.add("GET", f"{TENANT}/operations/<op_id>", show)
    return routes.blueprint
