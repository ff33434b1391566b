"""Cinder at /volume: version documents, and the API below a project."""

from typing import ClassVar

import flask

from fakeserver.cloud.compute.api import microversion
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume.actions import Actions
from fakeserver.cloud.volume.extras import Empty, Extras
from fakeserver.cloud.volume.groups import Groups, GroupTypes
from fakeserver.cloud.volume.limits import Limits
from fakeserver.cloud.volume.manage import Manage
from fakeserver.cloud.volume.snapshots import Snapshots
from fakeserver.cloud.volume.types import Types
from fakeserver.cloud.volume.volumes import Volumes

MIN_VERSION = (3, 0)
MAX_VERSION = (3, 71)

_KINDS = {
    400: "badRequest",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
}


class Versions(web.Part):
    """Serve Cinder's version documents, without a token and a project."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/", "versions", open=True),
        Route("GET", "/v3", "version", open=True),
    )

    def versions(self) -> Answer:
        return {"versions": [self._version()]}, 300

    def version(self) -> Answer:
        return {"versions": [self._version()]}

    def _version(self) -> Doc:
        href = f"{self.site.config.url}/volume/v3/"
        kind = "application/vnd.openstack.volume+json;version=3"
        return {
            "id": "v3.0",
            "status": "CURRENT",
            "version": f"{MAX_VERSION[0]}.{MAX_VERSION[1]}",
            "min_version": f"{MIN_VERSION[0]}.{MIN_VERSION[1]}",
            "updated": "2023-08-31T00:00:00Z",
            "links": [{"rel": "self", "href": href}],
            "media-types": [{"base": "application/json", "type": kind}],
        }


class Volume(web.Service):
    """The emulated Cinder."""

    name = "cinder"
    prefix = "/volume"
    PARTS = (
        Versions,
        Manage,
        Types,
        Limits,
        GroupTypes,
        Groups,
        Actions,
        Snapshots,
        Extras,
        Empty,
        Volumes,
    )

    def before(self) -> None:
        flask.g.microversion = MIN_VERSION
        flask.g.microversion = microversion(
            flask.request.headers.get("OpenStack-API-Version"),
            "volume",
            MIN_VERSION,
            MAX_VERSION,
        )

    def names(self, caller: Token, names: dict[str, str]) -> dict[str, str]:
        """Return the names in the address; its project must be the token's."""
        if names.pop("project", None) != caller.project_id:
            raise CloudError(400, "Malformed request url")
        return names

    def after(self, answer: flask.Response) -> flask.Response:
        major, minor = flask.g.microversion
        answer.headers["OpenStack-API-Version"] = f"volume {major}.{minor}"
        answer.headers["Vary"] = "OpenStack-API-Version"
        return answer

    def error_body(self, error: CloudError) -> Doc:
        kind = error.kind or _KINDS.get(error.status, "computeFault")
        return {kind: {"code": error.status, "message": error.message}}
