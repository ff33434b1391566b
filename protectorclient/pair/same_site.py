"""Decide whether two clouds are the two sites of one pair.

Two entries of clouds.yaml may lead to one site, and two sites may belong
to different pairs. What was found out already is compared, and nothing is
asked for it.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.config.cloud import Access
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.site import Site

_PORTS = {"http": 80, "https": 443}
#: What an address of Keystone may end in, and mean the same.
_VERSIONS = ("/v3", "/v2.0")


def refuse_one(first: SiteHandle, second: SiteHandle) -> None:
    """Raise where both are one site, as far as that is known.

    :raises SameSite: both lead to one service, or to one site.
    """
    roots = [_root(first), _root(second)]
    ids = [_local_id(first), _local_id(second)]
    if (
        _alike(first.known_access, second.known_access)
        or (roots[0] and roots[0] == roots[1])
        or (ids[0] and ids[0] == ids[1])
    ):
        raise exceptions.SameSite.of(first.name, second.name)


def refuse_strangers(first: SiteHandle, second: SiteHandle) -> None:
    """Raise where one of two sites has not registered the other.

    :raises ConfigProblem: they belong to different pairs.
    """
    for one, other in ((first, second), (second, first)):
        missing = _local_id(other)
        if _local_id(one) and missing and missing not in one.sites:
            names = ", ".join(sorted(it.name for it in one.sites.values()))
            raise exceptions.ConfigProblem(
                f"{first.name} and {second.name} are not a pair:"
                f" {one.name} has registered {names}, and not"
                f" {other.name}",
                hint="--secondary-cloud names the other site's entry of"
                " clouds.yaml",
            )


def take_name(handle: SiteHandle, other: SiteHandle | None) -> None:
    """Call a cloud without an entry as its own record calls it.

    The other site has that record too, for when this one is silent.

    :param other: the other site, where there is one.
    """
    site = _local(handle)
    if site is None and other is not None and _local(other) is not None:
        peers = [it for it in other.sites.values() if it != _local(other)]
        site = peers[0] if len(peers) == 1 else None
    if site is None or not site.name:
        return
    if other is None or other.name != site.name:
        handle.rename(site.name)


def keystone(url: str | None) -> str | None:
    """Return the address of a Keystone, in the one form in which it
    compares."""
    if not url:
        return None
    parts = urllib.parse.urlsplit(str(url).strip())
    try:
        port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    for version in _VERSIONS:
        path = path.removesuffix(version)
    host = (parts.hostname or "").lower()
    return f"{parts.scheme.lower()}://{host}:{port}{path.rstrip('/')}"


def _alike(first: Access | None, second: Access | None) -> bool:
    """Return whether both read the same catalog for the same service."""
    if first is None or second is None:
        return False
    urls = [
        keystone(getattr(access.session.auth, "auth_url", None))
        for access in (first, second)
    ]
    return (
        urls[0] is not None
        and urls[0] == urls[1]
        and first.region_name == second.region_name
        and first.overrides.get("protector")
        == second.overrides.get("protector")
    )


def _root(handle: SiteHandle) -> str | None:
    endpoint = handle.known_endpoint
    return endpoint.root if endpoint else None


def _local_id(handle: SiteHandle) -> str | None:
    site = _local(handle)
    return site.id if site else None


def _local(handle: SiteHandle) -> Site | None:
    """Return the site's own record, where its records have been read."""
    if not handle.has_sites:
        return None
    try:
        return handle.local
    except exceptions.ConfigProblem:
        # none is registered yet, or none of them can be told to be it
        return None
