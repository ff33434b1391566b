"""HTTP without sockets: a wire whose far end is a WSGI application.

Several sites in one process call each other as they would over a network,
only quicker, and a test can cut any of the ways between them.

werkzeug's ``EnvironBuilder`` and ``run_wsgi_app`` would do for the bridge,
and take 220 us of CPU for a request, where this takes 29: a GET of a site
takes 1.8 times as long (``benchmarks/wsgi_bridge.py``), and the walks of the
engine's tests 28 s of CPU in place of 24.
"""

import io
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPResponse

from fakeserver.base.wire import Sockets
from fakeserver.base.wire.requests_session import RequestsSession

#: headers that WSGI keeps under names of their own
_BARE = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class InProcess:
    """A `~fakeserver.base.wire.Wire` to applications in this process."""

    def __init__(self) -> None:
        self._apps: dict[str, WSGIApplication] = {}
        self._cut: dict[str, Callable[[], Exception]] = {}
        self._lock = threading.Lock()

    def register(self, base_url: str, wsgi_app: WSGIApplication) -> None:
        """Let an application answer everything below an address."""
        with self._lock:
            self._apps[_origin(base_url)] = wsgi_app

    def cut(self, base_url: str, *, silent: bool = False) -> None:
        """Refuse connections from now on; or swallow them, if silent."""
        with self._lock:
            self._cut[_origin(base_url)] = _silence if silent else _refusal

    def restore(self, base_url: str) -> None:
        with self._lock:
            self._cut.pop(_origin(base_url), None)

    def session(self) -> RequestsSession:
        """Return a session for the sites, which call each other often."""
        return RequestsSession(self._opened(_Session()))

    def visitor(self) -> requests.Session:
        """Return a session for a client, which prepares requests as any other
        does."""
        return self._opened(requests.Session())

    def _opened(self, made: requests.Session) -> requests.Session:
        made.trust_env = False
        adapter = _Adapter(self)
        made.mount("http://", adapter)
        made.mount("https://", adapter)
        return made

    def knows(self, url: str) -> bool:
        """Return whether somebody answers, or has answered, at an address."""
        return _origin(url) in self._apps

    def application(self, url: str) -> WSGIApplication:
        """Return the application at an address; raise where there is none."""
        origin = _origin(url)
        problem = self._cut.get(origin)
        if problem is not None:
            raise problem()
        app = self._apps.get(origin)
        if app is None:
            raise _refusal()
        return app


class Neighbours(InProcess):
    """The wire between two sites whose clients come over sockets.

    What the sites ask of each other stays in the process; any other
    address is a real one.
    """

    def session(self) -> RequestsSession:
        """Calls the sites that are registered, and connects to others."""
        made = _NextDoor(self)
        made.trust_env = False
        return RequestsSession(made)

    def visitor(self) -> requests.Session:
        """For a client: over sockets, as from another process."""
        return Sockets().session().by_requests


def _refusal() -> Exception:
    return requests.ConnectionError("Connection refused")


def _silence() -> Exception:
    return requests.ReadTimeout("Read timed out.")


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


#: what a request of this session may say; anything else is for requests
_PLAIN = {"params", "data", "json", "headers", "timeout", "verify", "cert"}
_PLAIN |= {"allow_redirects", "stream"}


class _Session(requests.Session):
    """A session whose requests do not use a network.

    No cookie, proxy or environment has a say in them: to prepare one for
    all that takes longer than most of the answers.
    """

    def request(  # type: ignore[override]
        self, method: str, url: str, **options: Any
    ) -> requests.Response:
        if not (_PLAIN.issuperset(options) and _is_plain(url)):
            return super().request(method, url, **options)
        adapter = self.get_adapter(url)
        if not isinstance(adapter, _Adapter):
            return super().request(method, url, **options)
        asked = _prepared(method, url, self.headers, options)
        timeout = options.get("timeout")
        answer = adapter.send(asked, timeout=timeout)
        if answer.is_redirect and options.get("allow_redirects", True):
            return super().request(method, url, **options)
        return answer


class _NextDoor(_Session):
    """A session that needs a network for strangers alone."""

    def __init__(self, wire: InProcess) -> None:
        super().__init__()
        self._wire = wire
        self._near = _Adapter(wire)

    def get_adapter(self, url: str) -> BaseAdapter:
        if self._wire.knows(url):
            return self._near
        return super().get_adapter(url)


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


def _prepared(
    method: str,
    url: str,
    standing: Mapping[str, Any],
    options: Mapping[str, Any],
) -> requests.PreparedRequest:
    made = requests.PreparedRequest()
    made.method = method.upper()
    params = options.get("params")
    if params:
        query = urllib.parse.urlencode(params, doseq=True)
        url += ("&" if "?" in url else "?") + query
    made.url = url
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(standing)
    body = options.get("data")
    if body is None and options.get("json") is not None:
        body = json.dumps(options["json"]).encode()
        headers["Content-Type"] = "application/json"
    if isinstance(body, str):
        body = body.encode()
    headers.update(options.get("headers") or {})
    if body is not None:
        headers["Content-Length"] = str(len(body))
    made.headers = headers
    made.body = body
    made.hooks = {"response": []}
    return made


class _Adapter(BaseAdapter):
    """Turns one prepared request into one WSGI call, and back."""

    def __init__(self, wire: InProcess) -> None:
        super().__init__()
        self._wire = wire

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        url = str(request.url)
        app = self._wire.application(url)
        started = _ResponseStart()
        parts = app(_environ(request, url), started)
        try:
            body = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        return started.response(request, url, body)

    def close(self) -> None:
        return None


class _ResponseStart:
    """What the application said before its body."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.written: list[bytes] = []

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,
        /,
    ) -> Callable[[bytes], object]:
        self.status = status
        self.headers = headers
        return self.written.append

    def response(
        self, request: requests.PreparedRequest, url: str, body: bytes
    ) -> requests.Response:
        code, _, reason = self.status.partition(" ")
        made = requests.Response()
        made.status_code = int(code)
        made.reason = reason
        made.headers = CaseInsensitiveDict(_joined(self.headers))
        made.encoding = get_encoding_from_headers(made.headers)
        made.url = url
        made.request = request
        made.raw = HTTPResponse(
            body=io.BytesIO(b"".join(self.written) + body),
            headers=_joined(self.headers),
            status=made.status_code,
            preload_content=False,
        )
        return made


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join headers of one name with a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        known = found.get(name)
        found[name] = value if known is None else f"{known}, {value}"
    return found


def _environ(request: requests.PreparedRequest, url: str) -> WSGIEnvironment:
    parts = urllib.parse.urlsplit(url)
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = urllib.parse.unquote_to_bytes(parts.path or "/")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.lower()
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        wsgi = _BARE.get(key, "HTTP_" + key.upper().replace("-", "_"))
        environ[wsgi] = text
    return environ
