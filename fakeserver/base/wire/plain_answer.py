"""Reads an answer from a connection.

An answer in the form that services give it is taken apart here, in half of
the time that http.client needs. http.client reads all others: in chunks, to
the end of the connection, of HTTP/1.0, with folded lines.
"""

import contextlib
import http.client
import io
import json
import re
import socket
from typing import Any, NamedTuple

_CHUNK = 1 << 16
#: the head of an answer is no longer, bytes
_LONGEST_HEAD = 1 << 18
_HEAD_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
#: say how long a body is: what comes twice of these is no list of values
_FRAMING = ("content-length", "transfer-encoding")
_REDIRECTS = (301, 302, 303, 307, 308)


class _Head(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    keeps_open: bool


class PlainAnswer:
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
        try:
            return json.loads(self.content)
        except UnicodeDecodeError:
            # one name of a list in other bytes does not hide all of it
            return json.loads(self._text())

    def _text(self) -> str:
        kind = self.headers.get("content-type", "")
        charset = re.search(r"charset=[\"']?([\w.:-]+)", kind, re.I)
        with contextlib.suppress(LookupError):
            if charset:
                return self.content.decode(charset[1], "replace")
        return self.content.decode(errors="replace")


class _Headers(dict[str, str]):
    """Headers by their names in small letters, asked for in any."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, other: Any = None) -> Any:
        return super().get(name.lower(), other)


def read(connection: socket.socket, method: str) -> tuple[PlainAnswer, bool]:
    """Return an answer, and whether its connection can be used again.

    Raises OSError, or HTTPException for what is no answer, or not all of it.

    :param method: of the request, in capital letters.
    """
    head, body = _read(connection, method)
    coding = head.headers.get("content-encoding")
    if body and coding:
        body = _decoded(body, coding)
    return PlainAnswer(head, body), head.keeps_open


def _read(connection: socket.socket, method: str) -> tuple[_Head, bytes]:
    data = b""
    while True:
        data, end = _to_head_end(connection, data)
        head = _head(data[:end])
        if head is None or head.status < 100:
            return _by_http_client(connection, method, data)
        if head.status >= 200:
            break
        if head.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            raise http.client.UnknownProtocol("the other end leaves HTTP")
        # word of an answer that is still to come
        data = data[end:]
    if method == "HEAD" or head.status in (204, 304):
        length: int | None = 0
    else:
        length = _length(head.headers)
    if length is None:
        return _by_http_client(connection, method, data)
    pieces = [data[end:]]
    left = length - len(pieces[0])
    while left > 0:
        piece = connection.recv(min(left, _CHUNK))
        if not piece:
            raise http.client.IncompleteRead(b"".join(pieces), left)
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        # more than its length: where the next answer begins is not known
        head = head._replace(keeps_open=False)
        pieces[0] = pieces[0][:length]
    return head, b"".join(pieces)


def _to_head_end(connection: socket.socket, data: bytes) -> tuple[bytes, int]:
    """Read up to the end of a head at least; return also where that is."""
    while (found := _HEAD_END.search(data)) is None:
        if len(data) > _LONGEST_HEAD:
            raise http.client.LineTooLong("head")
        more = connection.recv(_CHUNK)
        if not more:
            raise http.client.RemoteDisconnected(
                "Remote end closed connection without response"
            )
        data += more
        # of who speaks no HTTP, no end of a head would ever come
        if not data.startswith(b"HTTP/"[: len(data)]):
            raise http.client.BadStatusLine("no HTTP")
    return data, found.end()


def _head(text: bytes) -> _Head | None:
    """Read the head of an answer; None for a head that http.client reads."""
    ends = text.count(b"\r\n")
    if text.count(b"\n") != ends or text.count(b"\r") != ends:
        return None
    first, *lines = text.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    status, _, reason = rest.partition(" ")
    if version != "HTTP/1.1" or len(status) != 3 or not _is_number(status):
        return None
    headers: dict[str, str] = {}
    # an empty one, and what is behind it, end the head
    for line in lines[:-2]:
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or not name or name.strip() != name:
            return None
        value = value.strip()
        if key in headers:
            if key in _FRAMING:
                return None
            value = f"{headers[key]}, {value}"
        headers[key] = value
    closes = "close" in headers.get("connection", "").lower()
    return _Head(int(status), reason, headers, not closes)


def _length(headers: dict[str, str]) -> int | None:
    """Return how long a body is; None where http.client has to find out."""
    said = headers.get("content-length", "")
    if "transfer-encoding" in headers or not _is_number(said):
        return None
    return int(said)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


class _Begun(io.RawIOBase):
    """A connection of which the beginning has been read."""

    def __init__(self, begun: bytes, connection: socket.socket) -> None:
        self.begun = begun
        self.has_ended = False
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.has_ended:
            return 0
        if not self.begun:
            return self._connection.recv_into(buffer)
        size = min(len(buffer), len(self.begun))
        buffer[:size] = self.begun[:size]
        self.begun = self.begun[size:]
        return size


class _Reader(io.BufferedReader):
    """Reads for http.client, which does not close it with its answer."""

    def makefile(self, _mode: str) -> "_Reader":
        return self

    def close(self) -> None: ...


def _by_http_client(
    connection: socket.socket, method: str, begun: bytes
) -> tuple[_Head, bytes]:
    source = _Begun(begun, connection)
    reader: Any = _Reader(source)
    with contextlib.closing(
        http.client.HTTPResponse(reader, method=method)
    ) as answer:
        answer.begin()
        body = _body(answer)
        # whether something came that is no part of the answer
        source.has_ended = True
        more = reader.peek() or source.begun
    headers: dict[str, str] = {}
    for name, folded in answer.headers.items():
        key = name.lower()
        value = _FOLD.sub(" ", folded).strip()
        known = headers.get(key)
        headers[key] = value if known is None else f"{known}, {value}"
    keeps_open = not (more or answer.will_close)
    return _Head(answer.status, answer.reason, headers, keeps_open), body


def _body(answer: http.client.HTTPResponse) -> bytes:
    lengths = answer.headers.get_all("content-length", [])
    if len({one.strip() for one in lengths}) > 1:
        raise http.client.HTTPException("the answer has two lengths")
    coding = answer.headers.get("transfer-encoding", "identity")
    if not answer.chunked and coding.lower() != "identity":
        # it would wait for the end of the connection
        raise http.client.HTTPException("the answer's coding is unknown")
    pieces = []
    # in pieces: it makes room for all that is announced
    while piece := answer.read(_CHUNK):
        pieces.append(piece)
    body = b"".join(pieces)
    if answer.length:
        raise http.client.IncompleteRead(body, answer.length)
    return body


def _decoded(body: bytes, codings: str) -> bytes:
    """Return a body as it was before the other end packed it."""
    # nobody is asked to pack anything
    import gzip
    import zlib

    for coding in reversed(codings.lower().split(",")):
        try:
            if coding.strip() in ("gzip", "x-gzip"):
                body = gzip.decompress(body)
            elif coding.strip() == "deflate":
                try:
                    body = zlib.decompress(body)
                except zlib.error:
                    # some leave its frame away
                    body = zlib.decompress(body, -zlib.MAX_WBITS)
        except (OSError, EOFError, zlib.error) as error:
            raise http.client.HTTPException(
                f"the answer is no {coding.strip()}"
            ) from error
    return body
