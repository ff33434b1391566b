"""Make a request with the code that sends it, and do not send it.

The request is made on a session of its own, which cannot send: the
caller's session, and whoever shares it, notices nothing.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests
from keystoneauth1 import plugin
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


class _Caught(BaseException):
    """Carries a request past everything that handles errors."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        super().__init__()
        self.request = request


class _CatchingSession(sessions.PatientSession):
    """A requests session that sends nothing."""

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        raise _Caught(request)


class _KnownToken(plugin.BaseAuthPlugin):
    """Has the token already, and never asks for another one."""

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
    below = _CatchingSession()
    real = adapter.session.session
    below.headers = CaseInsensitiveDict(real.headers)
    below.cookies = copy.copy(real.cookies)
    alone = adapter.on(
        sessions.with_below(adapter.session, below), _KnownToken(token)
    )
    try:
        alone.call(method, path, body=body, request_id=request_id)
    except _Caught as caught:
        return _masked(caught.request, body)
    raise AssertionError("a session that cannot send has answered")


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
