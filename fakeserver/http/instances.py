"""Speaks for the instances of a site, at a port of loopback of its own.

An emulated instance has an address that nobody can reach. A client asks this
port for it, as it asks an HTTP proxy: ``CONNECT 10.10.0.11:443``. A running
instance that is to answer there does; everything else is refused. The port
is written to a file of the sandbox, which clouds.yaml names.
"""

import contextlib
import logging
import pathlib
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from fakeserver.base.json_file import BrokenFile
from fakeserver.cloud.shared.schema import PORTS, SERVERS
from fakeserver.faults.answers import Answer, AnswerFile
from fakeserver.http import certificate
from fakeserver.http.ports import bind
from fakeserver.site import Site

if TYPE_CHECKING:
    import ssl

LOG = logging.getLogger(__name__)
#: how long a client may take, seconds
PATIENCE = 10.0
_MOST = 16 * 1024

Find = Callable[[str, int], Answer | None]


def answers_of(site: Site) -> Find:
    """Return what finds the answer at an address and port of a site."""
    file = AnswerFile(site.config.directory)

    def find(address: str, port: int) -> Answer | None:
        db = site.db.connection()
        for row in PORTS.select(db, "1", ()):
            if row.get("ip_address") != address:
                continue
            server = SERVERS.get(db, str(row.get("device_id")))
            if server is not None and server["status"] == "ACTIVE":
                return file.at(site.config.site, str(server["name"]), port)
        return None

    return find


class Door:
    """The port at which the instances of one site are reached.

    :param path: the file that names the port; it is removed at the end.
    """

    def __init__(
        self, find: Find, path: pathlib.Path, folder: pathlib.Path
    ) -> None:
        self._find, self._path, self._folder = find, path, folder
        self._port = bind(0)
        path.write_text(f"{self._port.getsockname()[1]}\n")
        self._thread = threading.Thread(
            target=self._run, name="instances", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            # it wakes whoever waits for a connection
            self._port.shutdown(socket.SHUT_RDWR)
        self._port.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._port.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._talk(connection)
        except Exception:
            # a client that goes away is no error
            LOG.debug("a probe broke off", exc_info=True)
        finally:
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        words = _head(connection).split()
        answer = None
        if len(words) > 1 and words[0] == b"CONNECT":
            address, _, port = words[1].decode("latin-1").rpartition(":")
            with contextlib.suppress(ValueError, BrokenFile):
                answer = self._find(address.strip("[]"), int(port))
        if answer is None:
            connection.sendall(b"HTTP/1.1 503 Refused\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        if answer.kind == "https":
            with _tls(connection, self._folder) as secured:
                _head(secured)
                _answer(secured, answer)
        elif answer.kind == "http":
            _head(connection)
            _answer(connection, answer)


def _head(connection: socket.socket) -> bytes:
    """Read a request to the end of its head."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _MOST:
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    return head


def _tls(connection: socket.socket, folder: pathlib.Path) -> "ssl.SSLSocket":
    """Answer with the sandbox's certificate, which is made when needed."""
    # not before: few ask an instance for TLS
    import ssl

    certificate.make(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        folder / certificate.CERTIFICATE, folder / certificate.KEY
    )
    return context.wrap_socket(connection, server_side=True)


def _answer(connection: socket.socket, answer: Answer) -> None:
    body = answer.text.encode()
    head = (
        f"HTTP/1.1 {answer.status} Sandbox\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        + ("Location: /elsewhere\r\n" if 300 <= answer.status < 400 else "")
        + "Connection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
