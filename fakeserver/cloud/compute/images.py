"""Glance at /image: the image from which root volumes were made.

Every instance of the seeded world boots from a volume. OpenStackClient of
2025.1 looks for the images all the same, whenever it lists servers.
"""

import sqlite3
from typing import ClassVar

import flask

from fakeserver.base.clock import stamp
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import IMAGES
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
    """List, show and delete images; the seeded world has one."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2/images", "list"),
        Route("GET", "/v2/images/<image>", "show"),
        Route("DELETE", "/v2/images/<image>", "delete"),
    )

    def list(self, caller: Token) -> Answer:
        rows = IMAGES.select(self.site.db.connection(), order="seq DESC")
        if (name := flask.request.args.get("name")) is not None:
            rows = [row for row in rows if row["name"] == name]
        return {
            "images": [_shown(row) for row in rows],
            "first": "/v2/images",
            "schema": "/v2/schemas/images",
        }

    def show(self, caller: Token, image: str) -> Answer:
        return _shown(_find(self.site.db.connection(), image))

    def delete(self, caller: Token, image: str) -> Answer:
        with self.site.db.transaction() as tx:
            row = _find(tx, image)
            mine = row["owner"] == caller.project_id and caller.may_write
            if not (mine or caller.is_admin):
                raise CloudError(
                    403, f"You are not permitted to delete image {image}."
                )
            IMAGES.delete(tx, image)
        return "", 204


def _find(db: sqlite3.Connection, image: str) -> Doc:
    row = IMAGES.get(db, image)
    if row is None:
        raise CloudError(404, f"No image found with ID {image}")
    return row


def _shown(row: Doc) -> Doc:
    moment = stamp(row["created"])
    return {
        "id": row["id"],
        "name": row["name"],
        "status": "active",
        "visibility": "public",
        "protected": False,
        "owner": row["owner"],
        "container_format": "bare",
        "disk_format": "qcow2",
        "min_disk": 0,
        "min_ram": 0,
        "size": 0,
        "virtual_size": None,
        "checksum": None,
        "os_hash_algo": None,
        "os_hash_value": None,
        "os_hidden": False,
        "tags": [],
        "created_at": moment,
        "updated_at": moment,
        "self": f"/v2/images/{row['id']}",
        "file": f"/v2/images/{row['id']}/file",
        "schema": "/v2/schemas/image",
    }


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
