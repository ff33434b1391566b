"""The consistency group of a protection group: show and sync it."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer, of_text
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, Routes
from fakeserver.engine.service import Service
from fakeserver.registry import consistency_groups as registry
from fakeserver.store import groups


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("consistency-groups")

    def show(tenant_id: str, pg_id: str) -> Response:
        group = groups.get(site.db, tenant_id, pg_id)
        return answer({"consistency_group": registry.show(site, group)})

    def sync(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        given = asked.body or {}
        started = service.act(
            tenant_id, pg_id, "sync_volumes", given, asked.request_id
        )
        return of_text([render.operation(started, asked.version)], 202)

    routes.add("GET", f"{GROUP}/consistency-group", show)
    routes.add("POST", f"{GROUP}/consistency-group/sync", sync)
    return routes.blueprint
