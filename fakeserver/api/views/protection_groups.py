"""Protection groups: list, create, show, set and delete them."""

from collections.abc import Sequence

from flask import Blueprint, Response

from fakeserver.api import render
from fakeserver.api.answers import listed_one_more, nothing, of_text
from fakeserver.api.direct_calls import DirectCall
from fakeserver.api.gate import Call, call
from fakeserver.api.routing import GROUP, TENANT, Routes
from fakeserver.engine.service import Service
from fakeserver.registry import groups as registry
from fakeserver.site import Site
from fakeserver.store import groups
from fakeserver.store.groups import GroupListing


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("protection-groups")
    index, show = (one.whole for one in direct_calls(site))

    def listing(tenant_id: str) -> Response:
        return of_text(index(call(), tenant_id))

    def shown(tenant_id: str, pg_id: str, status: int = 200) -> Response:
        return of_text(show(call(), tenant_id, pg_id), status)

    def create(tenant_id: str) -> Response:
        given = call().body["protection_group"]
        made = registry.create(service, tenant_id, given)
        return shown(tenant_id, made.id, 201)

    def change(tenant_id: str, pg_id: str) -> Response:
        given = call().body["protection_group"]
        registry.change(service, tenant_id, pg_id, given)
        return shown(tenant_id, pg_id)

    def delete(tenant_id: str, pg_id: str) -> Response:
        asked = call()
        registry.delete(
            service, tenant_id, pg_id, asked.query["force"], asked.admin
        )
        return nothing()

    collection = f"{TENANT}/protection-groups"
    routes.add("GET", collection, listing)
    routes.add("POST", collection, create)
    routes.add("GET", GROUP, shown)
    routes.add("PATCH", GROUP, change)
    routes.add("DELETE", GROUP, delete)
    return routes.blueprint


def direct_calls(site: Site) -> tuple[DirectCall, DirectCall]:
    """Return what lists the groups, and what shows one."""

    def dated(found: Sequence[GroupListing]) -> list[tuple[str, str]]:
        """Add the last replication to groups, as the arrays report it now."""
        newest = site.arrays.newest([one.id for one in found])
        return [(one.id, render.replicated(one, newest)) for one in found]

    def index(asked: Call, tenant_id: str) -> list[bytes]:
        query = asked.query
        fields = query["fields"]
        record = render.protection_group(
            asked.version, metadata=query["metadata"], only=fields
        )
        found = groups.written_page(
            site.db,
            record,
            tenant_id,
            query["limit"] + 1,
            query["marker"],
            query["name"],
            query["status"],
        )
        url = f"{site.config.url}/v1/{tenant_id}/protection-groups"
        if fields is None:
            shown = dated(found)
        else:
            shown = [(one.id, one.record) for one in found]
        return listed_one_more("protection_groups", shown, url, query)

    def show(asked: Call, tenant_id: str, pg_id: str) -> list[bytes]:
        record = render.protection_group(asked.version)
        found = groups.written(site.db, record, tenant_id, pg_id)
        [(_, text)] = dated([found])
        return [f'{{"protection_group":{text}}}'.encode()]

    return (
        DirectCall("/v1/{tenant_id}/protection-groups", index),
        DirectCall("/v1/{tenant_id}/protection-groups/{pg_id}", show),
    )
