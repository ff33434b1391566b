"""The two sites of a folder, run in this process.

Without sockets nothing runs by itself: operations wait for :meth:`drain`,
time moves when it is told to, and a crash is an exception that the site
does not survive while the process goes on. With sockets each site is a real
server on a port of loopback, in threads; what the two ask of each other stays
in the process, unless TLS is part of it.
"""

import dataclasses
import pathlib
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

import requests
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

from fakeserver.base.clock import ManualClock, SharedClock
from fakeserver.base.seed_world import SITES
from fakeserver.base.wire import Wire
from fakeserver.faults.answers import AnswerFile
from fakeserver.local import fault_rules
from fakeserver.local.local_site import LocalSite
from fakeserver.local.wsgi_adapter import InProcess
from fakeserver.sandbox import cloudsyaml, durations
from fakeserver.sandbox.folder import Folder, Settings

#: seconds until a Keystone token expires
LIFETIME = 86400.0


class BothSites:
    """Two sites, a clock and a clouds.yaml; a context manager."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        clock: ManualClock | SharedClock,
        wire: Wire,
        *,
        workers: int = 0,
        token_lifetime: float = LIFETIME,
    ) -> None:
        self.folder = folder
        self.directory = folder.path
        self.settings = settings
        self.clock = clock
        self.wire = wire
        self.sites = {
            name: LocalSite(
                name,
                folder,
                settings,
                self.clock_of(name),
                wire,
                workers,
                token_lifetime,
            )
            for name in SITES
        }

    def start(self, asleep: Collection[str] = ()) -> None:
        """Start the sites that are not listed as down."""
        try:
            for name, site in self.sites.items():
                if name not in asleep:
                    site.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def clouds_yaml(self) -> pathlib.Path:
        return self.folder.clouds_yaml

    def site(self, name: str) -> LocalSite:
        """Return a site by its name, or by the last letter of it."""
        return self.sites[named(name)]

    # -- time, faults, the world

    def advance(self, duration: float | str, site: str | None = None) -> None:
        """Advance the clock: by seconds, or by a text such as ``15m``.

        With ``site`` only that one's clock goes ahead; it needs sockets.
        """
        if isinstance(duration, str):
            duration = durations.parse(duration)
        if site is None:
            self.clock.advance(duration)
        elif isinstance(self.clock, SharedClock):
            self.clock.advance(duration, named(site))
        else:
            raise ValueError("sites without sockets share one clock")

    def clock_of(self, site: str) -> ManualClock | SharedClock:
        """Return the clock of one site."""
        if isinstance(self.clock, SharedClock):
            return SharedClock(self.directory / "clock.json", site)
        return self.clock

    def fault(
        self, kind: str, *, site: str | None = None, **options: Any
    ) -> str:
        """Add a fault, as ``protector-sandbox fault add`` does; return its
        id."""
        where = None if site is None else named(site)
        rule = fault_rules.add_fault(self.folder, kind, site=where, **options)
        return rule.id

    def clear_faults(self, rule_id: str | None = None) -> None:
        fault_rules.clear_faults(self.folder, rule_id)

    def answer(
        self, instances: str, *, site: str | None = None, **fields: Any
    ) -> str:
        """Set what instances answer, as ``protector-sandbox answer add``
        does; return the id."""
        where = None if site is None else named(site)
        file = AnswerFile(self.folder.path)
        return file.add(instances=instances, site=where, **fields).id

    def drain(self) -> None:
        """Run the queue of each site that runs, until all are empty."""
        for _ in range(5):
            running = [s for s in self.sites.values() if s.running]
            for site in running:
                site.drain()
            if not any(site.unfinished() for site in running):
                return

    # -- the way in

    def http(self) -> requests.Session:
        """Return a session that reaches both sites, with sockets or
        without."""
        if isinstance(self.wire, InProcess):
            return self.wire.visitor()
        return self.wire.session().by_requests

    def cloud(self, name: str) -> dict[str, Any]:
        """Return an entry of clouds.yaml."""
        site = self.sites[SITES[0]]
        urls = {key: each.config.auth_url for key, each in self.sites.items()}
        return cloudsyaml.clouds(site.world, urls, site.config)[name]

    def session(self, cloud: str = "site-a") -> keystone.Session:
        """Return a keystoneauth session of a user of clouds.yaml."""
        http = self.http()
        auth = v3.Password(**self.cloud(cloud)["auth"])
        return keystone.Session(auth=auth, session=http, verify=http.verify)

    def close(self) -> None:
        for site in self.sites.values():
            site.stop()


def named(name: str) -> str:
    """Return the name of a site, also by the last letter of it."""
    found = name if name in SITES else f"site-{name}"
    if found not in SITES:
        raise ValueError(f"there is no site {name!r}: {', '.join(SITES)}")
    return found


def open_sandbox(
    folder: Folder, settings: Settings, clock: ManualClock
) -> BothSites:
    """Start the sites of a sandbox whose processes do not run.

    :param clock: may stand at a moment that is long ago; no step of an
        operation takes any time.
    """
    at_once = dataclasses.replace(settings, pace=0.0)
    made = BothSites(folder, at_once, clock, InProcess())
    made.start()
    return made
