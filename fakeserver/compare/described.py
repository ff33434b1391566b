"""One answer held against the OpenAPI description."""

import functools
import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from fakeserver.api import description, schema
from fakeserver.api.microversion import HEADER, Version, parse, show
from fakeserver.compare.exchange import SHOWN, Exchange

_VERSION = re.compile(r"protector (\d+\.\d+)")
#: A route that answers something is described for these.
_JSON = "application/json"


@functools.cache
def _responses(route: str, version: Version) -> dict[str, Any]:
    whole = description.document(version, description.newest())
    found: dict[str, Any] = description.inline(
        whole["paths"][route]["get"]["responses"], whole
    )
    return found


@functools.cache
def _validator(
    route: str, version: Version, status: str
) -> jsonschema.Draft202012Validator | None:
    content = _responses(route, version)[status].get("content")
    if content is None:
        return None
    return schema.validator(content[_JSON]["schema"])


def deviations(
    exchange: Exchange, asked: Version, newest: Version
) -> Iterator[tuple[str, str]]:
    """Yield (rule, sentence) for what one answer does otherwise.

    :param asked: the version that the answer has to be of.
    :param newest: the newest version that the deployment offers.
    """
    version = min(asked, newest)
    yield from _headers(exchange, version)
    status = str(exchange.status)
    described = _responses(exchange.read.route, version)
    if status not in described:
        expected = ", ".join(sorted(described))
        yield (
            "status",
            f"answers {status}; described are {expected}{_excerpt(exchange)}",
        )
        if exchange.status >= 400:
            yield from error_form(exchange)
        return
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip()
    if kind.lower() != _JSON:
        yield "content-type", f"is {kind or 'missing'}, expected {_JSON}"
    if not exchange.is_json:
        yield "json", f"the body is not JSON{_excerpt(exchange)}"
        return
    validator = _validator(exchange.read.route, version, status)
    if validator is not None:
        seen = set()
        for error in validator.iter_errors(exchange.body):
            where = _place(error)
            if where not in seen:
                seen.add(where)
                yield "schema", f"{where}: {_short(error.message)}"
    if exchange.status >= 400:
        yield from _error_agrees(exchange)


def _headers(
    exchange: Exchange, version: Version
) -> Iterator[tuple[str, str]]:
    found = exchange.headers.get(HEADER.lower())
    if found is None:
        yield "version-header", f"{HEADER} is missing"
    elif _VERSION.fullmatch(found) is None:
        yield "version-header", f"{HEADER} is {found!r}"
    elif exchange.status not in (400, 406):
        told = parse(found.removeprefix("protector "))
        if told != version:
            yield (
                "version-header",
                f"{HEADER} is {show(told)}, asked for {show(version)}",
            )
    vary = exchange.headers.get("vary", "")
    if HEADER.lower() not in vary.lower():
        yield "vary-header", f"Vary does not name {HEADER}"
    request_id = exchange.headers.get("x-openstack-request-id", "")
    if not re.fullmatch(r"req-[0-9A-Fa-f-]{36}", request_id):
        yield (
            "request-id-header",
            f"X-OpenStack-Request-ID is {request_id or 'missing'}",
        )
    if exchange.status == 401:
        challenge = exchange.headers.get("www-authenticate", "")
        if not re.fullmatch(r'Keystone uri="[^"]+"', challenge):
            yield "challenge", "WWW-Authenticate names no Keystone"


def error_form(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the form of an error that is not described."""
    if exchange.error is None:
        yield "error-form", f"the error has another form{_excerpt(exchange)}"


def _error_agrees(exchange: Exchange) -> Iterator[tuple[str, str]]:
    error = exchange.error
    if error is None:
        return
    if error.get("code") != exchange.status:
        yield (
            "error-code",
            f"error.code is {error.get('code')}, the status is "
            f"{exchange.status}",
        )
    sent = exchange.headers.get("x-openstack-request-id")
    if sent and error.get("request_id") != sent:
        yield "error-request-id", "error.request_id is not the header's"


def _place(error: Any) -> str:
    parts = ["[]" if isinstance(p, int) else str(p) for p in error.path]
    return ".".join(parts).replace(".[]", "[]") or "the body"


def _excerpt(exchange: Exchange) -> str:
    text = exchange.content[:SHOWN].decode("utf-8", "replace")
    return f": {text!r}" if text else ""


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
