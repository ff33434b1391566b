"""Answers of the API: JSON, and the pages of a list."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response


def answer(value: Any, status: int = 200) -> Response:
    return of_text([text(value)], status)


def text(value: Any) -> bytes:
    """Return the JSON of an answer."""
    return json.dumps(value, separators=(",", ":")).encode()


def nothing() -> Response:
    """Answer 204, without a body."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def page(
    plural: str,
    items: Sequence[dict[str, Any]],
    url: str,
    query: dict[str, Any],
    key: str = "id",
) -> Response:
    """Answer with a list of at most ``limit`` items; the caller reads one item
    more, which shows whether there is a next page."""
    return answer(paged(plural, items, url, query, key))


def paged(
    plural: str,
    items: Sequence[dict[str, Any]],
    url: str,
    query: dict[str, Any],
    key: str = "id",
) -> dict[str, Any]:
    """Return what :func:`page` answers."""
    limit = int(query["limit"])
    shown = list(items[:limit])
    value: dict[str, Any] = {plural: shown}
    if len(items) > limit:
        value["links"] = _links(url, query, shown[-1][key])
    return value


def listed(
    plural: str,
    pieces: Sequence[bytes],
    next_after: str | None,
    url: str,
    query: dict[str, Any],
) -> list[bytes]:
    """Return the JSON of a page whose records are JSON already, in pieces that
    are not copied to be joined."""
    made = [b'{"%b":[' % plural.encode()]
    for piece in pieces:
        made += piece, b","
    if pieces:
        made.pop()
    ends = b"]}"
    if next_after is not None:
        links = json.dumps(_links(url, query, next_after))
        ends = b'],"links":%b}' % links.encode()
    return [*made, ends]


def of_text(pieces: Sequence[bytes], status: int = 200) -> Response:
    """Answer with JSON that is written already."""
    return Response(b"".join(pieces), status, mimetype="application/json")


def listed_one_more(
    plural: str,
    items: Sequence[tuple[str, str]],
    url: str,
    query: dict[str, Any],
) -> list[bytes]:
    """Return the JSON of a page of records, each with its id; like that of
    :func:`page`, with records that are JSON already."""
    limit = int(query["limit"])
    shown = items[:limit]
    last = shown[-1][0] if len(items) > limit else None
    text = ",".join(written for _, written in shown)
    return listed(plural, [text.encode()], last, url, query)


def _links(url: str, query: dict[str, Any], last: str) -> list[dict[str, str]]:
    """Return the link to the next page: the same query, after this item."""
    asked = {
        # as the API writes it, not as Python does
        name: str(given).lower() if isinstance(given, bool) else given
        for name, given in query.items()
        if given is not None and name != "marker"
    }
    asked["marker"] = last
    return [{"rel": "next", "href": f"{url}?{urlencode(asked, doseq=True)}"}]
