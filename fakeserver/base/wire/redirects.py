"""Follows answers that lead to another address."""

import urllib.parse
from collections.abc import Callable
from http import HTTPStatus

from fakeserver.base.wire.session import Answer, NoAnswer

#: as many as keystoneauth follows
_MOST = 30


def followed(
    answer: Answer, method: str, url: str, send: Callable[[str], Answer]
) -> Answer:
    """Return the answer at the end of all addresses that an answer leads to;
    one that leads on after 30 of them, or nowhere, as it is.

    A POST stays one, as keystoneauth keeps it; but what a 303 answers has been
    done, and a GET alone goes on to what has come of it.

    Raises NoAnswer.

    :param send: sends the same request to another address.
    """
    for _ in range(_MOST):
        done = answer.status_code == HTTPStatus.SEE_OTHER and method != "GET"
        if done or not answer.is_redirect:
            break
        try:
            url = urllib.parse.urljoin(url, answer.headers["Location"])
        except ValueError as error:
            raise NoAnswer("The answer leads to no address") from error
        answer = send(url)
    return answer
