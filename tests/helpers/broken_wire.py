"""A network that breaks at a byte: the client's own HTTP stack, no sockets.

Requests leave through requests, urllib3 and http.client as they always do,
onto a line that is kept in memory. What it carries can be cut anywhere, on
the way there or back, and what the client then sees is what it would see.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import random
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import requests
import urllib3
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError

from fakeserver.local.pair import LocalPair

#: where something can break
PLACES = ("before", "headers", "body")
_PAGE = b"<html><head><title>503 Service Unavailable</title></head></html>"
_REQUEST_ID = "X-OpenStack-Request-ID"


class Voice(NamedTuple):
    """What something else than the service says."""

    status: int = 503
    body: bytes = _PAGE
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),)


#: An operation that nobody here has asked for.
ANOTHERS = json.dumps(
    {
        "operation": {
            "id": "op-11111111-1111-4111-8111-111111111111",
            "operation_type": "test_cleanup",
            "protection_group_id": "11111111-1111-4111-8111-111111111111",
            "status": "completed",
            "progress": 100,
        }
    }
).encode()
JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html"),)
REQUEST_ID = (("X-OpenStack-Request-ID", "req-" + "0" * 36),)

VOICES = {
    "html 404": Voice(404, b"<html><h1>Not Found</h1></html>", HTML),
    "json 404": Voice(404, b'{"message": "no Route matched"}', JSON),
    "empty 404": Voice(404, b"", ()),
    "neighbour's 404": Voice(
        404,
        b'{"itemNotFound": {"code": 404, "message": "no"}}',
        (*JSON, *REQUEST_ID, ("OpenStack-API-Version", "compute 2.1")),
    ),
    "keystone's 404": Voice(
        404,
        b'{"error": {"code": 404, "message": "no", "title": "Not Found"}}',
        (*JSON, *REQUEST_ID),
    ),
    "a reason of its own": Voice(
        404, b'{"error": {"reason": "gateway.protector.gone"}}', JSON
    ),
    "a list": Voice(404, b"[]", JSON),
    "html 400": Voice(400, b"<h1>Bad Request</h1>", HTML),
    "basic 401": Voice(
        401, b"<h1>Sign in</h1>", (("WWW-Authenticate", "Basic realm=x"),)
    ),
    "html 403": Voice(403, b"<h1>Forbidden</h1>", HTML),
    "json 403": Voice(403, b'{"error": {"message": "denied"}}', JSON),
    "json 409": Voice(409, b'{"error": {"message": "busy"}}', JSON),
    "html 410": Voice(410, b"gone", HTML),
    "portal": Voice(302, b"", (("Location", "http://portal/login"),)),
    "page 200": Voice(200, b"<html>It works!</html>", HTML),
    "json 200": Voice(200, b'{"status": "ok"}', JSON),
    "html 500": Voice(500, b"<h1>oops</h1>", HTML),
    "html 503": Voice(503, b"<h1>down</h1>", HTML),
    "no status": Voice(599, b"", ()),
}

#: What else may come in place of an operation.
NO_OPERATIONS = {
    "portal 307": Voice(307, b"", (("Location", "http://portal/v1/x"),)),
    "json 401": Voice(401, b'{"message": "no session"}', JSON),
    "html 413": Voice(413, b"<h1>Request Entity Too Large</h1>", HTML),
    "json 413": Voice(413, b'{"message": "too large"}', JSON),
    "html 429": Voice(429, b"<h1>Slow down</h1>", HTML),
    "json 502": Voice(502, b'{"error": {"message": "no upstream"}}', JSON),
    "html 504": Voice(504, b"<h1>Gateway Time-out</h1>", HTML),
    "empty 200": Voice(200, b"", JSON),
    "empty 202": Voice(202, b"", JSON),
    "half a 202": Voice(202, b'{"operation": {"id": "op-1', JSON),
    "wrong noun": Voice(202, b'{"server": {"id": "op-1"}}', JSON),
    "a list for the noun": Voice(202, b'{"operation": ["op-1"]}', JSON),
    "a number for the id": Voice(202, b'{"operation": {"id": 7}}', JSON),
    "another's operation": Voice(202, ANOTHERS, JSON),
    "another's, marked": Voice(
        202, ANOTHERS, (*JSON, ("OpenStack-API-Version", "protector 1.2"))
    ),
    "empty 204": Voice(204, b"", ()),
    "deep": Voice(202, b'{"operation":' + b"[" * 100_000, JSON),
    "gzip bomb": Voice(
        200,
        gzip.compress(b" " * (65 * 2**20), 1),
        (*JSON, ("Content-Encoding", "gzip")),
    ),
    "no gzip": Voice(200, b"{}", (*JSON, ("Content-Encoding", "gzip"))),
}


class Fate(NamedTuple):
    """What happens to one request; None where nothing does."""

    #: where the request breaks off: the site never gets the whole of it
    request: str | None = None
    #: where the answer breaks off: the site has done what it was asked
    answer: str | None = None
    #: something in front of the site answers, before or after it
    busy: str | None = None
    #: and what it says
    voice: Voice = Voice()
    #: how it breaks: the connection is closed, reset, or goes quiet
    how: str = "eof"


FINE = Fate()


@dataclasses.dataclass
class Network:
    """The way from a client to both sites.

    :param fate: decides over each request.
    :param deaf: the services do not take the client's request ids.
    """

    pair: LocalPair
    dice: random.Random
    fate: Callable[[requests.PreparedRequest], Fate] = lambda request: FINE
    deaf: bool = False
    #: the services mark neither answers nor errors as theirs
    unmarked: bool = False
    #: how often something broke
    broken: int = 0

    def __post_init__(self) -> None:
        self._inner = self.pair.http()
        self._sent = threading.local()

    def session(self, cloud: str = "site-a") -> keystone.Session:
        """A keystoneauth session of a user of clouds.yaml."""
        http = requests.Session()
        http.trust_env = False
        http.mount("http://", _Adapter(self))
        auth = v3.Password(**self.pair.cloud(cloud)["auth"])
        return keystone.Session(auth=auth, session=http)

    def connect(self, connection: _Connection) -> Line:
        request: requests.PreparedRequest = self._sent.request
        url = str(request.url)
        site = next(
            site
            for site in self.pair.sites.values()
            if url.startswith(site.url)
        )
        if not site.running:
            raise NewConnectionError(connection, "[Errno 111] refused")
        fate = self.fate(request)
        self.broken += fate != FINE
        return Line(fate, self.dice, lambda: self._answer(request, fate))

    def send(self, request: requests.PreparedRequest) -> None:
        self._sent.request = request

    def _answer(
        self, request: requests.PreparedRequest, fate: Fate
    ) -> tuple[bytes, bytes]:
        """The head and the body of the answer, as they go over the line."""
        if fate.busy == "before":
            return _said(fate.voice)
        passed = request.copy()
        if self.deaf:
            passed.headers.pop(_REQUEST_ID, None)
        adapter = self._inner.get_adapter(str(request.url))
        answer = adapter.send(passed)
        if fate.busy == "after":
            return _said(fate.voice)
        if self.unmarked:
            _take_marks(answer)
        return _wired(answer.status_code, dict(answer.headers), answer.content)


def _said(voice: Voice) -> tuple[bytes, bytes]:
    return _wired(voice.status, dict(voice.headers), voice.body)


def _take_marks(answer: requests.Response) -> None:
    answer.headers.pop("OpenStack-API-Version", None)
    if not answer.ok:
        body = answer.json()
        body["error"].pop("reason", None)
        answer._content = json.dumps(body).encode()


def _wired(
    status: int, headers: dict[str, str], body: bytes
) -> tuple[bytes, bytes]:
    headers = {
        name: value
        for name, value in headers.items()
        if name.lower() not in ("content-length", "connection")
    }
    headers |= {"Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} As Told", *lines, "", ""])
    return head.encode("latin-1"), body


class Line:
    """What stands in for a socket."""

    def __init__(
        self,
        fate: Fate,
        dice: random.Random,
        answer: Callable[[], tuple[bytes, bytes]],
    ) -> None:
        self._fate = fate
        self._dice = dice
        self._answer = answer
        self._in_body = False
        self._cut = False

    def sendall(self, data: bytes) -> None:
        place = "body" if self._in_body else "headers"
        if self._fate.request == "before" or self._fate.request == place:
            self._cut = True
        if b"\r\n\r\n" in data:
            self._in_body = True
        if self._cut:
            if self._fate.how == "reset":
                raise ConnectionResetError(104, "Connection reset by peer")
            if self._fate.how == "eof":
                raise BrokenPipeError(32, "Broken pipe")

    def makefile(self, *_: Any) -> io.BufferedReader:
        if self._cut or (
            # a request without a body breaks off in its headers
            self._fate.request == "body"
        ):
            return io.BufferedReader(_Broken(b"", self._fate.how))
        head, body = self._answer()
        place = self._fate.answer
        if place is None:
            return io.BufferedReader(_Broken(head + body, "eof"))
        if place == "before":
            size = 0
        elif place == "headers":
            size = self._dice.randrange(1, len(head))
        else:
            size = len(head) + self._dice.randrange(max(1, len(body)))
        told = (head + body)[:size]
        return io.BufferedReader(_Broken(told, self._fate.how))

    def settimeout(self, seconds: float | None) -> None: ...

    def gettimeout(self) -> float | None:
        return None

    def setsockopt(self, *_: Any) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...


class _Broken(io.RawIOBase):
    """Some bytes, and then what comes instead of the rest."""

    def __init__(self, data: bytes, how: str) -> None:
        self._data = io.BytesIO(data)
        self._how = how

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._data.readinto(buffer)
        if not count and self._how == "reset":
            raise ConnectionResetError(104, "Connection reset by peer")
        if not count and self._how == "quiet":
            raise TimeoutError("timed out")
        return count


class _Connection(HTTPConnection):
    network: Network

    def _new_conn(self) -> Any:
        return self.network.connect(self)


class _Adapter(HTTPAdapter):
    def __init__(self, network: Network) -> None:
        self._network = network
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        connection = type("_C", (_Connection,), {"network": self._network})
        pool = type("_P", (HTTPConnectionPool,), {"ConnectionCls": connection})
        self.poolmanager = urllib3.PoolManager(num_pools=2)
        self.poolmanager.pool_classes_by_scheme = {"http": pool}

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        self._network.send(request)
        return super().send(request, *args, **kwargs)
