"""POST .../action: starts every kind of operation on a group."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import answer
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, Routes
from fakeserver.engine.service import Service


def blueprint(service: Service) -> Blueprint:
    routes = Routes("actions")

    def act(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        [(action, given)] = asked.body.items()
        if action == "failover" and given.get("retain_primary"):
            action = "test_failover"
        started = service.act(
            tenant_id, pg_id, action, given, asked.request_id
        )
        record = render.operation(started, asked.version)
        return answer({"operation": record}, 202)

    routes.add("POST", f"{GROUP}/action", act)
    return routes.blueprint
