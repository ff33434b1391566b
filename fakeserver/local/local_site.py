"""One site in this process, which can be stopped, killed and started again."""

import dataclasses
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import requests

from fakeserver import compose
from fakeserver.base.clock import ManualClock, SharedClock
from fakeserver.base.config import SiteConfig
from fakeserver.base.wire import Wire
from fakeserver.cloud.identity.keystone import Keystone
from fakeserver.engine.run.workers import STOP_TIMEOUT
from fakeserver.engine.service import Service
from fakeserver.faults.plan import FaultPlan, SiteCrash
from fakeserver.faults.transport import ConnectionDropped
from fakeserver.http import certificate, instances
from fakeserver.http.app import create_app
from fakeserver.http.listener import Listener
from fakeserver.http.ports import bind
from fakeserver.local.wsgi_adapter import InProcess
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.site import Site
from fakeserver.store import operations

#: how long a client without sockets is thought to wait for an answer
READ_TIMEOUT = 30.0


class LocalSite:
    """One site of a pair."""

    def __init__(
        self,
        name: str,
        folder: Folder,
        settings: Settings,
        clock: ManualClock | SharedClock,
        wire: Wire,
        workers: int,
        lifetime: float,
    ) -> None:
        self.name = name
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._wire = wire
        self.config: SiteConfig = dataclasses.replace(
            folder.config(settings, name),
            workers=workers,
            token_lifetime=lifetime,
        )
        self.url = self.config.url
        self.world = compose.world_of(self.config)
        self._opened: compose.OpenSite | None = None
        self._listener: Listener | None = None
        self._door: instances.Door | None = None
        self._plan: FaultPlan | None = None

    @property
    def running(self) -> bool:
        return self._plan is not None and not self._plan.dead

    @property
    def opened(self) -> compose.OpenSite:
        """Return the site and its services; RuntimeError while it is down."""
        if self._opened is None:
            raise RuntimeError(f"{self.name} is down")
        return self._opened

    @property
    def parts(self) -> Site:
        """Return the ground parts of the site."""
        return self.opened.ground

    @property
    def service(self) -> Service:
        """Return the engine's service."""
        return self.opened.service

    @property
    def keystone(self) -> Keystone:
        return self.opened.keystone

    def start(self) -> None:
        """Start over the same data; do nothing when it runs."""
        if self.running:
            return
        self._bury()
        self._plan = plan = FaultPlan(
            self._folder.faults(), self.name, crash=self._fall_silent
        )
        self._opened = opened = compose.open_site(
            self.config, clock=self._clock, wire=self._wire, faults=plan
        )
        sockets = type(self._wire) is not InProcess
        app = create_app(opened, wait=None if sockets else _no_wait)
        if sockets:
            self._listen(app, plan)
        if isinstance(self._wire, InProcess):
            self._wire.register(self.url, ClientErrorMiddleware(app, plan))
            self._wire.restore(self.url)
        opened.service.start()

    def _listen(self, app: WSGIApplication, plan: FaultPlan) -> None:
        settings, folder = self._settings, self._folder
        files = None
        if settings.tls:
            files = (
                folder.path / certificate.CERTIFICATE,
                folder.path / certificate.KEY,
            )
        port = bind(settings.port_of(self.name))
        self._listener = Listener(CrashMiddleware(app), port, files, threads=8)
        self._door = instances.Door(
            instances.answers_of(self.parts),
            self.config.instances_of(self.name),
            folder.path,
        )

    def stop(self) -> None:
        """Stop cleanly; do nothing when it is down."""
        if self.running:
            # first the engine, while its peer still gets answers from here
            self.service.stop()
            if isinstance(self._wire, InProcess):
                self._wire.cut(self.url)
        self._bury()

    def kill(self) -> None:
        """Die at once: nothing that it was doing is finished."""
        if self._plan is not None:
            self._plan.dead = True
            self._fall_silent()
            self._bury()

    def stop_engine(self) -> None:
        """Stop the engine until :meth:`start_engine`."""
        self.service.halt()

    def start_engine(self) -> None:
        self.service.go_on()

    def drain(self) -> bool:
        """Run the queue; return False when the site died of it."""
        try:
            self.service.drain()
        except SiteCrash:
            return False
        return True

    def unfinished(self) -> bool:
        return self.running and bool(operations.unfinished(self.parts.db))

    def _fall_silent(self) -> None:
        """Answer nobody any more."""
        if isinstance(self._wire, InProcess):
            self._wire.cut(self.url)
        if self._listener is not None:
            self._listener.hush()

    def _bury(self) -> None:
        """Close what a stopped, killed or crashed site has open."""
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._opened is not None:
            # a dead one has nothing to finish
            dead = self._plan is not None and self._plan.dead
            compose.close_site(self._opened, 5.0 if dead else STOP_TIMEOUT)
            self._opened = None
        self._plan = None


class ClientErrorMiddleware:
    """Turns the faults of a site without sockets into the errors of a client's
    HTTP library."""

    def __init__(self, app: WSGIApplication, plan: FaultPlan) -> None:
        self._app = app
        self._plan = plan

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        end = time.monotonic() + READ_TIMEOUT
        environ["waitress.client_disconnected"] = lambda: (
            time.monotonic() > end
        )
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


class CrashMiddleware:
    """Drops the connection when a site with sockets crashes; its process goes
    on."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        except SiteCrash:
            raise ConnectionDropped("reset") from None


def _no_wait(environ: WSGIEnvironment, seconds: float) -> None:
    """Drop an answer that would be later than a client waits."""
    if seconds >= READ_TIMEOUT:
        raise ConnectionDropped("timeout")
