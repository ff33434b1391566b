"""Answer the calls that are sent again and again, without Flask.

Who waits for an operation asks for it every few seconds, who shows a fleet
reads its lists, and the sites compare their metadata at each action. For those
few addresses a request that is as usual is checked here in the order of
:mod:`fakeserver.api.gate`, and answered. Whatever is not as usual (another
method, a query that has to be decoded, a body of another kind, a token or a
version that is refused) goes on to Flask, which answers all of that. What an
action refuses, and what fails, goes there as well, for the gate to raise it:
there is one place that words a refusal. A test compares both answers to the
byte.
"""

import copy
import dataclasses
import functools
import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fakeserver.api import body, microversion, roles, schema
from fakeserver.api.gate import FAILED, REQUEST_ID, Call, request_id_of
from fakeserver.api.microversion import Version
from fakeserver.base.errors import RequestRefused
from fakeserver.base.request_log import WRITTEN
from fakeserver.cloud.identity.check import Identity, IdentityUnreachable

#: returns the JSON of an answer in pieces, for the names in the address; None
#: leaves the request to Flask
Answer = Callable[..., list[bytes] | None]

_SEGMENT = "([A-Za-z0-9._-]+)"
#: a query that means what it says, without anything to decode
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9._&=-]*")
_NO_BODY = (None, "", "0")
#: a body that was right stays right: those up to here are remembered, bytes
_REMEMBERED = 512


@dataclasses.dataclass(frozen=True)
class DirectCall:
    """A call of the description, and what answers it."""

    path: str
    answer: Answer
    method: str = "GET"
    status: str = "200 OK"

    def whole(self, asked: Call, *names: str) -> list[bytes]:
        """Return the answer of a call that answers each request."""
        pieces = self.answer(asked, *names)
        assert pieces is not None
        return pieces


Key = tuple[str, ...]


def _key(method: str, parts: list[str]) -> Key:
    """Return the part in which the addresses ``/v1/{tenant_id}/NOUN/{id}/...``
    differ."""
    return method, parts[3], str(len(parts)), *parts[5:]


class DirectCallsMiddleware:
    """Answers the usual calls, and passes on everything else."""

    def __init__(
        self,
        app: WSGIApplication,
        calls: Iterable[DirectCall],
        identity: Identity,
        newest: Version,
    ) -> None:
        self._app = app
        self._identity = identity
        self._newest = newest
        self._calls = {
            _key(one.method, one.path.split("/")): one for one in calls
        }

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        found = self._answer(environ)
        if found is not None:
            status, headers, pieces = found
            start_response(status, headers)
            return pieces
        return self._app(environ, start_response)

    def _answer(
        self, environ: WSGIEnvironment
    ) -> tuple[str, list[tuple[str, str]], list[bytes]] | None:
        """Return status, headers and body; None leaves the request to
        Flask."""
        parts = environ["PATH_INFO"].split("/")
        if len(parts) < 4 or parts[1] != "v1":
            return None
        called = self._calls.get(_key(environ["REQUEST_METHOD"], parts))
        query = environ.get("QUERY_STRING", "")
        if (
            called is None
            or "HTTP_TRANSFER_ENCODING" in environ
            or _PLAIN_QUERY.fullmatch(query) is None
        ):
            return None
        names = parts[2:3] + parts[4:5]
        if not all(map(_plain_segment, names)):
            return None
        try:
            asked = self._call(environ, called, query, names[0])
        except (RequestRefused, IdentityUnreachable):
            return None
        if asked is None:
            return None
        try:
            pieces = called.answer(asked, *names)
        except Exception as error:
            # raised again where it is worded, and nothing is done twice
            environ[FAILED] = error
            environ["HTTP_X_OPENSTACK_REQUEST_ID"] = asked.request_id
            return None
        if pieces is None:
            return None
        environ[WRITTEN] = True
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(sum(map(len, pieces)))),
            (REQUEST_ID, asked.request_id),
            (microversion.HEADER, _shown(asked.version)),
            ("Vary", microversion.HEADER),
        ]
        return called.status, headers, pieces

    def _call(
        self,
        environ: WSGIEnvironment,
        called: DirectCall,
        query: str,
        tenant_id: str,
    ) -> Call | None:
        """Check a request as the gate does; None where it may refuse it."""
        raw = _body(environ, called.method)
        if raw is None:
            return None
        version = _negotiated(
            environ.get("HTTP_OPENSTACK_API_VERSION"), self._newest
        )
        token = self._identity.check(environ.get("HTTP_X_AUTH_TOKEN"))
        if token is None or not token.admitted:
            return None
        asked = Call(
            request_id_of(environ.get("HTTP_X_OPENSTACK_REQUEST_ID", "")),
            version,
            token,
        )
        if not (asked.admin or tenant_id == token.project_id):
            return None
        method, path = called.method, called.path
        if not _allows(method, path, None, token.roles):
            return None
        asked.query = dict(_checked(method, path, version, query))
        if raw:
            asked.body = _body_of(method, path, version, raw)
            action = None
            if isinstance(asked.body, dict) and len(asked.body) == 1:
                [action] = asked.body
            if not _allows(method, path, action, token.roles):
                return None
        return asked


def _body(environ: WSGIEnvironment, method: str) -> bytes | None:
    """Return the body of a request, which can still be read after it; None
    for a body that Flask has to answer for."""
    length = environ.get("CONTENT_LENGTH")
    if method == "GET":
        return b"" if length in _NO_BODY else None
    if environ.get("CONTENT_TYPE") != "application/json":
        return None
    if not length or not length.isdigit() or int(length) > body.LIMIT:
        return None
    raw = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(raw)
    return raw or None


def _body_of(method: str, path: str, version: Version, raw: bytes) -> Any:
    """Return a checked body; RequestRefused where it is refused."""
    if len(raw) > _REMEMBERED:
        return _read(method, path, version, raw)
    return copy.deepcopy(_read_before(method, path, version, raw))


def _read(method: str, path: str, version: Version, raw: bytes) -> Any:
    return schema.check_body(
        schema.route(method, path, version), body.parse(raw)
    )


_read_before = functools.lru_cache(maxsize=256)(_read)


@functools.lru_cache(maxsize=1024)
def _plain_segment(text: str) -> bool:
    return re.fullmatch(_SEGMENT, text) is not None


@functools.lru_cache(maxsize=64)
def _negotiated(header: str | None, newest: Version) -> Version:
    return microversion.negotiate(header, newest)


@functools.lru_cache(maxsize=64)
def _shown(version: Version) -> str:
    return f"{microversion.SERVICE} {microversion.show(version)}"


@functools.lru_cache(maxsize=256)
def _allows(
    method: str, path: str, action: str | None, held: tuple[str, ...]
) -> bool:
    return roles.allows(roles.rule_of(method, path, action), held)


@functools.lru_cache(maxsize=256)
def _checked(
    method: str, path: str, version: Version, query: str
) -> Mapping[str, Any]:
    """Return the typed query; RequestRefused where it is refused."""
    route = schema.route(method, path, version)
    if route.missing:
        raise RequestRefused("not-found", "not at this version")
    return schema.check_query(route, parse_qs(query, keep_blank_values=True))
