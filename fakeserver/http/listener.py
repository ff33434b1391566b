"""A site on a loopback port: waitress, and TLS in front of it if asked.

waitress speaks no TLS. With a certificate, the port belongs to a small
relay that ends TLS and passes the bytes on to waitress, at a port of its
own on loopback.
"""

import asyncio
import contextlib
import logging
import pathlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.channel import (  # type: ignore[import-untyped]
    ClientDisconnected,
)

from fakeserver.base import descriptors
from fakeserver.faults.transport import ConnectionDropped
from fakeserver.http.ports import HOST, bind
from fakeserver.http.thread_pools import Lanes
from fakeserver.http.waitress_server import (
    EXHAUSTED,
    REST,
    Exhaustion,
    Server,
    connection_limit,
)

THREADS = 16
LOG = logging.getLogger(__name__)
#: how long a close waits for the requests that are served, seconds
CLOSE_TIMEOUT = 5.0
_CHUNK = 1 << 16


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
        self._relay = None
        inner = port
        if certificate is not None:
            inner = bind(0)
            self._relay = Relay(port, inner.getsockname()[1], *certificate)
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
        self._server.trigger.close()
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


class Relay:
    """Ends TLS on one port and passes the bytes on to another."""

    def __init__(
        self,
        port: socket.socket,
        target: int,
        certificate: pathlib.Path,
        key: pathlib.Path,
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._target = target
        self._port = port
        self._port.setblocking(False)
        self._loop = asyncio.new_event_loop()
        self._accepting = self._loop.create_task(self._accept())
        self._thread = threading.Thread(
            target=self._run, name="tls", daemon=True
        )
        self._thread.start()

    def stop_accepting(self) -> None:
        self._loop.call_soon_threadsafe(self._accepting.cancel)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._end())
        finally:
            self._loop.close()

    async def _accept(self) -> None:
        served = set()
        exhaustion = Exhaustion()
        try:
            while True:
                try:
                    peer, _ = await self._loop.sock_accept(self._port)
                except OSError as error:
                    if error.errno in EXHAUSTED:
                        exhaustion.begin(error)
                        await asyncio.sleep(REST)
                    # else it was gone before it could be accepted
                    continue
                task = self._loop.create_task(self._serve(peer))
                served.add(task)
                task.add_done_callback(served.discard)
        except asyncio.CancelledError:
            # the port is closed at once; what is served goes on
            pass
        finally:
            self._port.close()
        if served:
            await asyncio.wait(served)

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(3):
            # transports that were aborted close in the next rounds
            await asyncio.sleep(0)

    async def _serve(self, peer: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol,
                peer,
                ssl=self._context,
                ssl_handshake_timeout=10,
                ssl_shutdown_timeout=1,
            )
        except OSError:
            # no TLS, or none that this side understands
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        try:
            inner, outer = await asyncio.open_connection(HOST, self._target)
        except OSError:
            transport.abort()
            return
        there = self._loop.create_task(_pump(reader, outer))
        try:
            await _pump(inner, writer)
            writer.close()
            await writer.wait_closed()
        except OSError:
            # it went away in its own manner
            pass
        finally:
            there.cancel()
            outer.transport.abort()
            transport.abort()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Pass bytes on until one side ends; pass a reset on as a reset."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        writer.transport.abort()
        return
    if writer.can_write_eof():
        with contextlib.suppress(OSError):
            writer.write_eof()
