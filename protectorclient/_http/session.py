"""Put a requests session with limits below a keystoneauth session.

It adds what neither does by itself: no request waits for ever, and no
response is read without a limit. That holds for Keystone, Nova, Neutron and
Cinder too. The environment's proxies and certificates are looked up once
for each host, not at each poll.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import functools
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import requests
import urllib3.exceptions
from keystoneauth1 import session as ksa_session
from requests.structures import CaseInsensitiveDict
from requests.utils import get_netrc_auth

from protectorclient._http import deadline, limits
from protectorclient._http.obstacles import certificates, plain_http, proxies
from protectorclient._http.obstacles.route import Route, chain
from protectorclient._http.short.heard import Heard
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT
from protectorclient.escape import ShellCommand

#: A sentence, and what to type.
LoginNote = tuple[str, ShellCommand]

_SIGNING_IN: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "protectorclient_signing_in", default=False
)


class AsksForToken(requests.ConnectionError):
    """Asks for a token where Keystone must list its versions without one."""


@contextlib.contextmanager
def signing_in() -> Iterator[None]:
    """Mark the requests of the block as made to get a token.

    A Keystone, or what stands at its address, that answers 401 where its
    versions are asked for makes keystoneauth ask for a token, inside the
    lock of whoever is asking for one: it would wait for itself.
    """
    token = _SIGNING_IN.set(True)
    try:
        yield
    finally:
        _SIGNING_IN.reset(token)


class BoundedSession(requests.Session):
    """Sets a timeout and a limit of size, and caches environment settings."""

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[object, dict[str, Any]] = {}
        #: Whether netrc has a login, by the host.
        self._in_netrc: dict[str, bool] = {}
        #: What there is to add where the login is refused.
        self.login_note: Callable[[], LoginNote | None] = lambda: None
        #: Whether a password was typed for it, which nobody else may use.
        self.has_typed_login = False
        #: What was answered already, and need not be asked again.
        self.heard = Heard()

    def prepare_request(
        self, request: requests.Request
    ) -> requests.PreparedRequest:
        """Prepare a request; a plain read in a third of the time.

        requests reads netrc, takes the URL apart and looks for a body, for
        cookies and for a login anew at each poll.
        """
        if not self._is_plain(request):
            return super().prepare_request(request)
        prepared = requests.PreparedRequest()
        prepared.method = str(request.method)
        prepared.url = _prepared_url(str(request.url))
        # of names that differ in their case the last counts; it refuses what
        # no header may hold
        prepared.prepare_headers({**self.headers, **request.headers})
        prepared._cookies = self.cookies  # type: ignore[attr-defined]
        return prepared

    def _is_plain(self, request: requests.Request) -> bool:
        """Return whether a request is a GET with nothing but headers."""
        more = (
            request.params,
            request.data,
            request.json,
            request.files,
            request.auth,
            request.cookies,
            self.auth,
            self.params,
            len(self.cookies),
            self.hooks["response"],
            request.hooks["response"],
            # it takes a header of the session away
            None in request.headers.values(),
        )
        if request.method != "GET" or any(more):
            return False
        url = str(request.url)
        host = urllib.parse.urlsplit(url).netloc
        if "@" in host:
            # a login in the address
            return False
        if not self.trust_env:
            return True
        if host not in self._in_netrc:
            self._in_netrc[host] = get_netrc_auth(url) is not None
        return not self._in_netrc[host]

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        connect, read = _both(kwargs.get("timeout"))
        read = deadline.cut(read)
        kwargs["timeout"] = (deadline.cut(connect), read)
        whole = not kwargs.get("stream")
        route = Route.of(request.url or "", kwargs)
        try:
            heard = self.heard.take(request)
            # a response that is an error is false
            response = (
                super().send(request, **{**kwargs, "stream": True})
                if heard is None
                else heard
            )
            if whole:
                limits.read_whole(response, deadline.end_of(read))
        except (OSError, urllib3.exceptions.HTTPError, UnicodeError) as error:
            # OSError is what requests itself derives from, too
            links = list(chain(error))
            found = proxies.obstacle(links, route) or certificates.obstacle(
                links, route
            )
            if found is None and isinstance(
                self.get_adapter(route.url), limits.Adapter
            ):
                found = plain_http.obstacle(
                    links, route, deadline.cut(connect)
                )
            if found is None:
                raise
            # its text may hold the password of a proxy
            raise found from None
        refusal = proxies.answered(response, route) or plain_http.answered(
            response, route
        )
        if refusal is not None:
            raise refusal
        if (
            response.status_code == requests.codes.unauthorized
            and _SIGNING_IN.get()
            and request.method == "GET"
            and "X-Auth-Token" not in request.headers
        ):
            raise AsksForToken(
                f"{request.url} asks for a token before it lists its"
                " versions, which no Keystone does"
            )
        return response

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return the environment's settings for a host; read once for each."""
        parts = urllib.parse.urlsplit(url)
        key = (parts.scheme, parts.netloc, verify, cert, stream)
        if proxies:
            return super().merge_environment_settings(
                url, proxies, stream, verify, cert
            )
        if key not in self._settings:
            merged: Any = super().merge_environment_settings(
                url, {}, stream, verify, cert
            )
            self._settings[key] = merged
        found = self._settings[key]
        return {**found, "proxies": dict(found["proxies"])}


@functools.lru_cache(maxsize=64)
def _prepared_url(url: str) -> str:
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


def _both(timeout: Any) -> tuple[float, float]:
    """Return both timeouts, with the defaults where none is given."""
    if not isinstance(timeout, tuple):
        timeout = (timeout, timeout)
    return (timeout[0] or CONNECT_TIMEOUT, timeout[1] or READ_TIMEOUT)


def bound_session(session: ksa_session.Session) -> None:
    """Put a `BoundedSession` below a keystoneauth session of our own."""
    session.session = _like(session.session)


def with_bounds(session: ksa_session.Session) -> ksa_session.Session:
    """Copy a caller's keystoneauth session, with a `BoundedSession` below.

    The caller's own is left as it is; both have one authentication.
    """
    below = getattr(session, "session", None)
    if isinstance(below, BoundedSession) or not isinstance(
        below, requests.Session
    ):
        return session
    return with_below(session, _like(below))


def with_below(
    session: ksa_session.Session, below: requests.Session
) -> ksa_session.Session:
    """Copy a keystoneauth session onto another requests session.

    Both have one authentication.
    """
    made = copy.copy(session)
    # closed by its owner, not when the copy is thrown away
    made._session = None
    made.session = below
    return made


def _like(theirs: requests.Session) -> BoundedSession:
    ours = BoundedSession()
    for name in requests.Session.__attrs__:
        setattr(ours, name, getattr(theirs, name))
    ours.adapters = {}
    for prefix, adapter in theirs.adapters.items():
        ours.adapters[prefix] = limits.bounded(adapter)
    ours.headers = CaseInsensitiveDict(theirs.headers)
    ours.headers["Accept-Encoding"] = limits.ENCODINGS
    return ours
