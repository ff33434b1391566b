"""The version documents, and the OpenAPI description."""

from typing import Any

from flask import Blueprint, Response

from fakeserver.api import description, microversion
from fakeserver.api.answers import answer
from fakeserver.api.gate import call
from fakeserver.api.routing import Routes
from fakeserver.engine.service import Service

#: when the newest version of the API came out
UPDATED = "2025-11-03T00:00:00Z"


def blueprint(service: Service) -> Blueprint:
    site = service.site
    routes = Routes("versions")
    newest = site.config.max_microversion

    def document() -> dict[str, Any]:
        """Return a version document in the form of keystoneauth's
        discovery."""
        return {
            "id": "v1.0",
            "status": "CURRENT",
            "min_version": microversion.show(microversion.OLDEST),
            "version": newest,
            "max_version": newest,
            "updated": UPDATED,
            "links": [{"rel": "self", "href": f"{site.config.url}/v1/"}],
        }

    def index() -> Response:
        return answer({"versions": [document()]})

    def show() -> Response:
        return answer({"version": document()})

    def openapi() -> Response:
        found = description.document(
            call().version, microversion.parse(newest)
        )
        return answer(found)

    routes.add("GET", "/", index)
    routes.add("GET", "/v1/", show)
    routes.add("GET", "/v1/openapi.json", openapi)
    return routes.blueprint
