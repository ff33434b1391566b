"""POST .../action: starts every kind of operation on a group."""

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import of_text
from fakeserver.api.direct_calls import DirectCall
from fakeserver.api.gate import Call, call
from fakeserver.api.routing import GROUP, Routes
from fakeserver.engine.service import Service


def blueprint(service: Service) -> Blueprint:
    routes = Routes("actions")
    [direct] = direct_calls(service)

    def act(tenant_id: str, pg_id: str) -> Response:
        return of_text(direct.whole(call(), tenant_id, pg_id), 202)

    routes.add("POST", f"{GROUP}/action", act)
    return routes.blueprint


def direct_calls(service: Service) -> tuple[DirectCall]:
    """Return what starts an operation."""

    def act(asked: Call, tenant_id: str, pg_id: str) -> list[bytes]:
        [(action, given)] = asked.body.items()
        if action == "failover" and given.get("retain_primary"):
            action = "test_failover"
        started = service.act(
            tenant_id, pg_id, action, given, asked.request_id
        )
        return [render.operation(started, asked.version)]

    path = "/v1/{tenant_id}/protection-groups/{pg_id}/action"
    return (DirectCall(path, act, "POST", "202 ACCEPTED"),)
