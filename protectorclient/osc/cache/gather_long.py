"""Take what the next read needs from a keystoneauth session."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from keystoneauth1.identity import base
from requests import utils

from protectorclient._http.short.road import KnownSite

#: The logins whose secret stays where it is, so that they can be made again.
_REPEATABLE = frozenset({"Password", "ApplicationCredential"})


def site(http: Any, keystone: Any) -> tuple[KnownSite, float] | None:
    """Return what is known of a site that was asked, without its names.

    :param http: the adapter.
    :param keystone: its session.
    :returns: the site, and when its token expires, in seconds since 1970;
        None where nothing may be kept.
    """
    auth: Any = keystone.auth
    if (
        http.known_endpoint is None
        or not http.marks.used
        or not isinstance(auth, base.BaseIdentityPlugin)
        or type(auth).__name__ not in _REPEATABLE
        or getattr(keystone.session, "has_typed_login", False)
    ):
        return None
    token = auth.auth_ref
    if (
        token is None
        or not token.auth_token
        or token.expires is None
        or not token.project_id
    ):
        return None
    settings = keystone.session.merge_environment_settings(
        http.known_endpoint.root, {}, None, keystone.verify, keystone.cert
    )
    if _has_proxy(settings, http.known_endpoint.root):
        return None
    found = KnownSite(
        name=str(http.site),
        root=http.known_endpoint.root,
        project_id=http.project_id,
        token=token.auth_token,
        offered=http.known_offered,
        local_id=None,
        site_names={},
        verify=_verified(settings.get("verify")),
        cert=_cert(settings.get("cert")),
    )
    return found, token.expires.timestamp()


def _has_proxy(settings: Mapping[str, Any], url: str) -> bool:
    proxies = settings.get("proxies") or {}
    return utils.select_proxy(url, proxies) is not None


def _verified(verify: Any) -> bool | str:
    if verify is False:
        return False
    if isinstance(verify, str):
        return os.path.abspath(verify)
    return str(utils.DEFAULT_CA_BUNDLE_PATH)


def _cert(cert: Any) -> tuple[str, str | None] | None:
    if not cert:
        return None
    if isinstance(cert, str):
        return os.path.abspath(cert), None
    first, second = cert
    return os.path.abspath(first), second and os.path.abspath(second)
