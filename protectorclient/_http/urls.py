"""Take the URLs of a catalog apart, and build safe ones."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protectorclient import exceptions

_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~:@+-]*")


def segment(identifier: str, what: str = "resource") -> str:
    """Check that an id can be one segment of a path, and return it.

    Ids are plain. Whatever could end the segment, climb out of it or
    start a query names nothing, and is not sent.
    """
    if _IDENTIFIER.fullmatch(identifier):
        return identifier
    raise exceptions.NotFound(f"no {what} has the id '{identifier}'")


def is_identifier(text: str) -> bool:
    """Return whether a text could be an id."""
    return _IDENTIFIER.fullmatch(text) is not None


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A catalog URL taken apart.

    Catalogs hold the service's root, its ``/v1``, or the project's URL
    below that; the admin and health resources carry no project, so each
    call is built from the root.
    """

    #: The URL above ``/v1``, without a slash at its end.
    root: str
    #: The project in the URL, where it has one.
    project_id: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Endpoint:
        """Take apart any of the three forms."""
        parts = urllib.parse.urlsplit(url)
        segments = parts.path.rstrip("/").split("/")
        project = None
        if segments[-1] == "v1":
            del segments[-1:]
        elif len(segments) > 1 and segments[-2] == "v1":
            project = urllib.parse.unquote(segments[-1])
            del segments[-2:]
        path = "/".join(segments).rstrip("/")
        root = urllib.parse.urlunsplit(
            (parts.scheme, parts.netloc, path) + ("", "")
        )
        return cls(root, project)


def query(params: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Make query parameters as the API writes them; None is left out.

    Each item of a list becomes a parameter of its own.
    """
    return {
        key: [_text(item) for item in value]
        if isinstance(value, list)
        else _text(value)
        for key, value in params.items()
        if value is not None
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def identity(item: object) -> str | None:
    """Return the id by which a marker names an item of a list."""
    if not isinstance(item, dict):
        return None
    found = item.get("id") or item.get("protection_group_id")
    return found if isinstance(found, str) else None


def is_new(item: object, known: set[str]) -> bool:
    """Return whether an item was not on an earlier page, and remember it."""
    name = identity(item)
    if name is None:
        return True
    if name in known:
        return False
    known.add(name)
    return True


def next_marker(
    body: Mapping[str, Any], noun: str, items: list[Any]
) -> str | None:
    """Return the marker of the next page; None after the last one.

    Links come as a list of ``rel`` and ``href``, as one of them, as an
    object of addresses by what they are, or, of Glance, as ``next`` alone.
    """
    if not items:
        return None
    href = _next_link(body.get("links") or body.get(f"{noun}_links"))
    if href is None and isinstance(body.get("next"), str):
        href = str(body["next"])
    if href is None:
        return None
    try:
        given = urllib.parse.parse_qs(urllib.parse.urlsplit(href).query)
    except ValueError:
        return identity(items[-1])
    return given["marker"][0] if "marker" in given else identity(items[-1])


def _next_link(links: object) -> str | None:
    if isinstance(links, dict):
        if isinstance(links.get("next"), str):
            return str(links["next"])
        links = [links]
    if not isinstance(links, list):
        return None
    for link in links:
        if isinstance(link, dict) and link.get("rel") == "next":
            return str(link.get("href", ""))
    return None


def not_in(
    catalog: Iterable[Mapping[str, Any]] | None,
    interface: str | Sequence[str] | None,
    region: str | None,
) -> str:
    """Describe a catalog that has no protector service.

    :param interface: that was looked for; ``public`` without it.
    :param region: that was looked for, where it was one.
    """
    if not isinstance(interface, str):
        interface = " or ".join(interface or ["public"])
    message = f"the catalog has no {interface} endpoint of a protector service"
    if not region:
        return message
    message += f" in region {region}"
    regions = {
        str(known)
        for service in catalog or ()
        for endpoint in service.get("endpoints") or ()
        if (known := endpoint.get("region_id") or endpoint.get("region"))
    }
    if region in regions:
        return message
    return (
        f"{message}; its regions: {', '.join(sorted(regions)) or 'none'}; set"
        " region_name in clouds.yaml or OS_REGION_NAME to one of them"
    )
