"""Both sites in this process, for tests: quick, and under their control.

Without sockets nothing runs by itself: operations wait for :meth:`drain`,
time moves when it is told to, and a crash is an exception that the site
does not survive while the test goes on. With sockets each site is a real
server on a free port of loopback, in threads.
"""

import dataclasses
import pathlib
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Iterable
from types import TracebackType
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import requests
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

from fakeserver import compose
from fakeserver.base.clock import ManualClock, SharedClock
from fakeserver.base.config import SiteConfig
from fakeserver.base.seed_world import SITES
from fakeserver.base.wire import Sockets, Wire
from fakeserver.engine.run.workers import STOP_TIMEOUT
from fakeserver.faults.plan import FaultPlan, SiteCrash
from fakeserver.faults.transport import ConnectionDropped
from fakeserver.http import certificate
from fakeserver.http.app import create_app
from fakeserver.http.listener import Listener, bind, bind_any
from fakeserver.local import controls, seeded
from fakeserver.local.wsgi_adapter import InProcess
from fakeserver.sandbox import cloudsyaml, durations
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.scenarios import SCENARIOS
from fakeserver.site import Site
from fakeserver.store import operations

#: how long a client without sockets is thought to wait for an answer
READ_TIMEOUT = 30.0
#: worker threads of a site with sockets
WORKERS = 4
#: seconds until a Keystone token expires
LIFETIME = 86400.0


