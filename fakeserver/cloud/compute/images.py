"""Glance at /image: a service without images.

Every instance of the seeded world boots from a volume. OpenStackClient of
2025.1 looks for the images all the same, whenever it lists servers.
"""

from typing import ClassVar

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import Answer, CloudError, Route

#: The newest minor version is the current one, as in a real Glance.
VERSIONS = ("v2.16", "v2.15", "v2.13", "v2.7", "v2.0")

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
}


class Versions(web.Part):
    """Serve Glance's version documents, without a token."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/", "choices", open=True),
        Route("GET", "/versions", "versions", open=True),
    )

    def choices(self) -> Answer:
        return self.versions(), 300

    def versions(self) -> Doc:
        href = f"{self.site.config.url}/image/v2/"
        return {
            "versions": [
                {
                    "id": version,
                    "status": "SUPPORTED" if place else "CURRENT",
                    "links": [{"rel": "self", "href": href}],
                }
                for place, version in enumerate(VERSIONS)
            ]
        }


class Images(web.Part):
    """List the images of a cloud that has none."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2/images", "list"),
        Route("GET", "/v2/images/<image>", "show"),
    )

    def list(self, caller: Token) -> Answer:
        return {
            "images": [],
            "first": "/v2/images",
            "schema": "/v2/schemas/images",
        }

    def show(self, caller: Token, image: str) -> Answer:
        raise CloudError(404, f"No image found with ID {image}")


class Image(web.Service):
    """The emulated Glance."""

    name = "glance"
    prefix = "/image"
    PARTS = (Versions, Images)

    def error_body(self, error: CloudError) -> Doc:
        """Return an error body in the form of WebOb, which Glance stands
        on."""
        title = _TITLES.get(error.status, "Error")
        return {
            "message": error.message,
            "code": f"{error.status} {title}",
            "title": title,
        }
