"""One site as a WSGI application."""

import email.utils
import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask
from werkzeug.exceptions import HTTPException

from fakeserver.base.clock import Clock
from fakeserver.base.loopback_guard import LoopbackMiddleware, refusal
from fakeserver.base.request_log import RequestLogMiddleware
from fakeserver.base.routes import Application
from fakeserver.compose import OpenSite
from fakeserver.faults.plan import FaultPlan
from fakeserver.faults.transport import FaultMiddleware
from fakeserver.http import control
from fakeserver.site import Site

LOG = logging.getLogger(__name__)


class BehindKeystone(Application):
    """A site without the addresses of an emulated Keystone."""

    _worked_out = None


def create_app(
    opened: OpenSite,
    *,
    wait: Callable[[WSGIEnvironment, float], None] | None = None,
) -> flask.Flask:
    """Create the application: the protector API, the clouds, the control
    channel.

    ``wait`` spends the time of a late answer; a test has its own.
    """
    from fakeserver import api
    from fakeserver.cloud import services

    site, service = opened.ground, opened.service
    kind = BehindKeystone if site.config.identity else Application
    app = kind("fakeserver", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    rest = control.Pause(stop=service.stop, go=service.wake)
    app.take(
        [
            *api.blueprints(service, opened.identity),
            *services.blueprints(site, opened.identity),
            control.blueprint(service, rest),
        ]
    )

    answering = api.with_direct_calls(app.wsgi_app, service, opened.identity)
    inner: WSGIApplication = DateMiddleware(
        ErrorMiddleware(answering), site.clock
    )
    inner = BorrowingMiddleware(inner, site)
    inner = LoopbackMiddleware(control.PauseMiddleware(inner, rest))
    if isinstance(site.faults, FaultPlan):
        inner = FaultMiddleware(inner, site.faults, wait)
    inner = RequestLogMiddleware(inner, opened.request_log, site.clock)
    app.wsgi_app = inner  # type: ignore[method-assign]
    return app


@functools.lru_cache(maxsize=16)
def _date(seconds: int) -> str:
    return email.utils.formatdate(seconds, usegmt=True)


class BorrowingMiddleware:
    """Gives back the connections to the databases after each request.

    What it wraps answers with all of a body, not with an iterator that reads
    on.
    """

    def __init__(self, app: WSGIApplication, site: Site) -> None:
        self._app = app
        self._site = site

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        with self._site.borrowing():
            return self._app(environ, start_response)


class DateMiddleware:
    """Writes the site's own time on each answer, as a real host does."""

    def __init__(self, app: WSGIApplication, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        def dated(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: Any = None,
            /,
        ) -> Callable[[bytes], object]:
            now = _date(int(self._clock.time()))
            return start_response(status, [*headers, ("Date", now)], exc_info)

        return self._app(environ, dated)


class ErrorMiddleware:
    """Answers 500 in the error form, so that no client sees a traceback."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            return list(self._app(environ, start_response))
        except HTTPException as error:
            return error.get_response(environ)(environ, start_response)
        except Exception:
            LOG.exception(
                "%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"]
            )
            message = (
                "The service has an internal error; its log has the cause"
            )
            return refusal(start_response, 500, "internal", message)
