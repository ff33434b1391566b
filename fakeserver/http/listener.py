"""A site on a loopback port: waitress, and TLS in front of it if asked.

waitress speaks no TLS. With a certificate, the port belongs to a relay, and
waitress has one of its own on loopback.
"""

import contextlib
import logging
import pathlib
import socket
import struct
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.channel import (  # type: ignore[import-untyped]
    ClientDisconnected,
)

from fakeserver.base import descriptors
from fakeserver.faults.transport import ConnectionDropped
from fakeserver.http.ports import bind
from fakeserver.http.thread_pools import Lanes
from fakeserver.http.waitress_server import Server, connection_limit

if TYPE_CHECKING:
    from fakeserver.http.tls_relay import Relay

THREADS = 16
LOG = logging.getLogger(__name__)
#: how long a close waits for the requests that are served, seconds
CLOSE_TIMEOUT = 5.0


class Listener:
    """Serves one application until it is closed."""

    def __init__(
        self,
        app: WSGIApplication,
        port: socket.socket,
        certificate: tuple[pathlib.Path, pathlib.Path] | None = None,
        threads: int = THREADS,
    ) -> None:
        self.port: int = port.getsockname()[1]
        self._closing = threading.Event()
        self._hushed = threading.Event()
        self._relay: Relay | None = None
        inner = port
        if certificate is not None:
            # not before: with asyncio and ssl, six of a site's megabytes
            from fakeserver.http import tls_relay

            inner = bind(0)
            self._relay = tls_relay.Relay(
                port, inner.getsockname()[1], *certificate
            )
        scheme = "http" if certificate is None else "https"
        self._map: dict[int, object] = {}
        # a relayed connection has three ends here, a plain one has one
        ends = 1 if certificate is None else 3
        self._server = Server(
            DisconnectMiddleware(app),
            inner,
            self._map,
            Lanes(descriptors.share(threads)),
            url_scheme=scheme,
            ident="protector-sandbox",
            # a held answer notices that nobody waits for it any more
            channel_request_lookahead=1,
            connection_limit=connection_limit(ends),
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(
            target=self._run, name=f"port-{self.port}", daemon=True
        )
        self._thread.start()

    def hush(self) -> None:
        """Cut every connection and accept no more; from any thread, without
        waiting. A close still has to follow."""
        self._hushed.set()
        self._server.pull_trigger()

    def close(self) -> None:
        """Accept no more, let requests end, and stop the thread."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._server.pull_trigger()
        self._thread.join()
        if self._relay is not None:
            self._relay.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            most = self._server.wait_seconds()
            wasyncore.loop(most, use_poll=True, map=self._map, count=1)
            if self._hushed.is_set():
                self._take_no_more()
                for channel in list(self._server.active_channels.values()):
                    channel.handle_close()
        self._take_no_more()
        # no sooner than its workers are done: their answers are still sent,
        # and they learn when nobody waits for an answer any more
        workers = self._server.task_dispatcher
        workers.set_thread_count(0)
        end = time.monotonic() + CLOSE_TIMEOUT
        while workers.threads and time.monotonic() < end:
            wasyncore.loop(0.005, use_poll=True, map=self._map, count=1)
        workers.shutdown(timeout=0)
        for _ in range(3):
            wasyncore.loop(0, use_poll=True, map=self._map, count=1)
        self._server.end()
        wasyncore.close_all(self._map, ignore_all=True)

    def _take_no_more(self) -> None:
        if self._relay is not None:
            self._relay.stop_accepting()
        if self._server.accepting:
            self._server.accepting = False
            self._server.del_channel()
            self._server.socket.close()


class DisconnectMiddleware:
    """Turns a dropped answer into a connection that is cut."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        except ConnectionDropped as dropped:
            if dropped.kind == "reset":
                _cut(environ)
            # the one thing that makes waitress close without an answer
            raise ClientDisconnected from dropped


def _cut(environ: WSGIEnvironment) -> None:
    """Make the close of the connection send a reset instead of an end."""
    asked = environ.get("waitress.client_disconnected")
    channel = getattr(asked, "__self__", None)
    connection = getattr(channel, "socket", None)
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
