"""The replication policy of a group: show, set and delete it."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, nothing
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, Routes
from fakeserver.engine.service import Service
from fakeserver.registry import policies as registry
from fakeserver.store import groups


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("policies")

    def show(tenant_id: str, pg_id: str) -> Response:
        group = groups.get(site.db, tenant_id, pg_id)
        registry.require(group)
        return answer({"policy": render.policy(group)})

    def put(tenant_id: str, pg_id: str) -> Response:
        given = call().body["policy"]
        group, made = registry.put(service, tenant_id, pg_id, given)
        status = 201 if made else 200
        return answer({"policy": render.policy(group)}, status)

    def delete(tenant_id: str, pg_id: str) -> Response:
        registry.delete(service, tenant_id, pg_id)
        return nothing()

    routes.add("GET", f"{GROUP}/policy", show)
    routes.add("POST", f"{GROUP}/policy", put)
    routes.add("DELETE", f"{GROUP}/policy", delete)
    return routes.blueprint
