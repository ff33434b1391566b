"""Questions by requests, with the errors of a wire."""

from typing import Any

import requests
import urllib3

from fakeserver.base.wire.session import NoAnswer, NoAnswerInTime

#: what requests raises where no answer comes; it lets errors of urllib3 about
#: the name of a host through
NO_ANSWER = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    UnicodeError,
)


class RequestsSession:
    """A session of a wire that leaves everything to requests."""

    def __init__(self, by_requests: requests.Session) -> None:
        self.by_requests = by_requests

    def request(
        self, method: str, url: str, **options: Any
    ) -> requests.Response:
        """Send a request; raise NoAnswer for what keeps the answer away."""
        try:
            return self.by_requests.request(method, url, **options)
        except requests.Timeout as error:
            raise NoAnswerInTime(str(error)) from error
        except NO_ANSWER as error:
            raise NoAnswer(str(error)) from error
