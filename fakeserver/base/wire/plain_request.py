"""Writes a request that needs nothing of requests but its bytes."""

import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

#: what a request may say; one that says more is for requests
_PLAIN = {"params", "data", "headers", "timeout", "allow_redirects"}

_LABEL = r"\w(?:[\w-]{0,61}\w)?"
_HOST = rf"(?:{_LABEL}\.)*{_LABEL}|\[[0-9a-f:.]+\]"
_SENT = r"[A-Za-z0-9/?:@!$&'()*+,;=._~-]*"
#: an address that requests sends as it is: names that DNS knows, a port, and
#: characters that need no escape
_URL = re.compile(
    rf"http://({_HOST})(?::([1-9][0-9]{{0,4}}))?"
    rf"(/{_SENT}(?:%[0-9A-Fa-f]{{2}}{_SENT})*)",
    re.ASCII,
)
_HIGHEST_PORT = 65535

#: a host, and the port as a number
Address = tuple[str, int]


def written(
    method: str, url: str, options: Mapping[str, Any]
) -> tuple[Address, bytes] | None:
    """Return an address and the bytes to send to it; None for a request that
    is for requests.

    :param method: in capital letters.
    :param options: those of requests.
    """
    if not _PLAIN.issuperset(options):
        return None
    if isinstance(options.get("timeout"), int | float):
        return None
    params = options.get("params")
    if params:
        if not isinstance(params, Mapping) or None in params.values():
            return None
        query = urllib.parse.urlencode(params, doseq=True)
        url += ("&" if "?" in url else "?") + query
    taken = _URL.fullmatch(url)
    # a segment of dots leads to another one
    if taken is None or "/." in url:
        return None
    host, port, target = taken.groups("")
    if port and int(port) > _HIGHEST_PORT:
        return None
    place = f"{host}:{port}" if port else host
    lines = [f"{method} {target} HTTP/1.1", f"Host: {place}"]
    for name, value in (options.get("headers") or {}).items():
        if not isinstance(value, str):
            return None
        lines.append(f"{name}: {value}")
    body = options.get("data")
    if body is None:
        body = b""
    elif not isinstance(body, bytes):
        return None
    if body or method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(body)}")
    said = "".join(lines)
    if not (said.isascii() and said.isprintable()):
        return None
    head = "\r\n".join(lines)
    return (
        host.strip("[]"),
        int(port or 80),
    ), f"{head}\r\n\r\n".encode() + body
