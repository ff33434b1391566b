"""The metadata of a group: compare, push, read and replace it."""

from typing import Any

from flask import Blueprint, Response

from fakeserver.api.answers import answer, page
from fakeserver.api.gate import call
from fakeserver.api.routing import GROUP, TENANT, Routes
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.document import without_secrets
from fakeserver.engine.service import Service


def blueprint(service: Service) -> Blueprint:
    routes = Routes("metadata")
    url = service.site.config.url

    def shown(document: dict[str, Any]) -> Response:
        return answer({"metadata": without_secrets(document)})

    def status(tenant_id: str, pg_id: str) -> Response:
        local = call().query["local"]
        found = service.sync_status(tenant_id, pg_id, local)
        return answer({"sync_status": found})

    def statuses(tenant_id: str) -> Response:
        query = call().query
        found = service.local_sync_statuses(
            tenant_id,
            query["limit"] + 1,
            query["marker"],
            query["protection_group_id"],
        )
        return page(
            "sync_statuses",
            found,
            f"{url}/v1/{tenant_id}/sync-status",
            query,
            key="protection_group_id",
        )

    def force(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        winner, discard = asked.query["force"], asked.query["discard"]
        if discard is None:
            found = service.sync_force(tenant_id, pg_id, winner)
            return answer({"sync_status": found})
        if not winner:
            raise RequestRefused(
                "bad-request", "discard goes with force=true", field="discard"
            )
        found = service.sync_discard(
            tenant_id, pg_id, discard, asked.request_id
        )
        completed = found["stale_removed"] is not None
        return answer({"sync_status": found}, 200 if completed else 202)

    def export(tenant_id: str, pg_id: str) -> Response:
        version = call().query["version"]
        return shown(service.export(tenant_id, pg_id, version))

    def import_(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        return shown(
            service.import_(
                tenant_id,
                pg_id,
                asked.body["metadata"],
                asked.query["force"],
            )
        )

    routes.add("GET", f"{TENANT}/sync-status", statuses)
    routes.add("GET", f"{GROUP}/sync-status", status)
    routes.add("POST", f"{GROUP}/sync-force", force)
    routes.add("GET", f"{GROUP}/metadata", export)
    routes.add("PUT", f"{GROUP}/metadata", import_)
    return routes.blueprint
