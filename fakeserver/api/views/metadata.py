"""The metadata of a group: compare, push, read and replace it."""

from typing import Any

from flask import Blueprint, Response

from fakeserver.api.answers import answer, of_text, paged, text
from fakeserver.api.direct_calls import DirectCall
from fakeserver.api.gate import Call, call
from fakeserver.api.routing import GROUP, TENANT, Routes
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.document import without_secrets
from fakeserver.engine.peer.delta import Delta
from fakeserver.engine.service import Service


def _change(query: dict[str, Any], given: dict[str, Any]) -> list[Delta]:
    """Return the change that a request pushes, if it pushes one."""
    since, becomes = query["since"], query["becomes"]
    removed = query["removed"] or []
    if since is None and becomes is None and not removed:
        return []
    if since is None or becomes is None or query["force"]:
        raise RequestRefused(
            "bad-request",
            "since goes with becomes, and not with force",
            field="since",
        )
    return [Delta(since, becomes, given, removed)]


def blueprint(service: Service) -> Blueprint:
    routes = Routes("metadata")
    _, several = direct_calls(service)

    def shown(document: dict[str, Any]) -> Response:
        return answer({"metadata": without_secrets(document)})

    def status(tenant_id: str, pg_id: str) -> Response:
        if call().query["local"]:
            found = service.local_sync_status(tenant_id, pg_id)
        else:
            found = service.sync_status(tenant_id, pg_id)
        return answer({"sync_status": found})

    def statuses(tenant_id: str) -> Response:
        return of_text(several.whole(call(), tenant_id))

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
        given, force = asked.body["metadata"], asked.query["force"]
        changes = _change(asked.query, given)
        return shown(service.import_(tenant_id, pg_id, given, force, *changes))

    routes.add("GET", f"{TENANT}/sync-status", statuses)
    routes.add("GET", f"{GROUP}/sync-status", status)
    routes.add("POST", f"{GROUP}/sync-force", force)
    routes.add("GET", f"{GROUP}/metadata", export)
    routes.add("PUT", f"{GROUP}/metadata", import_)
    return routes.blueprint


def direct_calls(service: Service) -> tuple[DirectCall, DirectCall]:
    """Return what answers the other site, which compares the metadata: of one
    group, and of many."""
    url = service.site.config.url

    def status(asked: Call, tenant_id: str, pg_id: str) -> list[bytes] | None:
        if not asked.query["local"]:
            # it waits for the other site
            return None
        found = service.local_sync_status(tenant_id, pg_id)
        return [text({"sync_status": found})]

    def statuses(asked: Call, tenant_id: str) -> list[bytes]:
        query = asked.query
        found = service.local_sync_statuses(
            tenant_id,
            query["limit"] + 1,
            query["marker"],
            query["protection_group_id"],
        )
        address = f"{url}/v1/{tenant_id}/sync-status"
        key = "protection_group_id"
        return [text(paged("sync_statuses", found, address, query, key))]

    tenant = "/v1/{tenant_id}"
    return (
        DirectCall(
            f"{tenant}/protection-groups/{{pg_id}}/sync-status", status
        ),
        DirectCall(f"{tenant}/sync-status", statuses),
    )
