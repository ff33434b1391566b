"""The protector HTTP API of one site, as Flask blueprints."""

from collections.abc import Callable
from wsgiref.types import WSGIApplication

from flask import Blueprint

from fakeserver.api import microversion
from fakeserver.api.direct_calls import DirectCallsMiddleware
from fakeserver.api.gate import Gate
from fakeserver.api.views import (
    actions,
    consistency_groups,
    health,
    members,
    metadata,
    operations,
    policies,
    protection_groups,
    sites,
    tenant_mappings,
    versions,
)
from fakeserver.cloud.identity.check import Identity
from fakeserver.engine.service import Service

_NOUNS: tuple[Callable[[Service], Blueprint], ...] = (
    versions.blueprint,
    sites.blueprint,
    tenant_mappings.blueprint,
    protection_groups.blueprint,
    members.blueprint,
    policies.blueprint,
    consistency_groups.blueprint,
    actions.blueprint,
    metadata.blueprint,
    operations.blueprint,
    health.blueprint,
)


def with_direct_calls(
    app: WSGIApplication, service: Service, identity: Identity
) -> WSGIApplication:
    """Return an application that answers the most usual calls without Flask.

    A site that is bound to the source page answers none of them so: the page
    knows neither our headers nor all of our fields.
    """
    site = service.site
    if site.config.strictly_source:
        return app
    calls = (
        *operations.direct_calls(site),
        *protection_groups.direct_calls(site),
        *metadata.direct_calls(service),
        *actions.direct_calls(service),
    )
    newest = microversion.parse(site.config.max_microversion)
    return DirectCallsMiddleware(app, calls, identity, newest)


def blueprints(service: Service, identity: Identity) -> list[Blueprint]:
    """Return one blueprint for each noun; the first holds the gate of all."""
    made = [noun(service) for noun in _NOUNS]
    names = frozenset(blueprint.name for blueprint in made)
    Gate(service.site, identity, names).attach(made[0])
    return made
