"""Carry one request over ``http.client``, and read its answer to the end.

For a command that is typed again and again: keystoneauth, requests and
urllib3 take longer to import than a request takes. Nothing is repeated and no
redirect is followed. What is not a whole answer is a `LongRoad`: the caller
asks anew by the adapter that can tell one failure from another.
"""

from __future__ import annotations

import dataclasses
import http.client
import socket
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient._http import metered
from protectorclient._version import __version__
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT

if TYPE_CHECKING:
    import ssl

#: Bytes of an answer; the other road takes more.
LARGEST = 8 * 2**20
_PIECE = 64 * 2**10


@dataclasses.dataclass(frozen=True)
class Reply:
    """A whole answer, as it came."""

    method: str
    url: str
    status: int
    reason: str
    headers: http.client.HTTPMessage
    content: bytes = dataclasses.field(repr=False)


class LongRoad(Exception):
    """The question has to be asked by the adapter.

    :ivar stale: whether what was known of the site may be wrong.
    :ivar reply: the answer that only the adapter can explain, where it is
        whole.
    """

    def __init__(
        self, why: str, *, stale: bool = True, reply: Reply | None = None
    ) -> None:
        super().__init__(why)
        self.stale = stale
        self.reply = reply


class Wire:
    """The connections to one site, each kept for the next request.

    :param verify: whether certificates are checked, or by which file.
    :param cert: the file of the client's certificate, and that of its key.
    :param connect_timeout: seconds.
    """

    def __init__(
        self,
        *,
        verify: bool | str = True,
        cert: tuple[str, str | None] | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._verify = verify
        self._cert = cert
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]]
        self._idle = {}

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Reply:
        """Send a request and return its answer, whatever that is.

        :raises LongRoad: there is no whole answer.
        """
        parts = urllib.parse.urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        agent = {"User-Agent": f"python-protectorclient/{__version__}"}
        try:
            idle = self._idle.setdefault((parts.scheme, parts.netloc), [])
            connection = idle.pop() if idle else self._connected(parts)
            try:
                connection.request(method, target, body, {**agent, **headers})
                response = connection.getresponse()
                content = self._content(response)
            except BaseException:
                connection.close()
                raise
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise LongRoad(f"{type(error).__name__}: {error}") from error
        if response.will_close:
            connection.close()
        else:
            idle.append(connection)
        return Reply(
            method,
            url,
            response.status,
            response.reason,
            response.headers,
            content,
        )

    def _connected(
        self, parts: urllib.parse.SplitResult
    ) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        made: http.client.HTTPConnection
        context = None
        if parts.scheme == "https":
            context = _context(self._verify, self._cert)
            made = _Secure(host, parts.port, context=context)
        elif parts.scheme == "http":
            made = _Plain(host, parts.port)
        else:
            raise LongRoad(f"no such scheme: {parts.scheme}")
        # as bytes: text would load the tables of all alphabets
        address: Any = (host.encode("ascii"), made.port)
        plain = socket.create_connection(address, self._connect_timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.sock = plain
            if context is not None:
                made.sock = context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        made.sock.settimeout(self._read_timeout)
        return made

    @staticmethod
    def _content(response: http.client.HTTPResponse) -> bytes:
        """Read an answer, which has an end in time and in size."""
        if response.headers.get("Content-Encoding"):
            raise LongRoad("the answer is packed", stale=False)
        pieces: list[bytes] = []
        size = 0
        while piece := response.read1(_PIECE):
            size += len(piece)
            if size > LARGEST:
                raise LongRoad("the answer does not end", stale=False)
            pieces.append(piece)
        if response.length:
            raise LongRoad("the answer is cut")
        # or the connection would not take another request
        response.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connections."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()


class _Plain(http.client.HTTPConnection):
    response_class = metered.Response


class _Secure(http.client.HTTPSConnection):
    response_class = metered.Response


def _context(
    verify: bool | str, cert: tuple[str, str | None] | None
) -> ssl.SSLContext:
    import ssl

    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        authority: Any = verify if isinstance(verify, str) else None
        context = ssl.create_default_context(cafile=authority)
    if cert:
        context.load_cert_chain(*cert)
    return context
