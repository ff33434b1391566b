"""A session that sends plain requests without requests.

The sites ask each other and their clouds for each action that they accept. A
GET of requests costs the one who asks 0.97 ms, one of keystoneauth 1.2 ms, and
one over a socket of our own 0.1 ms. So a request over HTTP with a body that is
bytes is written and read here; TLS, redirects and all else that requests knows
is left to it. A site that needs none of that does not load requests: five and
a half of its megabytes.
"""

import collections
import functools
import http.client
import io
import json
import select
import socket
import threading
import urllib.parse
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fakeserver.base.wire.session import Answer, NoAnswer, NoAnswerInTime

if TYPE_CHECKING:
    import requests

    from fakeserver.base.wire.requests_session import RequestsSession

#: what a request may say; one that says more is for requests
_PLAIN = {"params", "data", "headers", "timeout", "allow_redirects"}
_CHUNK = 1 << 16
#: the head of an answer is no longer, bytes
_LONGEST_HEAD = 1 << 18
_REDIRECTS = (301, 302, 303, 307, 308)
#: connections that are kept open to one address
_KEPT = 10

_Idle = dict[str, collections.deque[socket.socket]]


class _Head(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    keeps_open: bool


class PlainSession:
    """A session for a few addresses that are asked often.

    :param verify: what requests takes for it: whether a certificate is
        checked, or the file of the authorities.
    """

    def __init__(self, verify: bool | str = True) -> None:
        self._verify = verify
        self._idle: _Idle = collections.defaultdict(collections.deque)
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    @functools.cached_property
    def _requests(self) -> "RequestsSession":
        """Send what is no plain request."""
        import requests

        from fakeserver.base.wire.requests_session import RequestsSession

        made = requests.Session()
        made.verify = self._verify
        # a proxy of the user's environment has no business on loopback
        made.trust_env = False
        return RequestsSession(made)

    @property
    def by_requests(self) -> "requests.Session":
        return self._requests.by_requests

    def close(self) -> None:
        _close_all(self._idle)
        if "_requests" in self.__dict__:
            self.by_requests.close()

    def request(self, method: str, url: str, **options: Any) -> Answer:
        """Send a request; return the answer, whatever its status.

        Raises NoAnswer.

        :param options: those of requests.
        """
        follows = options.get("allow_redirects", True)
        written = None
        # what has been asked for can be read again where it leads on
        if _PLAIN.issuperset(options) and (not follows or method == "GET"):
            written = _written(method, url, options)
        if written is None:
            return self._requests.request(method, url, **options)
        address, message = written
        connect, read = options.get("timeout") or (None, None)
        connection = self._open_to(address, connect)
        try:
            connection.settimeout(read)
            connection.sendall(message)
            head, body = _answer(connection, method)
        except TimeoutError as error:
            connection.close()
            raise NoAnswerInTime("Read timed out.") from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(str(error)) from error
        except BaseException:
            connection.close()
            raise
        self._put_back(address, connection, head.keeps_open)
        found = _Read(head, body)
        if follows and found.is_redirect:
            return self._requests.request(method, url, **options)
        return found

    def _open_to(self, address: str, timeout: float | None) -> socket.socket:
        """Return a connection that was kept, or a new one."""
        while (kept := self._kept(address)) is not None:
            if not _has_ended(kept):
                return kept
            kept.close()
        host, _, port = address.rpartition(":")
        try:
            made = socket.create_connection((host, int(port)), timeout)
        except TimeoutError as error:
            raise NoAnswerInTime(str(error)) from error
        except OSError as error:
            raise NoAnswer(str(error)) from error
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _kept(self, address: str) -> socket.socket | None:
        with self._lock:
            kept = self._idle[address]
            return kept.pop() if kept else None

    def _put_back(
        self, address: str, connection: socket.socket, keeps_open: bool
    ) -> None:
        if keeps_open:
            with self._lock:
                kept = self._idle[address]
                if len(kept) < _KEPT:
                    kept.append(connection)
                    return
        connection.close()


def _close_all(idle: _Idle) -> None:
    for kept in idle.values():
        while kept:
            kept.pop().close()


def _has_ended(connection: socket.socket) -> bool:
    """Return whether the other end has closed a connection, or has sent what
    nobody asked for."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def _written(
    method: str, url: str, options: Mapping[str, Any]
) -> tuple[str, bytes] | None:
    """Return an address and the bytes to send to it; None for a request that
    is for requests."""
    timeout = options.get("timeout")
    if not url.startswith("http://") or isinstance(timeout, int | float):
        return None
    place, slash, path = url[len("http://") :].partition("/")
    if options.get("params"):
        query = urllib.parse.urlencode(options["params"], doseq=True)
        path += ("&" if "?" in path else "?") + query
    host, colon, port = place.rpartition(":")
    if not slash or not colon or not port.isdigit() or not _is_name(host):
        return None
    lines = [f"{method.upper()} /{path} HTTP/1.1", f"Host: {place}"]
    for name, value in (options.get("headers") or {}).items():
        lines.append(f"{name}: {value}")
    body = options.get("data")
    if body is not None:
        if not isinstance(body, bytes):
            return None
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if " " in path or "#" in path or not _is_printable(lines):
        return None
    return place, f"{head}\r\n\r\n".encode() + (body or b"")


def _is_name(host: str) -> bool:
    return host.replace(".", "").replace("-", "").isalnum()


def _is_printable(lines: list[str]) -> bool:
    return all(line.isascii() and line.isprintable() for line in lines)


def _answer(connection: socket.socket, method: str) -> tuple[_Head, bytes]:
    """Read one answer; http.client reads what comes without a length."""
    data = connection.recv(_CHUNK)
    while (end := data.find(b"\r\n\r\n")) < 0:
        if len(data) > _LONGEST_HEAD:
            raise http.client.LineTooLong("head")
        more = connection.recv(_CHUNK)
        if not more:
            raise http.client.RemoteDisconnected(
                "Remote end closed connection without response"
            )
        data += more
    head = _head(data[:end])
    if head is None or method.upper() == "HEAD" or head.status < 200:
        return _by_http_client(connection, method, data)
    length = head.headers.get("content-length", "")
    if head.status in (204, 304):
        length = "0"
    if "transfer-encoding" in head.headers or not length.isdigit():
        return _by_http_client(connection, method, data)
    pieces = [data[end + 4 :]]
    left = int(length) - len(pieces[0])
    while left > 0:
        piece = connection.recv(min(left, _CHUNK))
        if not piece:
            raise http.client.IncompleteRead(b"".join(pieces), left)
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        # more than its length: nobody knows where the next answer begins
        head = head._replace(keeps_open=False)
        pieces[0] = pieces[0][: int(length)]
    return head, b"".join(pieces)


def _head(text: bytes) -> _Head | None:
    """Read the head of an answer; None for a head that http.client reads."""
    first, *lines = text.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    status, _, reason = rest.partition(" ")
    if version != "HTTP/1.1" or len(status) != 3 or not status.isdigit():
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or key in headers or name.strip() != name:
            return None
        headers[key] = value.strip()
    closes = "close" in headers.get("connection", "").lower()
    return _Head(int(status), reason, headers, not closes)


class _Begun(io.RawIOBase):
    """A connection of which the beginning has been read."""

    def __init__(self, begun: bytes, connection: socket.socket) -> None:
        self._begun = begun
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._begun:
            return self._connection.recv_into(buffer)
        size = min(len(buffer), len(self._begun))
        buffer[:size] = self._begun[:size]
        self._begun = self._begun[size:]
        return size

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _by_http_client(
    connection: socket.socket, method: str, begun: bytes
) -> tuple[_Head, bytes]:
    source: Any = _Begun(begun, connection)
    read = http.client.HTTPResponse(source, method=method)
    read.begin()
    body = read.read()
    headers: dict[str, str] = {}
    for name, value in read.getheaders():
        key = name.lower()
        known = headers.get(key)
        headers[key] = value if known is None else f"{known}, {value}"
    return _Head(read.status, read.reason, headers, keeps_open=False), body


class _Headers(dict[str, str]):
    """Headers by their names in small letters, asked for in any."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, other: Any = None) -> Any:
        return super().get(name.lower(), other)


class _Read:
    """An answer that has been read to its end."""

    def __init__(self, head: _Head, body: bytes) -> None:
        self.status_code = head.status
        self.reason = head.reason
        self.headers = _Headers(head.headers)
        self.content = body

    @property
    def is_redirect(self) -> bool:
        return self.status_code in _REDIRECTS and "location" in self.headers

    def json(self) -> Any:
        return json.loads(self.content)
