"""Answer the reads that are asked again and again, without Flask.

Who waits for an operation asks for it every few seconds, and who shows a
fleet reads its lists. For those few addresses a request that is as usual is
checked here in the order of :mod:`fakeserver.api.gate`, and answered with the
JSON that the database has. Whatever is not as usual (another method, a body, a
query that has to be decoded, a token or a version that is refused, an id that
is not there) goes on to Flask, which answers all of that: there is one place
that words a refusal. A test compares both answers to the byte.
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fakeserver.api import microversion, roles, schema
from fakeserver.api.gate import REQUEST_ID, Call, request_id_of
from fakeserver.api.microversion import Version
from fakeserver.base.errors import RequestRefused
from fakeserver.cloud.identity.check import Identity, IdentityUnreachable

#: returns the JSON of an answer in pieces, for the names in the address
Read = Callable[..., list[bytes]]

_SEGMENT = "([A-Za-z0-9._-]+)"
#: a query that means what it says, without anything to decode
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9._&=-]*")
_NO_BODY = (None, "", "0")


@dataclasses.dataclass(frozen=True)
class DirectRead:
    """An address of the description, and what reads its answer."""

    path: str
    read: Read


@dataclasses.dataclass(frozen=True)
class _Route:
    path: str
    rule: roles.Rule
    read: Read


class DirectReadsMiddleware:
    """Answers the usual reads, and passes on everything else."""

    def __init__(
        self,
        app: WSGIApplication,
        reads: Iterable[DirectRead],
        identity: Identity,
        newest: Version,
    ) -> None:
        self._app = app
        self._identity = identity
        self._newest = newest
        # the second segment tells the addresses apart: /v1/{tenant_id}/NOUN
        self._routes = {
            (one.path.split("/")[3], one.path.count("/")): _Route(
                one.path, roles.rule_of("GET", one.path), one.read
            )
            for one in reads
        }

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            found = self._answer(environ)
            if found is not None:
                headers, pieces = found
                start_response("200 OK", headers)
                return pieces
        return self._app(environ, start_response)

    def _answer(
        self, environ: WSGIEnvironment
    ) -> tuple[list[tuple[str, str]], list[bytes]] | None:
        """Return headers and body; None leaves the request to Flask."""
        path = environ["PATH_INFO"]
        parts = path.split("/")
        if len(parts) < 4 or parts[1] != "v1":
            return None
        route = self._routes.get((parts[3], len(parts) - 1))
        query = environ.get("QUERY_STRING", "")
        if (
            route is None
            or environ.get("CONTENT_LENGTH") not in _NO_BODY
            or "HTTP_TRANSFER_ENCODING" in environ
            or _PLAIN_QUERY.fullmatch(query) is None
        ):
            return None
        names = parts[2:3] + parts[4:]
        if not all(map(_plain_segment, names)):
            return None
        try:
            asked = self._call(environ, route, query, names[0])
            if asked is None:
                return None
            pieces = route.read(asked, *names)
        except (RequestRefused, IdentityUnreachable):
            return None
        return [
            ("Content-Type", "application/json"),
            ("Content-Length", str(sum(map(len, pieces)))),
            (REQUEST_ID, asked.request_id),
            (microversion.HEADER, _shown(asked.version)),
            ("Vary", microversion.HEADER),
        ], pieces

    def _call(
        self,
        environ: WSGIEnvironment,
        route: _Route,
        query: str,
        tenant_id: str,
    ) -> Call | None:
        """Check a request as the gate does; None where it may refuse it."""
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
        if not _allows(route.path, token.roles):
            return None
        asked.query = dict(_checked(route.path, version, query))
        return asked


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
def _allows(path: str, held: tuple[str, ...]) -> bool:
    return roles.allows(roles.rule_of("GET", path), held)


@functools.lru_cache(maxsize=256)
def _checked(path: str, version: Version, query: str) -> Mapping[str, Any]:
    """Return the typed query; RequestRefused where it is refused."""
    route = schema.route("GET", path, version)
    if route.missing:
        raise RequestRefused("not-found", "not at this version")
    return schema.check_query(route, parse_qs(query, keep_blank_values=True))
