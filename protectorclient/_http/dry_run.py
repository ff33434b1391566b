"""A request made by the very code that sends it, and then not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from protectorclient._http.session import PatientSession

if TYPE_CHECKING:
    from protectorclient._http.adapter import SiteAdapter


class _Caught(BaseException):
    """Carries a request past everything that handles errors."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        super().__init__()
        self.request = request


class _Catching(PatientSession):
    """A session below keystoneauth that sends nothing."""

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        raise _Caught(request)


def rehearse(
    adapter: SiteAdapter,
    method: str,
    path: str,
    *,
    body: object,
    request_id: str,
) -> requests.PreparedRequest:
    """What `SiteAdapter.call` would put on the wire."""
    # what has to be asked for it, a token or the version, is asked before
    adapter.prime()
    session = adapter.session
    real = session.session
    double = _Catching()
    double.headers, double.cookies = real.headers, real.cookies
    session.session = double
    try:
        adapter.call(method, path, body=body, request_id=request_id)
    except _Caught as caught:
        return caught.request
    finally:
        session.session = real
    raise AssertionError("a rehearsal never answers")
