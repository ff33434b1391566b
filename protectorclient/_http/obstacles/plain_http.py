"""Recognise a port that speaks TLS where its URL begins http://.

Such a port cuts the connection, as a service does that dies. Who asks
whether a site is dead must be able to tell the two apart.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.parse

import requests

from protectorclient._http.obstacles.route import Obstacle, Route
from protectorclient.durations import TLS_PROBE_TIMEOUT

#: How the alert begins by which a TLS server refuses a plain request.
_ALERT = "\x15\x03"
#: What nginx, Apache and servers written in Go say in an answer of 400.
_SENTENCES = (
    b"plain HTTP request was sent to HTTPS port",
    b"speaking plain HTTP to an SSL-enabled server port",
    b"sent an HTTP request to an HTTPS server",
)


def obstacle(
    links: list[BaseException], route: Route, timeout: float
) -> Obstacle | None:
    """Return the error where a plain request met TLS; None for nothing.

    A connection that was cut says nothing by itself. So the port is asked
    whether it speaks TLS, without a request.

    :param links: the error and its causes.
    :param route: what the request was sent with.
    :param timeout: how long the port may take, in seconds.
    """
    if route.proxy is not None or not _is_plain(route):
        return None
    for link in links:
        if isinstance(link, http.client.BadStatusLine) and str(
            link
        ).startswith(_ALERT):
            return _speaks_tls(route)
    if any(isinstance(link, ConnectionError) for link in links):
        if any(isinstance(link, ConnectionRefusedError) for link in links):
            return None
        if _answers_tls(route.url, min(timeout, TLS_PROBE_TIMEOUT)):
            found = _speaks_tls(route)
            # a port may speak both
            found.sent = True
            return found
    return None


def answered(response: requests.Response, route: Route) -> Obstacle | None:
    """Return the error where a web server says that its port speaks TLS."""
    if (
        response.status_code != requests.codes.bad_request
        or not _is_plain(route)
        # nobody has read it yet
        or not isinstance(response._content, bytes)
    ):
        return None
    if any(words in response._content for words in _SENTENCES):
        return _speaks_tls(route)
    return None


def _is_plain(route: Route) -> bool:
    return route.url.lower().startswith("http:")


def _speaks_tls(route: Route) -> Obstacle:
    address = route.host.partition("://")[2]
    return Obstacle(
        f"{route.host} speaks TLS; change its URL to https://{address}"
    )


def _answers_tls(url: str, timeout: float) -> bool:
    """Return whether a port shakes hands; whose it is does not matter."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "").upper()
    except (OSError, ValueError):
        return False
