"""The operations that were started at this site: list and show them."""

import threading

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import listed, of_text
from fakeserver.api.direct_calls import DirectCall
from fakeserver.api.gate import Call, call
from fakeserver.api.routing import TENANT, Routes
from fakeserver.engine.service import Service
from fakeserver.site import Site
from fakeserver.store import operations


def blueprint(service: Service) -> Blueprint:
    routes = Routes("operations")
    index, show = (one.whole for one in direct_calls(service.site))

    def listing(tenant_id: str) -> Response:
        return of_text(index(call(), tenant_id))

    def one(tenant_id: str, op_id: str) -> Response:
        return of_text(show(call(), tenant_id, op_id))

    routes.add("GET", f"{TENANT}/operations", listing)
    routes.add("GET", f"{TENANT}/operations/<op_id>", one)
    return routes.blueprint


def direct_calls(site: Site) -> tuple[DirectCall, DirectCall]:
    """Return what lists the operations, and what shows one."""

    # lists that are read side by side take turns at each step of SQLite, which
    # costs each a fifth more processor time
    one_at_a_time = threading.Lock()

    def index(asked: Call, tenant_id: str) -> list[bytes]:
        query = asked.query
        with one_at_a_time:
            found = operations.page(
                site.db,
                tenant_id,
                query["limit"],
                query["marker"],
                query["protection_group_id"],
                query["operation_type"],
                query["status"],
                ids=query["id"],
                without=render.unknown_operation_field(asked.version),
            )
        url = f"{site.config.url}/v1/{tenant_id}/operations"
        return listed("operations", found.pieces, found.next_after, url, query)

    def show(asked: Call, tenant_id: str, op_id: str) -> list[bytes]:
        without = render.unknown_operation_field(asked.version)
        text = operations.written(site.db, tenant_id, op_id, without)
        return [f'{{"operation":{text}}}'.encode()]

    return (
        DirectCall("/v1/{tenant_id}/operations", index),
        DirectCall("/v1/{tenant_id}/operations/{op_id}", show),
    )
