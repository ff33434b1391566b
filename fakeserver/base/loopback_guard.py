"""Refuses requests that do not come from this machine, under its own names."""

import functools
import http
import ipaddress
import json
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fakeserver.base.ids import new_id

#: names under which a sandbox may be addressed, with any port
NAMES = frozenset(("127.0.0.1", "localhost", "[::1]"))

#: below this path is the sandbox's own channel to a site
CONTROL = "/_sandbox"


class LoopbackMiddleware:
    """Answers requests from loopback only.

    The Host header is looked at because a page in somebody's browser can
    reach this port under a name of its own.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not is_loopback(environ.get("REMOTE_ADDR", "")):
            message = "This server answers requests from its own machine only"
        elif not is_local_name(environ.get("HTTP_HOST", "")):
            message = "This server answers to loopback names only"
        else:
            return self._app(environ, start_response)
        return refusal(start_response, 403, "forbidden", message)


def in_control(path: str) -> bool:
    return path.startswith(f"{CONTROL}/")


@functools.lru_cache(maxsize=64)
def is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def is_local_name(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, ""
    return name.lower() in NAMES and (not port or port.isdigit())


def refusal(
    start_response: StartResponse, code: int, reason: str, message: str
) -> list[bytes]:
    """Answer in the error form of the API, before a request reaches the
    API."""
    request_id = f"req-{new_id()}"
    error = {
        "code": code,
        "title": http.HTTPStatus(code).phrase,
        "message": message,
        "reason": f"protector.{reason}",
        "request_id": request_id,
        "details": {},
    }
    body = json.dumps({"error": error}).encode()
    start_response(
        f"{code} {http.HTTPStatus(code).phrase}",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("X-OpenStack-Request-ID", request_id),
        ],
    )
    return [body]
