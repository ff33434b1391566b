"""Give the adapter the answers that the short road has had already.

Whoever turns to the long road asks nothing twice: the token, the versions and
the answer that only the adapter can explain are taken from here, each once, in
the place of the request that would be sent.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

    from protectorclient._http.short.wire import Reply


class Heard:
    """Answers by their requests, each given once.

    :param replies: in the order in which they came.
    """

    def __init__(self, replies: Iterable[Reply] = ()) -> None:
        self._left = list(replies)

    def take(
        self, request: requests.PreparedRequest
    ) -> requests.Response | None:
        """Return the answer to a request, if there was one."""
        for reply in self._left:
            if _is_same(reply, request):
                self._left.remove(reply)
                return _response(reply, request)
        return None


def _is_same(reply: Reply, request: requests.PreparedRequest) -> bool:
    """Return whether the reply is that to the request.

    requests writes an address in its own way, as the host in small letters.
    """
    import requests

    if reply.method != request.method:
        return False
    written = requests.PreparedRequest()
    written.prepare_url(reply.url, None)
    return written.url == request.url


def _response(
    reply: Reply, request: requests.PreparedRequest
) -> requests.Response:
    import io

    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPHeaderDict, HTTPResponse

    raw = HTTPResponse(
        body=io.BytesIO(reply.content),
        headers=HTTPHeaderDict(reply.headers.items()),
        status=reply.status,
        reason=reply.reason,
        preload_content=False,
    )
    made = HTTPAdapter().build_response(request, raw)
    made.elapsed = datetime.timedelta()
    return made
