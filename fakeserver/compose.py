"""Compose a site of its configuration, its databases and its services."""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from fakeserver.base.clock import Clock, SharedClock
from fakeserver.base.config import SiteConfig, private_folder
from fakeserver.base.db import Database
from fakeserver.base.fault_points import Faults
from fakeserver.base.request_log import RequestLog
from fakeserver.base.seed_world import (
    DOMAIN,
    SERVICE_PROJECT,
    SERVICE_USER,
    SITES,
    World,
    build,
)
from fakeserver.base.vault import Vault
from fakeserver.base.wire import Sockets, Wire
from fakeserver.faults.plan import NAME, FaultFile, FaultPlan
from fakeserver.site import Site
from fakeserver.store import upgrade

if TYPE_CHECKING:
    from fakeserver.cloud.identity.check import Identity
    from fakeserver.cloud.identity.keystone import Keystone
    from fakeserver.engine.service import Service

#: says in a database which world it was seeded with
_MARK = "CREATE TABLE IF NOT EXISTS sandbox_seed (world TEXT PRIMARY KEY)"


@dataclasses.dataclass(frozen=True)
class OpenSite:
    """The ground parts of a site, and the services that run on them."""

    ground: Site
    #: the emulated Keystone, also where a real one checks the tokens
    keystone: "Keystone"
    #: what checks tokens: the emulated Keystone or a real one
    identity: "Identity"
    service: "Service"
    request_log: RequestLog


class GuardedDatabase(Database):
    """A database that asks before each write whether the site still runs."""

    ask: Callable[[], None] | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        outermost = not self.connection().in_transaction
        if outermost and self.ask is not None:
            self.ask()
        with super().transaction() as tx:
            yield tx


def open_site(
    config: SiteConfig,
    *,
    clock: Clock | None = None,
    wire: Wire | None = None,
    faults: Faults | None = None,
    workers: int | None = None,
    seeded: bool = False,
) -> OpenSite:
    """Open a site; seed it when its databases are empty; do not start it.

    :param seeded: whether they were made a moment ago: they are then looked
        at no more.
    """
    if workers is not None:
        config = dataclasses.replace(config, workers=workers)
    if seeded:
        site = parts(config, clock=clock, wire=wire, faults=faults)
    else:
        site = open_parts(config, clock=clock, wire=wire, faults=faults)
        seed([site])
    opened = compose(site)
    if isinstance(site.faults, FaultPlan):
        # not before: a seeding site is not yet one that can fail
        plan = site.faults
        _database_of(site).ask = lambda: plan.database()
        _arrays_of(site).ask = lambda: plan.alive()
    return opened


def _database_of(site: Site) -> GuardedDatabase:
    assert isinstance(site.db, GuardedDatabase)
    return site.db


def _arrays_of(site: Site) -> GuardedDatabase:
    from fakeserver.storage.arrays import Arrays

    assert isinstance(site.arrays, Arrays)
    assert isinstance(site.arrays.db, GuardedDatabase)
    return site.arrays.db


def open_parts(
    config: SiteConfig,
    *,
    clock: Clock | None = None,
    wire: Wire | None = None,
    faults: Faults | None = None,
) -> Site:
    """Open what is on disk of a site, and start nothing."""
    private_folder(config.directory)
    site = parts(config, clock=clock, wire=wire, faults=faults)
    with _alone(config.directory):
        _upgrade(config, site.clock.time())
    return site


def parts(
    config: SiteConfig,
    *,
    clock: Clock | None = None,
    wire: Wire | None = None,
    faults: Faults | None = None,
) -> Site:
    """Return the ground parts of a site, whose databases are opened when
    they are used first: no sooner than they were upgraded."""
    from fakeserver.storage import arrays

    clock = clock or SharedClock(config.clock_file, config.site)
    faults = faults or FaultPlan(
        FaultFile(config.directory / NAME, config.seed), config.site
    )
    verify = str(config.ca_file) if config.ca_file else True
    shared = GuardedDatabase(config.arrays)
    return Site(
        config=config,
        world=world_of(config),
        clock=clock,
        db=GuardedDatabase(config.database),
        arrays=arrays.Arrays(shared, clock, faults),
        wire=wire or Sockets(verify),
        faults=faults,
        vault=Vault.open(config.vault_key),
        pair=Vault.open(config.pair_key),
    )


def upgrade_folder(config: SiteConfig, now: float) -> list[pathlib.Path]:
    """Upgrade the databases of both sites and of the arrays to the schema of
    this version; return the copies of the older ones.

    Raises SchemaProblem for a newer one, or one that cannot be upgraded.
    """
    with _alone(config.directory):
        return _upgrade(config, now)


