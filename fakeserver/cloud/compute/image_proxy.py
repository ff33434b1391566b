"""List Glance's images under Nova's address, as Nova did up to 2.35."""

from typing import ClassVar

from fakeserver.base.clock import stamp
from fakeserver.cloud.compute.server.render import links
from fakeserver.cloud.compute.version import needs
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import IMAGES
from fakeserver.cloud.shared.web import Answer, CloudError, Route


class ImageProxy(web.Part):
    """List and show the images of Glance."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2.1/images", "index"),
        Route("GET", "/v2.1/images/detail", "detail"),
        Route("GET", "/v2.1/images/<image>", "show"),
    )

    def index(self, caller: Token) -> Answer:
        names = ("id", "name", "links")
        return {
            "images": [
                {name: shown[name] for name in names} for shown in self._all()
            ]
        }

    def detail(self, caller: Token) -> Answer:
        return {"images": self._all()}

    def show(self, caller: Token, image: str) -> Answer:
        for shown in self._all():
            if shown["id"] == image:
                return {"image": shown}
        raise CloudError(404, "Image not found.")

    def _all(self) -> list[Doc]:
        needs(1, 36)
        return [
            {
                "id": row["id"],
                "name": row["name"],
                "status": "ACTIVE",
                "progress": 100,
                "minDisk": 0,
                "minRam": 0,
                "metadata": {},
                "OS-EXT-IMG-SIZE:size": 0,
                "created": stamp(row["created"]),
                "updated": stamp(row["created"]),
                "links": links(self.site, "images", row["id"]),
            }
            for row in IMAGES.select(self.site.db.connection())
        ]
