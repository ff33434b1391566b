"""Requests to a running site over its control channel."""

import http.client
import json
import ssl
from typing import Any

from fakeserver.base.loopback_guard import CONTROL
from fakeserver.http import certificate
from fakeserver.http.control_secret import HEADER, open_secret
from fakeserver.sandbox.folder import HOST, Folder, Settings


class Silent(Exception):
    """The site does not answer, or something else answers in its place."""


def ask(
    folder: Folder,
    settings: Settings,
    site: str,
    what: str,
    method: str = "GET",
    seconds: float = 5.0,
) -> dict[str, Any]:
    """Send one request to one site."""
    port = settings.port_of(site)
    connection: http.client.HTTPConnection
    if settings.tls:
        context = ssl.create_default_context(
            cafile=str(folder.path / certificate.CA)
        )
        connection = http.client.HTTPSConnection(
            HOST, port, timeout=seconds, context=context
        )
    else:
        connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    secret = open_secret(folder.path / "control.secret")
    try:
        connection.request(
            method, f"{CONTROL}/{what}", headers={HEADER: secret}
        )
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200 or not isinstance(body, dict):
            raise Silent(f"{site} answers {answer.status}")
        return body
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
        RecursionError,
    ) as error:
        raise Silent(f"{site} does not answer: {error}") from None
    finally:
        connection.close()


def answers(
    folder: Folder, settings: Settings, site: str, pid: int, seconds: float = 5
) -> bool:
    """Return whether that very process answers."""
    try:
        found = ask(folder, settings, site, "status", seconds=seconds)
    except Silent:
        return False
    return found.get("site") == site and found.get("pid") == pid
