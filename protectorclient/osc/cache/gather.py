"""Take from opened sites what the next read needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient._http.conversation import Conversation
from protectorclient._http.short.first import ShortFirst
from protectorclient._http.short.road import KnownSite, ShortRoad
from protectorclient.osc.cache.session import LEAST, LIFE, Session

if TYPE_CHECKING:
    from protectorclient.osc.clouds import Sites
    from protectorclient.pair.site import SiteHandle


def session(
    sites: Sites, operations: Mapping[str, str], now: float
) -> Session | None:
    """Return what is known of the sites that a read has opened.

    :param operations: the site that knows each operation.
    :param now: seconds since 1970.
    :returns: None where nothing may be kept.
    """
    handles, alone = sites.reached or (sites.opened(), None)
    known: dict[str, KnownSite | None] = {}
    until: dict[str, float] = {}
    for handle in handles:
        known[handle.name] = None
        if "client" not in vars(handle):
            continue
        found = _site(handle, now)
        if found is not None:
            known[handle.name], until[handle.name] = found
    if not any(known.values()):
        return None
    return Session(
        known,
        until,
        alone,
        dict(operations),
        whole=sites.reached is not None,
    )


def _site(handle: SiteHandle, now: float) -> tuple[KnownSite, float] | None:
    http: Any = handle.client.http
    if isinstance(http, ShortFirst):
        if isinstance(http.road, ShortRoad) and http.signed_in is not None:
            found, expires = http.road.known, http.signed_in.expires
            return _until(handle, found, expires, now)
        http = http.road
    if not isinstance(http, Conversation):
        return None
    from protectorclient.osc.cache import gather_long

    long = gather_long.site(http, handle.access.session)
    return None if long is None else _until(handle, *long, now)


def _until(
    handle: SiteHandle, found: KnownSite, expires: float, now: float
) -> tuple[KnownSite, float] | None:
    """Return a site with its names, and until when that holds."""
    bound = min(now + LIFE, expires - LEAST)
    if bound <= now:
        return None
    named = dataclasses.replace(
        found,
        name=handle.name,
        local_id=_local_id(handle),
        site_names=_names(handle),
    )
    return named, bound


def _local_id(handle: SiteHandle) -> str | None:
    if not handle.has_sites:
        return None
    return next((s.id for s in handle.sites.values() if s.local), None)


def _names(handle: SiteHandle) -> dict[str, str]:
    if not handle.has_sites:
        return {}
    return {one: site.name for one, site in handle.sites.items()}
