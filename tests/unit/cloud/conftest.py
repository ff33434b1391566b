"""Two clouds in one process, a clock that tests move."""

import pathlib
from collections.abc import Callable, Iterator

import flask
import pytest
from werkzeug.test import TestResponse

from fakeserver import cloud
from fakeserver.clock import ManualClock
from fakeserver.cloud import schema
from fakeserver.cloud.keystone import Keystone
from fakeserver.cloud.seed import seed_clouds
from fakeserver.config import SiteConfig
from fakeserver.db import Database
from fakeserver.faults import NoFaults
from fakeserver.inprocess import InProcess
from fakeserver.site import Site
from fakeserver.storage.arrays import SCHEMA as ARRAY_SCHEMA
from fakeserver.storage.arrays import Arrays
from fakeserver.storage.seed import seed_arrays
from fakeserver.vault import Vault
from fakeserver.world import SITES, World, build

URLS = {
    "site-a": "http://127.0.0.1:8788",
    "site-b": "http://127.0.0.1:8789",
}


class Cloud:
    """One site's cloud, asked through Flask's test client."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.app = flask.Flask("cloud")
        self.app.testing = True
        for blueprint in cloud.blueprints(site):
            self.app.register_blueprint(blueprint)
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
        return self.site.keystone.issue(
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
        **headers: str,
    ) -> TestResponse:
        """One request, as a user; ``{p}`` is the user's project."""
        home = {"rival": "rival", "protector": "service"}.get(as_, "demo")
        sent = {"X-Auth-Token": token or self.token(as_)}
        if version:
            sent["OpenStack-API-Version"] = version
        sent.update(headers)
        return self.client.open(
            path.replace("{p}", self.project(home)),
            method=method,
            json=json,
            headers=sent,
        )

    def get(self, path: str, **options: str) -> TestResponse:
        return self.call("GET", path, **options)

    def post(
        self, path: str, json: object = None, **options: str
    ) -> TestResponse:
        return self.call("POST", path, json, **options)


Maker = Callable[..., Cloud]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def wire() -> InProcess:
    return InProcess()


@pytest.fixture
def make_cloud(
    tmp_path: pathlib.Path, clock: ManualClock, wire: InProcess
) -> Iterator[Maker]:
    """Makes a site's cloud over the folder of this test."""
    made: list[Database] = []
    arrays_db = Database(tmp_path / "arrays.db", ARRAY_SCHEMA)
    made.append(arrays_db)
    seeded = set()

    def make(name: str = "site-a", scenario: str = "default") -> Cloud:
        other = SITES[1 - SITES.index(name)]
        config = SiteConfig(
            site=name,
            peer=other,
            directory=tmp_path,
            url=URLS[name],
            peer_url=URLS[other],
            scenario=scenario,
        )
        world = build(scenario, 1)
        db = Database(config.database, schema.SCHEMA)
        made.append(db)
        arrays = Arrays(arrays_db, clock, NoFaults())
        if not seeded:
            seed_arrays(arrays, world)
        if name not in seeded:
            with db.transaction() as tx:
                seed_clouds(tx, name, world, config, clock.time())
        seeded.add(name)
        site = Site(
            config=config,
            world=world,
            clock=clock,
            db=db,
            arrays=arrays,
            wire=wire,
            faults=NoFaults(),
            vault=Vault.open(config.vault_key),
            pair=Vault.open(config.pair_key),
        )
        site.keystone = Keystone(site)
        cloud = Cloud(site)
        wire.register(config.url, cloud.app)
        return cloud

    yield make
    for db in made:
        db.close()


@pytest.fixture
def a(make_cloud: Maker) -> Cloud:
    return make_cloud("site-a")


@pytest.fixture
def b(make_cloud: Maker) -> Cloud:
    return make_cloud("site-b")