class LocalPair:
    """Two sites, a clock and a clouds.yaml; a context manager."""

    def __init__(
        self,
        directory: pathlib.Path | None = None,
        *,
        scenario: str = "default",
        groups: int = 0,
        seed: int = 1,
        pace: float = 0.0,
        sockets: bool = False,
        tls: bool = False,
        workers: int | None = None,
        max_microversion: str = "1.2",
        token_lifetime: float = LIFETIME,
    ) -> None:
        if tls and not sockets:
            raise ValueError("TLS needs sockets")
        self._temporary = directory is None
        self.directory = directory or pathlib.Path(
            tempfile.mkdtemp(prefix="protector-pair-")
        )
        folder = Folder(self.directory)
        fresh = not folder.exists()
        folder.prepare()
        ports = [bind_any() for _ in SITES] if sockets else []
        first, second = [p.getsockname()[1] for p in ports] or [1, 2]
        settings = Settings(
            port=first,
            peer_port=second,
            tls=tls,
            seed=seed,
            scenario=scenario,
            groups=groups,
            pace=pace,
            max_microversion=max_microversion,
        )
        folder.write(settings)
        for port in ports:
            port.close()
        now = time.time()
        if fresh and not SCENARIOS[scenario].down:
            now = seeded.put_down(folder, settings, now)
        clock: ManualClock | SharedClock = ManualClock(now)
        wire: Wire = InProcess()
        if sockets:
            _dying_is_quiet()
            ca = self.directory / certificate.CA
            wire = Sockets(str(ca) if tls else True)
            clock = SharedClock(self.directory / "clock.json")
        if workers is None:
            workers = WORKERS if sockets else 0
        if SCENARIOS[scenario].has_history and fresh:
            controls.begin_anew(folder, settings, clock.time())
        self._open(folder, settings, clock, wire, workers, token_lifetime)
        self._wake_up(SCENARIOS[scenario].down)

    @classmethod
    def rehearse(
        cls, folder: Folder, settings: Settings, clock: ManualClock
    ) -> "LocalPair":
        """The sites of a sandbox that rests, in this process, at a moment
        that may be long ago."""
        made = cls.__new__(cls)
        made._temporary = False
        made.directory = folder.path
        at_once = dataclasses.replace(settings, pace=0.0)
        made._open(folder, at_once, clock, InProcess(), 0, LIFETIME)
        made._wake_up()
        return made

    def _open(
        self,
        folder: Folder,
        settings: Settings,
        clock: ManualClock | SharedClock,
        wire: Wire,
        workers: int,
        lifetime: float,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.wire = wire
        self.sites = {
            name: LocalSite(self, name, workers, lifetime) for name in SITES
        }

    def _wake_up(self, asleep: Collection[str] = ()) -> None:
        try:
            for name, site in self.sites.items():
                if name not in asleep:
                    site.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "LocalPair":
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

    def site(self, name: str) -> "LocalSite":
        """A site by its name, or by the last letter of it."""
        return self.sites[_named(name)]

    # -- time, faults, the world

    def advance(self, duration: float | str, site: str | None = None) -> None:
        """Let time pass: seconds, or a text such as ``15m``.

        With ``site`` only that one's clock goes ahead; it needs sockets.
        """
        if isinstance(duration, str):
            duration = durations.parse(duration)
        if site is None:
            self.clock.advance(duration)
        elif isinstance(self.clock, SharedClock):
            self.clock.advance(duration, _named(site))
        else:
            raise ValueError("sites without sockets share one clock")

    def clock_of(self, site: str) -> ManualClock | SharedClock:
        """The clock as one site reads it."""
        if isinstance(self.clock, SharedClock):
            return SharedClock(self.directory / "clock.json", site)
        return self.clock

    def fault(
        self, kind: str, *, site: str | None = None, **options: Any
    ) -> str:
        """Ask for a fault, as ``protector-sandbox fault add`` does."""
        where = None if site is None else _named(site)
        return controls.add_fault(self.folder, kind, site=where, **options).id

    def clear_faults(self, rule_id: str | None = None) -> None:
        controls.clear_faults(self.folder, rule_id)

    def reset(self) -> None:
        """The seeded world, as on the first day."""
        running = [site for site in self.sites.values() if site.running]
        for site in running:
            compose.rest(site.parts)
        self.clear_faults()
        now = self.clock.time()
        if not seeded.put_back(self.folder, self.settings, now):
            controls.begin_anew(self.folder, self.settings, now)
        for site in running:
            compose.wake(site.parts)

    def drain(self) -> None:
        """Run what waits at the sites that run, until nothing does."""
        for _ in range(5):
            running = [s for s in self.sites.values() if s.running]
            for site in running:
                site.drain()
            if not any(site.unfinished() for site in running):
                return

    # -- the way in

    def http(self) -> requests.Session:
        """A session that reaches both sites, with sockets or without."""
        if isinstance(self.wire, InProcess):
            return self.wire.visitor()
        return self.wire.session()

    def cloud(self, name: str) -> dict[str, Any]:
        """An entry of clouds.yaml."""
        site = self.sites[SITES[0]]
        urls = {s: self.settings.url_of(s) for s in SITES}
        return cloudsyaml.clouds(site.world, urls, site.config)[name]

    def session(self, cloud: str = "site-a") -> keystone.Session:
        """A keystoneauth session of a user of clouds.yaml."""
        http = self.http()
        auth = v3.Password(**self.cloud(cloud)["auth"])
        return keystone.Session(auth=auth, session=http, verify=http.verify)

    def close(self) -> None:
        for site in self.sites.values():
            site.stop()
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)


