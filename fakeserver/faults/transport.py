"""Faults of transport: they apply to a request before, or after, it is
served."""

import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fakeserver.base.loopback_guard import in_control
from fakeserver.base.request_log import FAULT
from fakeserver.faults.plan import FaultPlan, Rule

_PROXY_PAGE = b"""<html><head><title>503 Service Unavailable</title></head>
<body><h1>Service Unavailable</h1>
No server is available to handle this request.</body></html>
"""

Headers = list[tuple[str, str]]


class ConnectionDropped(Exception):
    """The connection ends before the whole answer is sent."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class FaultMiddleware:
    """Applies faults of transport to requests.

    ``wait`` spends the time of a late answer. How a connection is dropped
    is known to whoever holds it: here it is only said, with ConnectionDropped.
    """

    def __init__(
        self,
        app: WSGIApplication,
        plan: FaultPlan,
        wait: Callable[[WSGIEnvironment, float], None] | None = None,
    ) -> None:
        self._app = app
        self._plan = plan
        self._wait = wait

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if in_control(path):
            return self._app(environ, start_response)
        rule = self._plan.transport(environ["REQUEST_METHOD"], path)
        if rule is None:
            return self._app(environ, start_response)
        environ[FAULT] = rule.kind
        return self._apply(rule, environ, start_response)

    def _apply(
        self,
        rule: Rule,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        done = None
        if rule.stage == "after":
            done = _run(self._app, environ)
        if rule.kind == "503":
            headers = [
                ("Content-Type", "text/html"),
                ("Content-Length", str(len(_PROXY_PAGE))),
            ]
            start_response("503 Service Unavailable", headers)
            return [_PROXY_PAGE]
        if rule.kind in ("slow", "timeout"):
            self._hold(environ, rule)
        if rule.kind == "slow":
            status, headers, body = done or _run(self._app, environ)
            start_response(status, headers)
            return [body]
        if rule.kind == "truncate":
            status, headers, body = done or _run(self._app, environ)
            if len(body) > 1:
                headers = [h for h in headers if h[0] != "Content-Length"]
                headers.append(("Content-Length", str(len(body))))
                environ["sandbox.truncated"] = True
                start_response(status, headers)
                return [body[: len(body) // 2]]
        raise ConnectionDropped(rule.kind)

    def _hold(self, environ: WSGIEnvironment, rule: Rule) -> None:
        """Wait as long as the client waits and the fault is not cleared: a
        held request takes a thread from all others."""
        if self._wait is not None:
            self._wait(environ, rule.seconds)
            return
        gone = environ.get("waitress.client_disconnected")
        end = time.monotonic() + rule.seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
            if gone is not None and gone():
                return
            if not self._plan.asked_for(rule):
                return


def _run(
    app: WSGIApplication, environ: WSGIEnvironment
) -> tuple[str, Headers, bytes]:
    """Return the whole answer of an application, without sending it."""
    told: list[Any] = ["500 Internal Server Error", []]

    def start(
        status: str, headers: Headers, exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        told[:] = [status, headers]
        return lambda _: None

    parts = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return told[0], told[1], body
