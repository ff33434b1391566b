"""Explain how a proxy stopped a request, without the proxy's password.

Each sentence names the proxy's address and the variable that names it.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import urllib.parse

import requests
import urllib3.exceptions

from protectorclient._http import metered
from protectorclient._http.obstacles.route import (
    BadSetting,
    Obstacle,
    Route,
)

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
#: What is no fault of a proxy, whoever has answered.
_OTHER = (ssl.SSLError, metered.AnswerTooLarge)
#: The statuses of a gateway that has not reached anybody.
_GATEWAY = (502, 503, 504)
#: The status of a proxy that asks for a password.
_PASSWORD = 407
#: Headers that each service of OpenStack sends, and no proxy.
_OF_SERVICES = ("X-OpenStack-Request-ID", "OpenStack-API-Version")


def obstacle(links: list[BaseException], route: Route) -> Obstacle | None:
    """Return what a proxy has to do with an error; None for nothing.

    :param links: the error and its causes.
    :param route: what the request was sent with.
    """
    if route.proxy is None:
        return None
    named = _name(route.proxy, route.url)
    for link in links:
        if isinstance(
            link,
            requests.exceptions.InvalidProxyURL
            | requests.exceptions.InvalidURL
            | requests.exceptions.InvalidSchema
            | urllib3.exceptions.LocationParseError
            | urllib3.exceptions.ProxySchemeUnknown
            | UnicodeError,
        ) and not _is_bad(route.url):
            return BadSetting(
                f"{named} cannot be used; a proxy's URL reads like"
                " http://proxy.example.com:3128"
            )
    for link in links:
        found = _TUNNEL.search(str(link))
        if found and found[1] == str(_PASSWORD):
            return Obstacle(_asks(named))
        if found:
            return Obstacle(
                f"{named} does not reach {route.host}: it answers HTTP"
                f" {found[1]}; {_around(route)}"
            )
    if any(isinstance(link, urllib3.exceptions.ProxyError) for link in links):
        return Obstacle(
            f"{named} cannot be reached: {_why(links)}; {_around(route)}"
        )
    if any(isinstance(link, _OTHER) for link in links):
        return None
    said = f"no answer came through {named}: {_why(links)}"
    if any(isinstance(link, http.client.HTTPException) for link in links):
        said = f"{named}, or what is behind it, answers what is not HTTP"
    made = Obstacle(f"{said}; {_around(route)}")
    made.sent = True
    return made


def answered(response: requests.Response, route: Route) -> Obstacle | None:
    """Return the error where a proxy answers a plain request by itself.

    What passes a tunnel comes from its end, and is not looked at.
    """
    if route.proxy is None or not route.url.lower().startswith("http:"):
        return None
    named = _name(route.proxy, route.url)
    if response.status_code == _PASSWORD:
        return Obstacle(_asks(named))
    if response.status_code not in _GATEWAY or any(
        name in response.headers for name in _OF_SERVICES
    ):
        return None
    made = Obstacle(
        f"{named} does not reach {route.host}: it answers HTTP"
        f" {response.status_code}; {_around(route)}"
    )
    made.sent = True
    return made


def _around(route: Route) -> str:
    host = urllib.parse.urlsplit(route.url).hostname or "the host"
    return f"to go around it, add {host} to NO_PROXY"


def _asks(named: str) -> str:
    return (
        f"{named} asks for a user and a password (HTTP 407); put them in the"
        " variable as http://USER:PASSWORD@HOST:PORT"
    )


def _why(links: list[BaseException]) -> str:
    for link in links:
        if isinstance(link, ssl.SSLError):
            return "it does not speak TLS; its URL may have to begin http://"
        if isinstance(link, socket.gaierror):
            return "the name does not resolve"
    for link in links:
        if isinstance(link, OSError) and link.strerror:
            return link.strerror.lower()
    for link in links:
        if isinstance(link, urllib3.exceptions.TimeoutError | TimeoutError):
            return "timed out"
    return "it does not answer"


def _name(proxy: str, url: str) -> str:
    """Name a proxy by its address and variable, without its password."""
    variable = _variable(proxy, urllib.parse.urlsplit(url).scheme)
    shown = shown_proxy(proxy)
    if variable and shown:
        return f"the proxy {shown} ({variable})"
    return f"the proxy {shown or f'of {variable or _ANY_VARIABLE}'}"


_ANY_VARIABLE = "the session"


def shown_proxy(proxy: str) -> str | None:
    """Return a proxy's URL without user and password; None where it is not
    clear which part is secret."""
    scheme, gap, rest = proxy.partition("://")
    if not gap:
        scheme, rest = "http", proxy
    # a password may hold any character that does not belong there
    bare = rest.rpartition("@")[2].rstrip("/")
    try:
        parts = urllib.parse.urlsplit(f"//{bare}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.path or parts.query or port == 0:
        return None
    return f"{scheme}://{parts.netloc}"


def _variable(proxy: str, scheme: str) -> str | None:
    """Return the variable that names a proxy."""
    wanted = _rest(proxy)
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            value = os.environ.get(variable)
            if value and _rest(value) == wanted:
                return variable
    return None


def _rest(proxy: str) -> str:
    return (proxy.partition("://")[2] or proxy).strip("/")


def _is_bad(url: str) -> bool:
    """Return whether it is the request's own address that is wrong."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if not all(0 < len(part) < 64 for part in host.split(".")):
            return True
        host.encode("idna")
    except ValueError:
        return True
    return parts.scheme not in ("http", "https")
