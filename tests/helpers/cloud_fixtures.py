"""Two clouds in one process, a clock that tests move."""

import pathlib
import shutil
from collections.abc import Callable, Iterator

import pytest

from fakeserver.base.clock import ManualClock
from fakeserver.base.config import SiteConfig
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import SITES, build
from fakeserver.base.vault import Vault
from fakeserver.cloud.identity.keystone import Keystone
from fakeserver.cloud.shared import schema
from fakeserver.cloud.shared.seed import seed_clouds
from fakeserver.local.wsgi_adapter import InProcess
from fakeserver.site import Site
from fakeserver.storage.arrays import SCHEMA as ARRAY_SCHEMA
from fakeserver.storage.arrays import Arrays
from fakeserver.storage.seed import seed_arrays
from tests.helpers.cloud_parts import URLS, Cloud, Maker


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def wire() -> InProcess:
    return InProcess()


Files = Callable[[str, pathlib.Path], None]


@pytest.fixture(scope="session")
def seeded_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Puts a seeded world's files where a test wants them.

    A world is written once; a copy costs a test far less than a seed.
    """
    known: dict[str, pathlib.Path] = {}

    def put(scenario: str, directory: pathlib.Path) -> None:
        if scenario not in known:
            known[scenario] = tmp_path_factory.mktemp(scenario)
            write_world(scenario, known[scenario])
        for path in known[scenario].iterdir():
            shutil.copy(path, directory)

    return put


def write_world(scenario: str, directory: pathlib.Path) -> None:
    clock = ManualClock()
    arrays_db = Database(directory / "arrays.db", ARRAY_SCHEMA)
    world = build(scenario, 1)
    seed_arrays(Arrays(arrays_db, clock, NoFaults()), world)
    for name in SITES:
        config = configure(name, scenario, directory)
        db = Database(config.database, schema.SCHEMA)
        with db.transaction() as tx:
            seed_clouds(tx, name, world, config, clock.time())
        db.close()
    arrays_db.close()


def configure(name: str, scenario: str, directory: pathlib.Path) -> SiteConfig:
    other = SITES[1 - SITES.index(name)]
    return SiteConfig(
        site=name,
        peer=other,
        directory=directory,
        url=URLS[name],
        peer_url=URLS[other],
        scenario=scenario,
    )


@pytest.fixture
def make_cloud(
    tmp_path: pathlib.Path,
    clock: ManualClock,
    wire: InProcess,
    seeded_files: Files,
) -> Iterator[Maker]:
    """Makes a site's cloud over the folder of this test."""
    made: list[Database] = []

    def make(name: str = "site-a", scenario: str = "default") -> Cloud:
        config = configure(name, scenario, tmp_path)
        if not made:
            seeded_files(scenario, tmp_path)
            made.append(Database(config.arrays, ARRAY_SCHEMA))
        db = Database(config.database, schema.SCHEMA)
        made.append(db)
        site = Site(
            config=config,
            world=build(scenario, 1),
            clock=clock,
            db=db,
            arrays=Arrays(made[0], clock, NoFaults()),
            wire=wire,
            faults=NoFaults(),
            vault=Vault.open(config.vault_key),
            pair=Vault.open(config.pair_key),
        )
        cloud = Cloud(site, Keystone(site))
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
