"""What stops a request before it comes to a site, and with what it was sent.

It says nothing of the site: who asks whether a site is dead must not count
it.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import requests
from requests import utils


class Obstacle(requests.ConnectionError):
    """A certificate or a proxy stopped a request.

    The text is a sentence without the site and without secrets.
    """

    #: Whether a setting is wrong, and no request can go out.
    is_configuration = False
    #: Whether the request may have arrived all the same.
    sent = False


class BadSetting(Obstacle):
    """A file or a proxy's URL cannot be used."""

    is_configuration = True


class Route(NamedTuple):
    """What requests uses for one request, beside the request."""

    url: str
    verify: bool | str | None = None
    cert: Any = None
    proxy: str | None = None

    @classmethod
    def of(cls, url: str, options: Mapping[str, Any]) -> Route:
        """Read the arguments of `requests.Session.send`."""
        proxies = options.get("proxies")
        return cls(
            url,
            options.get("verify"),
            options.get("cert"),
            utils.select_proxy(url, proxies) if proxies else None,
        )

    @property
    def host(self) -> str:
        """Return the address without path and user."""
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def chain(error: BaseException) -> Iterator[BaseException]:
    """List an error and all its causes, nearest first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [
            link.__cause__,
            link.__context__,
            getattr(link, "reason", None),
            *link.args,
        ]
