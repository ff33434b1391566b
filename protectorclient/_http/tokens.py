"""Keep the headers of a token as long as its plugin keeps the token.

A plugin reads the moment at which its token expires anew for each request,
twice: a twentieth of the processor time of a poll.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session

#: Replaced in tests, where no time passes.
clock = time.time
_GET_HEADERS = plugin.BaseAuthPlugin.get_headers


class TokenHeaders:
    """The headers with the token of one session.

    :param auth: whose they are, where it is not the session's.
    """

    def __init__(
        self,
        session: ksa_session.Session,
        auth: plugin.BaseAuthPlugin | None,
    ) -> None:
        self._session = session
        self._auth = auth
        #: The token, its headers, and when the plugin renews it.
        self._kept: tuple[object, Mapping[str, str], float] | None = None

    def read(self) -> Mapping[str, str] | None:
        """Return the headers; sign in where the plugin has no valid token.

        :returns: None where the plugin has none.
        """
        auth = self._auth or self._session.auth
        if self._kept is not None:
            token, headers, until = self._kept
            if token is getattr(auth, "auth_ref", None) and clock() < until:
                return headers
        found: Mapping[str, str] | None = self._session.get_auth_headers(
            self._auth
        )
        end = _end(auth)
        if found is not None and end is not None:
            self._kept = getattr(auth, "auth_ref", None), found, end
        return found


def _end(auth: Any) -> float | None:
    """Return until when the headers are those of the plugin's token; None
    where it makes them of more than that."""
    if getattr(type(auth), "get_headers", None) is not _GET_HEADERS:
        return None
    token = getattr(auth, "auth_ref", None)
    if token is None:
        return None
    try:
        expires: float = token.expires.timestamp()
    except (AttributeError, LookupError, TypeError, ValueError):
        return None
    return expires - float(auth.MIN_TOKEN_LIFE_SECONDS)