def _upgrade(config: SiteConfig, now: float) -> list[pathlib.Path]:
    """Upgrade the databases of both sites: each logs in at the other with an
    account that is in the database of the other."""
    return upgrade.upgrade(_files(config, now), now)


def _files(config: SiteConfig, now: float) -> list[upgrade.File]:
    from fakeserver.cloud.shared import schema as clouds
    from fakeserver.storage import arrays
    from fakeserver.store import schema as store
    from fakeserver.store.steps import array_steps, site_steps

    tables = (*clouds.SCHEMA, *store.SCHEMA, _MARK)
    twin = config.of_peer()
    steps = array_steps.of(config)
    files = [upgrade.File(config.arrays, (*arrays.SCHEMA, _MARK), steps)]
    for each in (config, twin):
        if each is config or each.database.exists():
            steps = site_steps.of(each, world_of(each), now)
            own = each is config
            files.append(upgrade.File(each.database, tables, steps, own))
    return files


def work_out(config: SiteConfig) -> OpenSite:
    """Work out what is the same for every site of the process; return a site
    with nothing open, which is not to be used."""
    return compose(parts(config))


def world_of(config: SiteConfig) -> World:
    """Return the world that the configuration of a site names."""
    return build(config.scenario, config.seed, config.groups)


def compose(site: Site) -> OpenSite:
    """Create the services of a site over its ground parts."""
    from fakeserver.cloud.identity.keystone import Keystone
    from fakeserver.engine.service import Service

    folder, name = site.config.directory, site.config.site
    keystone = Keystone(site)
    return OpenSite(
        ground=site,
        keystone=keystone,
        identity=_real_keystone(site) if site.config.identity else keystone,
        service=Service(site),
        request_log=RequestLog(folder / f"{name}.journal"),
    )


def _real_keystone(site: Site) -> "Identity":
    """Ask the Keystone that the site was given, with its own account."""
    from fakeserver.cloud.identity.real import Credentials, RealKeystone

    account = Credentials(
        SERVICE_USER,
        site.world.password(SERVICE_USER),
        SERVICE_PROJECT,
        DOMAIN,
    )
    return RealKeystone(site.config.identity, account, site.wire)


def close_site(opened: OpenSite, timeout: float | None = None) -> None:
    """Stop the engine and close what is open; no work is lost.

    :param timeout: how long a thread of the engine is waited for, seconds;
        None is what the engine itself thinks right.
    """
    if timeout is None:
        opened.service.stop()
    else:
        opened.service.stop(timeout)
    opened.request_log.close()
    close_parts(opened.ground)


def close_parts(site: Site) -> None:
    """Close the databases of a site."""
    site.db.close()
    _arrays_of(site).close()


def seed(sites: Sequence[Site], *, anew: bool = False) -> None:
    """Write the seeded world where there is none, or everywhere anew.

    Both sites may do this at the same moment: a lock makes them take
    turns, and each database is written in one transaction.
    """
    from fakeserver.cloud.shared.seed import seed_clouds
    from fakeserver.storage.seed import seed_arrays
    from fakeserver.store.seed import seed_service

    with _alone(sites[0].config.directory):
        for site in sites:
            now = site.clock.time()
            with _arrays_of(site).transaction() as tx:
                if _empty(tx, site, anew and site is sites[0]):
                    renames = site.config.renames_at(SITES[0])
                    seed_arrays(site.arrays, site.world, renames)
            with site.db.transaction() as tx:
                if _empty(tx, site, anew):
                    name = site.config.site
                    seed_clouds(tx, name, site.world, site.config, now)
                    seed_service(tx, site, now)


def write_seed(config: SiteConfig) -> None:
    """Write the seeded world of a site where there is none, and close its
    databases again."""
    new = [
        path
        for path in (config.database, config.arrays)
        if upgrade.is_new(path)
    ]
    site = open_parts(config)
    try:
        for db in (site.db, _arrays_of(site)):
            if db.path in new:
                upgrade.without_waiting(db.connection())
        seed([site])
    finally:
        close_parts(site)


def _empty(tx: sqlite3.Connection, site: Site, wipe: bool) -> bool:
    """Return whether this database is not seeded yet; mark it as seeded."""
    if wipe:
        for row in tx.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            if row["name"] not in upgrade.KEPT:
                tx.execute(f'DELETE FROM "{row["name"]}"')
    if tx.execute("SELECT 1 FROM sandbox_seed").fetchone() is not None:
        return False
    mark = f"{site.world.scenario}/{site.world.seed}"
    tx.execute("INSERT INTO sandbox_seed VALUES (?)", (mark,))
    return True


@contextlib.contextmanager
def _alone(directory: pathlib.Path) -> Iterator[None]:
    """Lock the sandbox over all of its processes."""
    handle = os.open(directory / "seed.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
