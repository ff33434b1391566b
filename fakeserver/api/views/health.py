"""The health report: whether each group of the project can fail over now."""

from flask import Blueprint, Response

from fakeserver.api.answers import page
from fakeserver.api.gate import call
from fakeserver.api.routing import Routes
from fakeserver.engine.service import Service
from fakeserver.registry import health as registry


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("health")
    report = registry.Reports(service)

    def show() -> Response:
        asked = call()
        query = asked.query
        found = service.summaries.page(
            asked.project_id,
            query["limit"] + 1,
            query["marker"],
            query["protection_group_id"],
        )
        # the one that only shows that there is a next page is not examined
        shown, more = found[: query["limit"]], found[query["limit"] :]
        reports = report.of(shown)
        reports += [{"protection_group_id": group.id} for group in more]
        return page(
            "health",
            reports,
            f"{site.config.url}/v1/health",
            query,
            key="protection_group_id",
        )

    routes.add("GET", "/v1/health", show)
    return routes.blueprint
