"""Both real sites with what they share: RabbitMQ and the databases."""

import pathlib
import time
from collections.abc import Iterator, Mapping

from fakeserver.base.seed_world import SITES, World
from tests.interop.full import broker, databases, seeding
from tests.interop.full.real_site import RealSite
from tests.interop.full.settings import Setting
from tests.interop.keystone import Keystone
from tests.interop.processes import Processes, Stopwatch, memory
from tests.interop.worlds import REAL_REGION, Real

#: as long as this file is in the folder of a run, the arrays' driver of the
#: real Cinders renames what it manages
RENAMES = "renames-on-manage"
PACKAGES = databases.SERVICES


class RealClouds:
    """The real services of both sites."""

    def __init__(
        self,
        processes: Processes,
        pythons: Mapping[str, pathlib.Path],
        world: World,
        keystones: Mapping[str, Keystone],
        urls: Mapping[str, str],
        watch: Stopwatch,
    ) -> None:
        folder = processes.folder
        self._processes = processes
        self._pythons = pythons
        self._watch = watch
        self._keystones = keystones
        self._world = world
        self._databases = databases.databases(folder / "databases")
        self._broker = broker.Broker(folder / "rabbitmq", SITES)
        self.sites = {
            site: RealSite(
                Setting(
                    site=site,
                    folder=folder / f"real-{site}",
                    world=world,
                    region=REAL_REGION,
                    keystone_url=keystones[site].url,
                    image_url=f"{urls[site]}/image",
                    transport_url=self._broker.url(site),
                    database_url=lambda name, site=site: self._databases.url(
                        site, name
                    ),
                    pythons=pythons,
                    sandbox=folder / "sandbox",
                    renames=folder / RENAMES,
                )
            )
            for site in SITES
        }

    def catalogs(self) -> dict[str, list[Real]]:
        """Site -> the services for the catalog of its Keystone."""
        return {site: real.catalog() for site, real in self.sites.items()}

    def begin(self) -> None:
        """Start RabbitMQ and the databases."""
        began = time.monotonic()
        databases.fill(self._processes, self._databases, self._pythons)
        self._watch.say(
            f"{self._databases.kind} has the tables of Nova, Neutron, Cinder "
            f"and Placement, {time.monotonic() - began:.1f} s"
        )
        if isinstance(self._databases, databases.SQLite):
            self._watch.say(
                "MariaDB is not installed: SQLite, which Nova finds locked "
                "now and then.\ninstall mariadb-server: apt-get install "
                "mariadb-server"
            )
        self._broker.start(self._processes)
        self._databases.start(self._processes)

    def start(self) -> None:
        """Start all services; return when servers can be made."""
        began = time.monotonic()
        self._broker.wait(self._processes)
        self._databases.wait(self._processes)
        self._watch.say("RabbitMQ and the databases take connections")
        for real in self.sites.values():
            real.start(self._processes)
        for real in self.sites.values():
            real.start_compute(self._processes)
        for site, real in self.sites.items():
            real.wait(
                self._processes,
                self._keystones[site].token("admin", "admin-secret", "demo"),
            )
        self._watch.say(
            f"both real sites take orders, {time.monotonic() - began:.1f} s"
        )
        for site in SITES:
            seeding.seed(self._world, site, self._keystones[site].url)
        self._watch.say("both have the networks, flavors and volume types")
        for line in self.costs():
            self._watch.say(line)

    def costs(self) -> Iterator[str]:
        """What each part has in memory."""
        for name in (broker.NAME, databases.NAME):
            if self._processes.has(name):
                used = memory(self._processes.pid(name))
                yield f"{name}: {used:.0f} MiB"
        for real in self.sites.values():
            used = {
                name: memory(self._processes.pid(name))
                for name in real.names()
            }
            whole = f"{real.site}: {sum(used.values()):.0f} MiB"
            parts = ", ".join(
                f"{name.removeprefix(real.site + '-')} {mib:.0f}"
                for name, mib in used.items()
            )
            yield f"real {whole}: {parts}"

    def end(self) -> None:
        """End the services; RabbitMQ and MariaDB end after them."""
        self._processes.end_together(
            [name for real in self.sites.values() for name in real.names()]
        )
