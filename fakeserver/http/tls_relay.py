"""A small relay that ends TLS on a port and passes the bytes on to another."""

import asyncio
import contextlib
import pathlib
import socket
import ssl
import threading

from fakeserver.http.ports import HOST
from fakeserver.http.waitress_server import EXHAUSTED, REST, Exhaustion

_CHUNK = 1 << 16


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
