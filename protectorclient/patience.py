"""The requests session below a keystoneauth session that is ours.

Two things that neither does by itself: no request waits for ever, those
to Keystone included; and the environment's proxies and certificates are
looked up once for each host, not at each poll.
"""

from __future__ import annotations

import urllib.parse
from typing import Any

import requests
from keystoneauth1 import session as ksa_session

from protectorclient import http


class PatientSession(requests.Session):
    """Has a timeout for a request without one, and a memory."""

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[object, dict[str, Any]] = {}

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = (http.CONNECT_TIMEOUT, http.READ_TIMEOUT)
        return super().send(request, **kwargs)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """What the environment says of a host, asked once."""
        parts = urllib.parse.urlsplit(url)
        key = (parts.scheme, parts.netloc, verify, cert, stream)
        if proxies:
            return super().merge_environment_settings(
                url, proxies, stream, verify, cert
            )
        if key not in self._settings:
            merged: Any = super().merge_environment_settings(
                url, {}, stream, verify, cert
            )
            self._settings[key] = merged
        found = self._settings[key]
        return {**found, "proxies": dict(found["proxies"])}


def settle(session: ksa_session.Session) -> None:
    """Put ours below a keystoneauth session, keeping its connections."""
    ours = PatientSession()
    ours.adapters = session.session.adapters
    session.session = ours
