"""The API of one site over a store of its own and an engine that is told
what to answer."""

import pathlib
from collections.abc import Iterator

import flask
import pytest

from fakeserver.base.clock import ManualClock
from fakeserver.base.config import SiteConfig
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import build
from fakeserver.base.vault import Vault
from fakeserver.base.wire import Sockets
from fakeserver.site import Site
from fakeserver.storage import arrays
from fakeserver.store import schema as store
from tests.helpers.api_parts import Api, Engine, make_app


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Iterator[Site]:
    clock = ManualClock()
    config = SiteConfig(
        site="site-a",
        peer="site-b",
        directory=tmp_path,
        url="http://127.0.0.1:8788",
        peer_url="http://127.0.0.1:8789",
    )
    disks = Database(config.arrays, arrays.SCHEMA)
    made = Site(
        config=config,
        world=build("default", 1),
        clock=clock,
        db=Database(config.database, store.SCHEMA),
        arrays=arrays.Arrays(disks, clock, NoFaults()),
        wire=Sockets(),
        faults=NoFaults(),
        vault=Vault.open(config.vault_key),
        pair=Vault.open(config.pair_key),
    )
    yield made
    made.db.close()
    disks.close()


@pytest.fixture
def engine(site: Site) -> Engine:
    return Engine(site)


@pytest.fixture
def app(engine: Engine) -> flask.Flask:
    return make_app(engine)


@pytest.fixture
def call(app: flask.Flask) -> Api:
    return Api(app.test_client())