class LocalSite:
    """One site of the pair: started, stopped, killed, started again."""

    def __init__(
        self, pair: LocalPair, name: str, workers: int, lifetime: float
    ) -> None:
        self.name = name
        self._pair = pair
        self.config: SiteConfig = dataclasses.replace(
            pair.folder.config(pair.settings, name),
            workers=workers,
            token_lifetime=lifetime,
        )
        self.url = self.config.url
        self.world = compose.world_of(self.config)
        self._parts: Site | None = None
        self._listener: Listener | None = None
        self._plan: FaultPlan | None = None

    @property
    def running(self) -> bool:
        return self._plan is not None and not self._plan.dead

    @property
    def parts(self) -> Site:
        """What the site is made of; only while it is there."""
        if self._parts is None:
            raise RuntimeError(f"{self.name} is down")
        return self._parts

    def start(self) -> None:
        """Start over the same data; nothing happens when it runs."""
        if self.running:
            return
        self._bury()
        pair = self._pair
        self._plan = plan = FaultPlan(
            pair.folder.faults(), self.name, crash=self._fall_silent
        )
        self._parts = site = compose.open_site(
            self.config,
            clock=pair.clock_of(self.name),
            wire=pair.wire,
            faults=plan,
        )
        if isinstance(pair.wire, InProcess):
            app = create_app(site, wait=_no_wait)
            pair.wire.register(self.url, Called(app, plan))
            pair.wire.restore(self.url)
        else:
            self._listen(create_app(site), plan)
        site.service.start()

    def _listen(self, app: WSGIApplication, plan: FaultPlan) -> None:
        settings, folder = self._pair.settings, self._pair.folder
        files = None
        if settings.tls:
            files = (
                folder.path / certificate.CERTIFICATE,
                folder.path / certificate.KEY,
            )
        port = bind(settings.port_of(self.name))
        self._listener = Listener(Survived(app), port, files, threads=8)

    def stop(self) -> None:
        """Stop cleanly; nothing happens when it is down."""
        if self.running:
            # first the engine, while its peer still gets answers from here
            self.parts.service.stop()
            if isinstance(self._pair.wire, InProcess):
                self._pair.wire.cut(self.url)
        self._bury()

    def kill(self) -> None:
        """Be dead at once: nothing that it was doing is finished."""
        if self._plan is not None:
            self._plan.dead = True
            self._fall_silent()
            self._bury()

    def stop_engine(self) -> None:
        """Let nobody work on operations, until :meth:`start_engine`."""
        self.parts.service.halt()

    def start_engine(self) -> None:
        self.parts.service.go_on()

    def drain(self) -> bool:
        """Run what waits here; False when the site died of it."""
        try:
            self.parts.service.drain()
        except SiteCrash:
            return False
        return True

    def unfinished(self) -> bool:
        return self.running and bool(operations.unfinished(self.parts.db))

    def _fall_silent(self) -> None:
        """Nobody is answered any more."""
        if isinstance(self._pair.wire, InProcess):
            self._pair.wire.cut(self.url)
        elif self._listener is not None:
            self._listener.hush()

    def _bury(self) -> None:
        """Close what a stopped, killed or crashed site has left open."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._parts is not None:
            # a dead one has nothing to finish
            dead = self._plan is not None and self._plan.dead
            self._parts.service.stop(5.0 if dead else STOP_TIMEOUT)
            compose.shut(self._parts)
            self._parts = None
        self._plan = None


class Called:
    """A site that is called, not connected to: its faults as a client's
    HTTP library shows them."""

    def __init__(self, app: WSGIApplication, plan: FaultPlan) -> None:
        self._app = app
        self._plan = plan

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            parts = self._app(environ, start_response)
        except ConnectionDropped as dropped:
            if dropped.kind == "timeout":
                raise requests.ReadTimeout("Read timed out.") from None
            raise requests.ConnectionError("Connection aborted.") from None
        except SiteCrash:
            raise requests.ConnectionError("Connection aborted.") from None
        if environ.get("sandbox.truncated"):
            raise requests.exceptions.ChunkedEncodingError("IncompleteRead")
        return parts


class Survived:
    """A site in threads that may die while its process goes on."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        except SiteCrash:
            raise ConnectionDropped("reset") from None


def _dying_is_quiet() -> None:
    """A thread of a site that has crashed ends without a word; whoever
    watches threads, as pytest does, would take it for a mistake."""
    before = threading.excepthook
    if getattr(before, "of_the_sandbox", False):
        return

    def hook(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, SiteCrash):
            before(args)

    hook.of_the_sandbox = True  # type: ignore[attr-defined]
    threading.excepthook = hook


def _no_wait(environ: WSGIEnvironment, seconds: float) -> None:
    """An answer that is late enough is none; else nobody notices."""
    if seconds >= READ_TIMEOUT:
        raise ConnectionDropped("timeout")


def _named(name: str) -> str:
    found = name if name in SITES else f"site-{name}"
    if found not in SITES:
        raise ValueError(f"there is no site {name!r}: {', '.join(SITES)}")
    return found
