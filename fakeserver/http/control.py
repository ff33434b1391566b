"""The sandbox's own channel to a running site, under ``/_sandbox``."""

import hmac
import logging
import os
import threading
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask

from fakeserver.base.loopback_guard import CONTROL, in_control, refusal
from fakeserver.base.routes import Blueprint
from fakeserver.engine.service import Service
from fakeserver.http.control_secret import HEADER, open_secret

LOG = logging.getLogger(__name__)
#: the header that carries the secret of the sandbox's folder
#: how long a rest waits for the requests that are being served, seconds
PAUSE_TIMEOUT = 10.0


class Pause:
    """Pauses a site, so that its world can be replaced.

    While it rests, its engine is stopped and everything but the control
    channel is answered 503.
    """

    def __init__(self, stop: Callable[[], None], go: Callable[[], None]):
        self._stop = stop
        self._go = go
        self._change = threading.Condition()
        self._turn = threading.Lock()
        self._serving = 0
        self.resting = False

    def enter(self) -> bool:
        """Count a request in; return False while the site is paused."""
        with self._change:
            if self.resting:
                return False
            self._serving += 1
            return True

    def leave(self) -> None:
        with self._change:
            self._serving -= 1
            self._change.notify_all()

    def begin(self) -> None:
        with self._turn:
            if self.resting:
                return
            with self._change:
                self.resting = True
                if not self._change.wait_for(
                    lambda: self._serving == 0, PAUSE_TIMEOUT
                ):
                    LOG.warning("%s requests do not end", self._serving)
            self._stop()

    def end(self) -> None:
        with self._turn:
            if self.resting:
                self._go()
                self.resting = False


class PauseMiddleware:
    """Answers 503 while its site is paused."""

    def __init__(self, app: WSGIApplication, rest: Pause) -> None:
        self._app = app
        self._rest = rest

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if in_control(environ["PATH_INFO"]):
            return self._app(environ, start_response)
        if not self._rest.enter():
            return refusal(
                start_response, 503, "internal", "The sandbox is being reset"
            )
        try:
            return list(self._app(environ, start_response))
        finally:
            self._rest.leave()


def blueprint(service: Service, rest: Pause) -> flask.Blueprint:
    """Return the routes that the ``protector-sandbox`` command uses."""
    site = service.site
    made = Blueprint("sandbox", __name__, url_prefix=CONTROL)
    secret = open_secret(site.config.control_secret)

    @made.before_request
    def check() -> tuple[dict[str, str], int] | None:
        given = flask.request.headers.get(HEADER, "")
        if hmac.compare_digest(given.encode(), secret.encode()):
            return None
        return {"error": f"{HEADER} is not the secret of this sandbox"}, 403

    @made.get("/status")
    def status() -> dict[str, object]:
        return {
            "site": site.config.site,
            "pid": os.getpid(),
            "resting": rest.resting,
            "engine": "stopped" if service.stopped else "running",
            "time": site.clock.time(),
        }

    @made.post("/engine/stop")
    def halt() -> dict[str, object]:
        service.halt()
        return {"engine": "stopped"}

    @made.post("/engine/start")
    def go_on() -> dict[str, object]:
        service.go_on()
        return {"engine": "running"}

    @made.post("/rest")
    def begin() -> dict[str, object]:
        rest.begin()
        return {"resting": True}

    @made.post("/wake")
    def end() -> dict[str, object]:
        rest.end()
        return {"resting": False}

    return made
