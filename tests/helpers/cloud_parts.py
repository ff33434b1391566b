"""A cloud as the tests ask it."""

from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

from fakeserver.base.routes import Application
from fakeserver.base.seed_world import World
from fakeserver.cloud import services
from fakeserver.cloud.identity.keystone import Keystone
from fakeserver.site import Site

URLS = {
    "site-a": "http://127.0.0.1:8788",
    "site-b": "http://127.0.0.1:8789",
}


class _Alone(Application):
    """The clouds without the API."""

    _worked_out = None


class Cloud:
    """One site's cloud, asked through Flask's test client."""

    def __init__(self, site: Site, keystone: Keystone) -> None:
        self.site = site
        self.keystone = keystone
        self.app = _Alone("cloud", static_folder=None)
        self.app.testing = True
        self.app.take(services.blueprints(site, keystone))
        self.client = self.app.test_client()

    @property
    def world(self) -> World:
        return self.site.world

    @property
    def name(self) -> str:
        return self.site.config.site

    def project(self, name: str = "demo") -> str:
        return self.world.project_id(self.name, name)

    def user(self, name: str = "demo") -> str:
        return self.world.user_id(self.name, name)

    def token(self, user: str = "demo", project: str | None = None) -> str:
        """A token of a user, in its own project unless told."""
        home = {"rival": "rival", "protector": "service"}.get(user, "demo")
        return self.keystone.issue(
            self.user(user), self.project(project or home)
        )

    def call(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        as_: str = "demo",
        token: str | None = None,
        version: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """One request, as a user; ``{p}`` is the user's project."""
        home = {"rival": "rival", "protector": "service"}.get(as_, "demo")
        sent = {"X-Auth-Token": token or self.token(as_)}
        if version:
            sent["OpenStack-API-Version"] = version
        sent.update(headers or {})
        return self.client.open(
            path.replace("{p}", self.project(home)),
            method=method,
            json=json,
            headers=sent,
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(
        self, path: str, json: object = None, **options: Any
    ) -> TestResponse:
        return self.call("POST", path, json, **options)


Maker = Callable[..., Cloud]
