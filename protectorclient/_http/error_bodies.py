"""Read the errors in responses, in each of the forms they come in.

Proxies and middleware between client and service write errors in their own
forms: Keystone's, webob's, Neutron's, a page of HTML, an empty body. Each
becomes one exception with one sentence.
"""

from __future__ import annotations

import dataclasses
import html
import http
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from protectorclient import exceptions
from protectorclient._http.conversation import (
    REQUEST_ID_HEADER as REQUEST_ID_HEADER,
)
from protectorclient._http.conversation import (
    VERSION_HEADER as VERSION_HEADER,
)
from protectorclient._http.conversation import (
    is_mark,
)

#: How each of the service's reasons begins.
PREFIX = "protector."
#: Seconds: the most that is taken from a Retry-After header. Newer versions of
#: urllib3 have the same limit, older ones have none.
_LONGEST_RETRY = 21_600.0
_READER = Retry()

_LONGEST = 500
#: So much of a page of HTML is read, in bytes.
_PAGE = 8192
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.S | re.I)
_HEADLINE = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1\s*>", re.S | re.I)

#: The class for each reason; the prefix ``protector.`` is left out.
BY_REASON: dict[str, type[exceptions.HTTPError]] = {
    "peer-unreachable": exceptions.PeerUnreachable,
    "invalid-state": exceptions.InvalidState,
    "operation-in-progress": exceptions.OperationInProgress,
    "test-not-cleaned": exceptions.TestNotCleaned,
    "nothing-to-clean": exceptions.NothingToClean,
    "out-of-sync": exceptions.OutOfSync,
    "wrong-site": exceptions.WrongSite,
    "metadata-conflict": exceptions.MetadataConflict,
    "policy-missing": exceptions.PolicyMissing,
    "name-conflict": exceptions.NameConflict,
    "in-use": exceptions.InUse,
    "bad-request": exceptions.BadRequest,
    "mapping-incomplete": exceptions.MappingIncomplete,
    "volume-type-not-replicated": exceptions.VolumeTypeNotReplicated,
    "unauthorized": exceptions.Unauthorized,
    "forbidden": exceptions.Forbidden,
    "not-found": exceptions.ResourceNotFound,
    "version-not-supported": exceptions.VersionRefused,
    "too-large": exceptions.TooLarge,
    "internal": exceptions.ServerError,
    "identity-unreachable": exceptions.ServiceUnavailable,
}
#: The class for a status that came without a reason.
BY_STATUS: dict[int, type[exceptions.HTTPError]] = {
    400: exceptions.BadRequest,
    401: exceptions.Unauthorized,
    403: exceptions.Forbidden,
    404: exceptions.ResourceNotFound,
    406: exceptions.VersionRefused,
    409: exceptions.Conflict,
    413: exceptions.TooLarge,
    **dict.fromkeys((408, 429, 502, 503, 504), exceptions.ServiceUnavailable),
}

#: The reason of a message, for services that send no reason.
_REASON_BY_SENTENCE = {
    "remote site unreachable": "peer-unreachable",
    "is not in failed_over state": "invalid-state",
}


@dataclasses.dataclass(frozen=True)
class ErrorBody:
    """What an error's body contains, whatever its form."""

    message: str | None = None
    title: str | None = None
    reason: str | None = None
    request_id: str | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def json_of(response: requests.Response) -> Any:
    """Read the JSON of a response.

    :raises ValueError: it is none, or none that can be read.
    """
    try:
        return json.loads(response.content or b"")
    except RecursionError:
        raise ValueError("JSON in too many layers") from None


def is_json(response: requests.Response) -> bool:
    """Return whether the body is a JSON object, as each OpenStack error is."""
    try:
        return isinstance(json_of(response), dict)
    except ValueError:
        return False


def is_marked(response: requests.Response) -> bool:
    """Return whether a response has the version header of a protector.

    A request id is no mark: every OpenStack service sends one.
    """
    return is_mark(response.headers.get(VERSION_HEADER))


def is_from_service(response: requests.Response) -> bool:
    """Return whether an error comes from the protector service itself.

    It has the version header, or the service's own reason in its body.
    Anything else may come from a proxy or from another service.
    """
    if is_marked(response):
        return True
    return (read_error(response).reason or "").startswith(PREFIX)


def asks_for_token(response: requests.Response) -> bool:
    """Return whether a 401 comes from Keystone's middleware."""
    challenge = response.headers.get("WWW-Authenticate", "")
    return challenge.strip().lower().startswith("keystone")


