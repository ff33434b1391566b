"""Nova at /compute/v2.1: version documents and the parts of the API."""

import re
from typing import ClassVar

import flask

from fakeserver.cloud.compute.flavors import Flavors, Limits
from fakeserver.cloud.compute.hosts import Hosts, ServerExtras, Usage
from fakeserver.cloud.compute.image_proxy import ImageProxy
from fakeserver.cloud.compute.keypairs import KeyPairs
from fakeserver.cloud.compute.server.actions import Actions
from fakeserver.cloud.compute.server.attachments import Attachments
from fakeserver.cloud.compute.server.history import History
from fakeserver.cloud.compute.server.interfaces import Interfaces
from fakeserver.cloud.compute.server.metadata import Metadata, Tags
from fakeserver.cloud.compute.server.secgroups import SecurityGroups
from fakeserver.cloud.compute.server.servers import Servers
from fakeserver.cloud.compute.server_groups import ServerGroups
from fakeserver.cloud.compute.version import MAX_VERSION, MIN_VERSION
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_KINDS = {
    400: "badRequest",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
}


def microversion(
    header: str | None,
    service: str,
    lowest: tuple[int, int],
    highest: tuple[int, int],
) -> tuple[int, int]:
    """Negotiate the microversion of a request; 406 where it is not served."""
    if not header:
        return lowest
    words = header.replace(",", " ").split()
    if len(words) == 2 and words[0].lower() != service:
        return lowest
    text = words[-1]
    if text == "latest":
        return highest
    if not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", text):
        raise CloudError(
            400,
            f"API Version String {text[:40]} is of invalid format. Must be of "
            "format MajorNum.MinorNum.",
        )
    major, minor = text.split(".")
    asked = int(major), int(minor)
    if not lowest <= asked <= highest:
        raise CloudError(
            406,
            f"Version {text} is not supported by the API. Minimum is "
            f"{lowest[0]}.{lowest[1]} and maximum is "
            f"{highest[0]}.{highest[1]}.",
        )
    return asked


class Versions(web.Part):
    """Serve Nova's version documents, without a token."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/", "versions", open=True),
        Route("GET", "/v2.1", "version", open=True),
        Route("GET", "/v2.1/extensions", "extensions"),
    )

    def versions(self) -> Answer:
        return {"versions": [self._version()]}

    def version(self) -> Answer:
        return {"version": self._version()}

    def extensions(self, caller: Token) -> Answer:
        return {"extensions": []}

    def _version(self) -> Doc:
        href = f"{self.site.config.url}/compute/v2.1/"
        return {
            "id": "v2.1",
            "status": "CURRENT",
            "min_version": f"{MIN_VERSION[0]}.{MIN_VERSION[1]}",
            "version": f"{MAX_VERSION[0]}.{MAX_VERSION[1]}",
            "updated": "2013-07-23T11:33:21Z",
            "links": [{"rel": "self", "href": href}],
        }


class Compute(web.Service):
    """The emulated Nova."""

    name = "nova"
    prefix = "/compute"
    PARTS = (
        Versions,
        Flavors,
        Limits,
        Servers,
        ServerExtras,
        Actions,
        Attachments,
        History,
        Hosts,
        ImageProxy,
        Interfaces,
        KeyPairs,
        Metadata,
        SecurityGroups,
        ServerGroups,
        Tags,
        Usage,
    )

    def before(self) -> None:
        headers = flask.request.headers
        flask.g.microversion = MIN_VERSION
        flask.g.microversion = microversion(
            headers.get("OpenStack-API-Version")
            or headers.get("X-OpenStack-Nova-API-Version"),
            "compute",
            MIN_VERSION,
            MAX_VERSION,
        )

    def caller(self) -> Token:
        token = super().caller()
        if not token.project_id:
            raise CloudError(403, "The token has no project.")
        return token

    def after(self, answer: flask.Response) -> flask.Response:
        major, minor = flask.g.microversion
        answer.headers["OpenStack-API-Version"] = f"compute {major}.{minor}"
        answer.headers["X-OpenStack-Nova-API-Version"] = f"{major}.{minor}"
        answer.headers["Vary"] = (
            "OpenStack-API-Version, X-OpenStack-Nova-API-Version"
        )
        return answer

    def error_body(self, error: CloudError) -> Doc:
        kind = error.kind or _KINDS.get(error.status, "computeFault")
        return {kind: {"code": error.status, "message": error.message}}
