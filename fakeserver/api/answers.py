"""Answers of the API: JSON, and the pages of a list."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response


def answer(value: Any, status: int = 200) -> Response:
    text = json.dumps(value, separators=(",", ":"))
    return Response(text, status, mimetype="application/json")


def written(noun: str, text: str, status: int = 200) -> Response:
    """Answer with one record that is JSON already."""
    return Response(
        f'{{"{noun}":{text}}}', status, mimetype="application/json"
    )


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
    limit = int(query["limit"])
    shown = list(items[:limit])
    value: dict[str, Any] = {plural: shown}
    if len(items) > limit:
        value["links"] = _links(url, query, shown[-1][key])
    return answer(value)


def written_page(
    plural: str,
    items: Sequence[tuple[str, str]],
    url: str,
    query: dict[str, Any],
) -> Response:
    """Answer as :func:`page` does, with records that are JSON already."""
    limit = int(query["limit"])
    shown = items[:limit]
    text = f'{{"{plural}":[{",".join(written for _, written in shown)}]'
    if len(items) > limit:
        links = json.dumps(_links(url, query, shown[-1][0]))
        text += f',"links":{links}'
    return Response(f"{text}}}", mimetype="application/json")


def _links(url: str, query: dict[str, Any], last: str) -> list[dict[str, str]]:
    """Return the link to the next page: the same query, after this item."""
    asked = {
        name: given
        for name, given in query.items()
        if given is not None and name != "marker"
    }
    asked["marker"] = last
    return [{"rel": "next", "href": f"{url}?{urlencode(asked, doseq=True)}"}]