def summary(response: requests.Response) -> str:
    """Describe a response that is not the service's in a few words."""
    status = response.status_code
    if 300 <= status < 400:
        return "answered with a redirect, which is not followed"
    said = read_error(response)
    text = _shorten(said.message or said.title or "", 80)
    answered = f"answered HTTP {status}"
    return f"{answered} ({text})" if text else answered


def error_from(
    response: requests.Response,
    *,
    site: str | None,
    secrets: Iterable[str] = (),
) -> exceptions.HTTPError:
    """Make the exception for a response that is not a success."""
    status = response.status_code
    said = read_error(response)
    message = said.message or said.title or _phrase(status)
    if 300 <= status < 400:
        message = "answered with a redirect, which is not followed"
    for secret in secrets:
        message = message.replace(secret, "***")
    reason = said.reason or _reason_in(message, status)
    word = (reason or "").removeprefix(PREFIX)
    kind = BY_REASON.get(word) or BY_STATUS.get(status)
    if kind is None:
        kind = (
            exceptions.ServerError if status >= 500 else exceptions.HTTPError
        )
    return kind(
        _shorten(message),
        code=status,
        title=said.title,
        reason=reason,
        details=said.details,
        method=response.request.method,
        url=without_userinfo(response.url),
        site=site,
        request_id=said.request_id or response.headers.get(REQUEST_ID_HEADER),
        retry_after=retry_after(response.headers.get("Retry-After")),
    )


def read_error(response: requests.Response) -> ErrorBody:
    """Read a body in whatever form it came."""
    try:
        body = json_of(response)
    except ValueError:
        return ErrorBody(message=_plain(_text_of(response)))
    if isinstance(body, dict):
        return _read_object(body)
    return ErrorBody()


def _text_of(response: requests.Response) -> str:
    """Decode the beginning of a page; the rest is not needed."""
    start = response.content[:_PAGE]
    try:
        return start.decode(response.encoding or "utf-8", "replace")
    except LookupError:
        return start.decode("utf-8", "replace")


def _read_object(body: dict[str, Any]) -> ErrorBody:
    error = body.get("error")
    if isinstance(error, dict):
        return _read_ours(error)
    if isinstance(error, str):
        return ErrorBody(message=error)
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = errors[0]
        return ErrorBody(
            message=_text(first.get("detail")) or _text(first.get("title")),
            title=_text(first.get("title")),
            request_id=_text(first.get("request_id")),
        )
    if _text(body.get("message")):
        return ErrorBody(
            message=_text(body["message"]), title=_text(body.get("title"))
        )
    for name, value in body.items():
        if isinstance(value, dict) and _text(value.get("message")):
            return ErrorBody(message=_text(value["message"]), title=name)
    for name in ("detail", "faultstring", "reason", "title"):
        if _text(body.get(name)):
            return ErrorBody(message=_text(body[name]))
    return ErrorBody()


def _read_ours(error: dict[str, Any]) -> ErrorBody:
    details = error.get("details")
    return ErrorBody(
        message=_text(error.get("message")),
        title=_text(error.get("title")),
        reason=_text(error.get("reason")),
        request_id=_text(error.get("request_id")),
        details=details if isinstance(details, dict) else {},
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _plain(text: str) -> str | None:
    """Take the sentence out of a page of HTML, or return the text itself."""
    headline = _HEADLINE.search(text)
    if headline:
        text = headline[2]
    text = html.unescape(_TAGS.sub(" ", text))
    text = " ".join(
        "".join(c if c.isprintable() else " " for c in text).split()
    )
    return text or None


def _shorten(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _phrase(status: int) -> str:
    try:
        return f"{http.HTTPStatus(status).phrase} (HTTP {status})"
    except ValueError:
        return f"HTTP {status}"


def _reason_in(message: str, status: int) -> str | None:
    if status != http.HTTPStatus.CONFLICT:
        return None
    for sentence, reason in _REASON_BY_SENTENCE.items():
        if sentence in message:
            return f"{PREFIX}{reason}"
    return None


def retry_after(value: str | None) -> float | None:
    """Return the seconds to wait, from either form of the header.

    :returns: 0 for a date that is past; None without a header, or for one
        that cannot be read.
    """
    if not value:
        return None
    try:
        return min(float(_READER.parse_retry_after(value)), _LONGEST_RETRY)
    except (InvalidHeader, ValueError, OverflowError):
        return None


def without_userinfo(url: str | None) -> str:
    """Remove the name and password from a URL."""
    return re.sub(r"//[^/\s]*@", "//", url or "", count=1)
