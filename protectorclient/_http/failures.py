"""Turn failures below HTTP into errors that say whether a request was sent.

keystoneauth has one exception for a refused connection and for one that
broke after the request had gone out. For a GET that is the same; for a
failover it is the difference between trying again and looking first.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping

import requests
import urllib3.exceptions
from keystoneauth1 import exceptions as ksa
from keystoneauth1 import session as ksa_session

from protectorclient import exceptions
from protectorclient._http import deadline, metered
from protectorclient._http import error_bodies as answers
from protectorclient._http.obstacles.route import Obstacle, chain
from protectorclient._http.session import (
    AsksForToken,
    BoundedSession,
    signing_in,
)
from protectorclient.durations import SIGN_IN_TIMEOUT

_NEVER_SENT = (
    ssl.SSLCertVerificationError,
    # a name that does not resolve is one of these, too
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    requests.exceptions.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
)

_SILENT_KEYSTONE = (
    ksa.ConnectionError,
    ksa.DiscoveryFailure,
    ksa.HttpServerError,
)
#: A URL that names no host: found only when the request is made.
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationParseError,
    UnicodeEncodeError,
)
_PROXY = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.ProxySchemeUnknown,
)
_PROXY_VARIABLES = "http_proxy, https_proxy, all_proxy and no_proxy"
_KEYSTONES_URL = "auth_url, or where Keystone redirects to,"
#: A status that keystoneauth before 5.16 has no exception of its own for.
_TOO_MANY_REQUESTS = 429

#: What keystoneauth raises over JSON that has another shape.
_NO_TOKEN_IN_IT = (
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)


@contextlib.contextmanager
def sending(
    site: str | None,
    url: str,
    *,
    safe: bool,
    headers: Mapping[str, str],
) -> Iterator[None]:
    """Turn a connection that failed into an error of this package."""
    request_id = headers.get(answers.REQUEST_ID_HEADER)
    where = answers.without_userinfo(url).split("?")[0]
    try:
        yield
    except _NO_ADDRESS as error:
        raise _no_address(f"the URL '{where}'", site, error) from error
    except (ksa.ConnectionError, requests.RequestException) as error:
        obstacle = _obstacle(error)
        if obstacle is not None and (safe or not obstacle.sent):
            raise _not_reached(obstacle, site, request_id) from error
        if _in_chain(error, _NO_ADDRESS):
            raise _no_address(f"the URL '{where}'", site, error) from error
        sent = not never_sent(error)
        said = cause(error)
        if safe or not sent:
            raise exceptions.SiteUnreachable(
                f"no answer from {where}: {said}",
                site=site,
                request_id=request_id,
                sent=sent,
                brief=said,
            ) from error
        raise exceptions.OutcomeUnknown(
            f"the answer from {where} was lost: {said}",
            site=site,
            request_id=request_id,
        ) from error


@contextlib.contextmanager
def authenticating(
    site: str | None, session: ksa_session.Session | None = None
) -> Iterator[None]:
    """Turn a failure to get a token or the catalog into our own error.

    Only a refusal that Keystone itself wrote counts as one. A page of a
    proxy in front of it does not.

    :param session: whose login it is; it may add a note to a refusal.
    """
    try:
        with deadline.within(SIGN_IN_TIMEOUT), signing_in():
            yield
    except _NO_ADDRESS as error:
        raise _no_address(_KEYSTONES_URL, site, error) from error
    except ksa.InvalidResponse as error:
        raise _keystone_is_silent(_no_keystone_answer(error), site) from error
    except _SILENT_KEYSTONE as error:
        obstacle = _obstacle(error)
        if obstacle is not None:
            raise _not_reached(obstacle, site) from error
        if _in_chain(error, _NO_ADDRESS):
            raise _no_address(_KEYSTONES_URL, site, error) from error
        raise _keystone_is_silent(
            _no_keystone_at_url(error) or cause(error), site
        ) from error
    except ksa.HttpError as error:
        if error.http_status == _TOO_MANY_REQUESTS:
            raise _keystone_is_silent(cause(error), site) from error
        if _is_keystones(error.response):
            raise _refused("Keystone refused", error, site, session) from error
        raise _keystone_is_silent(
            f"something else answers HTTP {error.http_status}", site
        ) from error
    except ksa.CatalogException as error:
        raise exceptions.ConfigProblem(
            f"the catalog cannot be used: {error}", site=site
        ) from error
    except ksa.ClientException as error:
        raise _refused("cannot authenticate", error, site, session) from error
    except _NO_TOKEN_IN_IT as error:
        raise _keystone_is_silent("the answer has no token", site) from error


@contextlib.contextmanager
def reading_catalog(site: str | None) -> Iterator[None]:
    """Turn a catalog that cannot be used into a `ConfigProblem`.

    The block ends where the catalog lacks what is looked for.

    :raises ConfigProblem: nothing can be done with it.
    """
    try:
        with contextlib.suppress(ksa.EndpointNotFound):
            yield
    except ksa.CatalogException as error:
        raise exceptions.ConfigProblem(
            f"the catalog cannot be used: {error}", site=site
        ) from error
    except _NO_TOKEN_IN_IT as error:
        raise exceptions.ConfigProblem(
            "the catalog cannot be used: an endpoint in it has no URL",
            site=site,
        ) from error


def _refused(
    what: str,
    error: BaseException,
    site: str | None,
    session: ksa_session.Session | None,
) -> exceptions.AuthenticationFailed:
    """Make the error of a refused login, with the note of the session."""
    below = getattr(session, "session", None)
    note = below.login_note() if isinstance(below, BoundedSession) else None
    message = f"{what}: {_first_line(error)}"
    if note is None:
        return exceptions.AuthenticationFailed(message, site=site)
    sentence, command = note
    made = exceptions.AuthenticationFailed(f"{message}; {sentence}", site=site)
    return made.then(command)


def _no_address(
    what: str, site: str | None, error: BaseException
) -> exceptions.ConfigProblem:
    if _in_chain(error, _PROXY) or "SOCKS" in str(error):
        return exceptions.ConfigProblem(
            f"the proxy cannot be used; check {_PROXY_VARIABLES}",
            site=site,
        )
    if urllib.request.getproxies():
        what += (
            f", or the proxy of {_PROXY_VARIABLES.replace(' and ', ' or ')},"
        )
    return exceptions.ConfigProblem(f"{what} names no host", site=site)


def _obstacle(error: BaseException) -> Obstacle | None:
    """Return the certificate or proxy that stopped a request."""
    return next(
        (link for link in chain(error) if isinstance(link, Obstacle)), None
    )


def _not_reached(
    obstacle: Obstacle, site: str | None, request_id: str | None = None
) -> exceptions.ProtectorError:
    if obstacle.is_configuration:
        return exceptions.ConfigProblem(str(obstacle), site=site)
    return exceptions.SiteNotReached(
        str(obstacle), site=site, request_id=request_id, sent=obstacle.sent
    )


def _no_keystone_answer(error: ksa.InvalidResponse) -> str:
    """Describe the response to a login that does not come from Keystone."""
    response = error.response
    where = answers.without_userinfo(response.url)
    return f"something else {answers.summary(response)} at {where}"


def _is_keystones(response: requests.Response | None) -> bool:
    """Return whether Keystone itself refused: in JSON, or without a body."""
    if response is None or answers.is_json(response):
        return True
    return not response.content and response.status_code in (400, 401, 403)


def _no_keystone_at_url(error: BaseException) -> str | None:
    """Describe what answers at auth_url and is no Keystone; None for
    Keystone."""
    if isinstance(error, ksa.DiscoveryFailure):
        for link in chain(error):
            if isinstance(link, ksa.HttpError) and link.http_status < 500:
                where = answers.without_userinfo(link.url)
                return (
                    f"HTTP {link.http_status} at {where}, which is not the"
                    " address of a Keystone; auth_url usually ends in /v3"
                )
    return None


def _keystone_is_silent(
    said: str, site: str | None
) -> exceptions.SiteUnreachable:
    return exceptions.SiteUnreachable(
        f"Keystone does not answer: {said}",
        site=site,
        brief=f"Keystone: {said}",
    )


def never_sent(error: BaseException) -> bool:
    """Return whether the request certainly did not reach the other side."""
    obstacle = _obstacle(error)
    if obstacle is not None:
        return not obstacle.sent
    return _in_chain(error, _NEVER_SENT) is not None


def _in_chain(
    error: BaseException, kinds: tuple[type[BaseException], ...]
) -> BaseException | None:
    """Find the first of some kinds among an error and its causes."""
    return next(
        (link for link in chain(error) if isinstance(link, kinds)), None
    )


def cause(error: BaseException) -> str:
    """Describe the cause of an error in a few words."""
    said = _cause(error)
    if _in_chain(error, _PROXY):
        return f"the proxy: {said}; check {_PROXY_VARIABLES}"
    return said


def _cause(error: BaseException) -> str:
    links = list(chain(error))
    obstacle = _obstacle(error)
    if obstacle is not None:
        return str(obstacle)
    for kind, words in _WORDS:
        if any(isinstance(link, kind) for link in links):
            return words
    for link in links:
        if isinstance(link, OSError) and link.strerror:
            return link.strerror.lower()
    for kind, words in _VAGUE_WORDS:
        if any(isinstance(link, kind) for link in links):
            return words
    return _first_line(error)


#: The words of the first kind that is anywhere in the chain are used.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (metered.AnswerTooLarge, "the answer is larger than 64 MiB"),
    (metered.AnswerTooSlow, "the answer did not end in time"),
    (AsksForToken, "it asks for a token before it lists its versions"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (ssl.SSLCertVerificationError, "the certificate is not trusted"),
    (socket.gaierror, "the name does not resolve"),
    (requests.exceptions.ReadTimeout, "timed out reading"),
    (urllib3.exceptions.ReadTimeoutError, "timed out reading"),
    (urllib3.exceptions.IncompleteRead, "the answer was cut"),
    (http.client.HTTPException, "the answer is not HTTP"),
)

#: Used where the operating system gives no text of its own.
_VAGUE_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (metered.AnswerTooLarge, "the answer is larger than 64 MiB"),
    (metered.AnswerTooSlow, "the answer did not end in time"),
    (AsksForToken, "it asks for a token before it lists its versions"),
    (urllib3.exceptions.NewConnectionError, "cannot connect"),
    (urllib3.exceptions.ConnectTimeoutError, "timed out connecting"),
    (requests.exceptions.ConnectTimeout, "timed out connecting"),
    (requests.exceptions.ContentDecodingError, "it cannot be unpacked"),
    (requests.exceptions.ChunkedEncodingError, "the answer is not HTTP"),
)


def _first_line(error: BaseException) -> str:
    text = answers.without_userinfo(str(error)).strip()
    return text.splitlines()[0] if text else type(error).__name__
