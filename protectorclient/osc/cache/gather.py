"""Take from opened sites what the next read needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient._http.short_road import KnownSite
from protectorclient.osc.cache.session import LEAST, LIFE, Session

if TYPE_CHECKING:
    from protectorclient.osc.clouds import Sites
    from protectorclient.pair.site import SiteHandle

#: The logins whose secret stays where it is, so that they can be made again.
_REPEATABLE = frozenset({"Password", "ApplicationCredential"})


def session(
    sites: Sites, operations: Mapping[str, str], now: float
) -> Session | None:
    """Return what is known of the sites that a read has opened.

    :param operations: the site that knows each operation.
    :param now: seconds since 1970.
    :returns: None where nothing may be kept.
    """
    if sites.reached is None:
        return None
    handles, alone = sites.reached
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
    return Session(known, until, alone, dict(operations))


def _site(handle: SiteHandle, now: float) -> tuple[KnownSite, float] | None:
    from keystoneauth1.identity import base

    http: Any = handle.client.http
    keystone: Any = handle.access.session
    auth: Any = keystone.auth
    if (
        http.known_endpoint is None
        or not http.marks.used
        or not isinstance(auth, base.BaseIdentityPlugin)
        or type(auth).__name__ not in _REPEATABLE
    ):
        return None
    token = auth.auth_ref
    offered = http.known_offered
    if (
        offered is None
        or token is None
        or not token.auth_token
        or token.expires is None
        or not token.project_id
    ):
        return None
    bound = min(now + LIFE, token.expires.timestamp() - LEAST)
    settings = keystone.session.merge_environment_settings(
        http.known_endpoint.root, {}, None, keystone.verify, keystone.cert
    )
    if bound <= now or _has_proxy(settings, http.known_endpoint.root):
        return None
    return (
        KnownSite(
            name=handle.name,
            root=http.known_endpoint.root,
            project_id=http.project_id,
            token=token.auth_token,
            minimum=offered.minimum,
            maximum=offered.maximum,
            local_id=_local_id(handle),
            site_names=_names(handle),
            verify=_verified(settings.get("verify")),
            cert=_cert(settings.get("cert")),
        ),
        bound,
    )


def _has_proxy(settings: Mapping[str, Any], url: str) -> bool:
    from requests import utils

    proxies = settings.get("proxies") or {}
    return utils.select_proxy(url, proxies) is not None


def _verified(verify: Any) -> bool | str:
    if verify is False:
        return False
    if isinstance(verify, str):
        return os.path.abspath(verify)
    from requests import utils

    return str(utils.DEFAULT_CA_BUNDLE_PATH)


def _cert(cert: Any) -> tuple[str, str | None] | None:
    if not cert:
        return None
    if isinstance(cert, str):
        return os.path.abspath(cert), None
    first, second = cert
    return os.path.abspath(first), second and os.path.abspath(second)


def _local_id(handle: SiteHandle) -> str | None:
    if not handle.has_sites:
        return None
    return next((s.id for s in handle.sites.values() if s.local), None)


def _names(handle: SiteHandle) -> dict[str, str]:
    if not handle.has_sites:
        return {}
    return {one: site.name for one, site in handle.sites.items()}
