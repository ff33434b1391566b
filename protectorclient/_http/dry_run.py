"""Make a request with the code that sends it, and do not send it.

The request is made on a session of its own, which cannot send. The
caller's session is not changed.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests
from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session
from requests.structures import CaseInsensitiveDict

from protectorclient._http import session as sessions

if TYPE_CHECKING:
    from protectorclient._http.adapter import SiteAdapter

_TOKEN = "X-Auth-Token"


@dataclasses.dataclass(frozen=True)
class OutgoingRequest:
    """A request as it would be sent, its token masked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    #: The body, as it goes over the wire.
    content: str = ""


class _CapturedRequest(BaseException):
    """Carries a request past all code that handles errors."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        super().__init__()
        self.request = request


class _CapturingSession(sessions.BoundedSession):
    """A requests session that sends nothing and raises the request."""

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        raise _CapturedRequest(request)


class _FixedToken(plugin.BaseAuthPlugin):
    """An auth plugin that has one token and never asks for another."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._headers = dict(headers)

    def get_headers(self, session: object) -> dict[str, str]:
        return self._headers


def compose(
    adapter: SiteAdapter,
    method: str,
    path: str,
    *,
    body: Mapping[str, Any],
    request_id: str,
) -> OutgoingRequest:
    """Return what `SiteAdapter.call` would put on the wire.

    A token and the version are asked for first, where they are not known.

    :raises ProtectorError: one of them is not to be had.
    """
    token = adapter.prime()
    below = _CapturingSession()
    real = adapter.session.session
    below.headers = CaseInsensitiveDict(real.headers)
    below.cookies = copy.copy(real.cookies)
    session = sessions.with_below(adapter.session, below)
    alone = _on(session, _FixedToken(token), adapter)
    try:
        alone.call(method, path, body=body, request_id=request_id)
    except _CapturedRequest as caught:
        return _masked(caught.request, body)
    raise AssertionError("a session that cannot send has answered")


def _on(
    session: ksa_session.Session,
    auth: plugin.BaseAuthPlugin,
    adapter: SiteAdapter,
) -> SiteAdapter:
    """Copy an adapter, with all that it knows, onto another session."""
    made = copy.copy(adapter)
    made.session, made._auth = session, auth
    made._adapter = copy.copy(adapter._adapter)
    made._adapter.session, made._adapter.auth = session, auth
    return made


def _masked(
    request: requests.PreparedRequest, body: Mapping[str, Any]
) -> OutgoingRequest:
    content = request.body or ""
    return OutgoingRequest(
        method=str(request.method),
        url=str(request.url),
        headers={
            name: "***" if name == _TOKEN else value
            for name, value in request.headers.items()
        },
        body=body,
        content=content.decode() if isinstance(content, bytes) else content,
    )
