"""Answers: JSON, and the pages of a list."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response


def answer(value: Any, status: int = 200) -> Response:
    text = json.dumps(value, separators=(",", ":"))
    return Response(text, status, mimetype="application/json")


def nothing() -> Response:
    """204, and no body that anybody would have to describe."""
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
    """A list of at most ``limit``; it was read with one item more, so as
    to know whether there is a next page."""
    limit = int(query["limit"])
    shown = list(items[:limit])
    value: dict[str, Any] = {plural: shown}
    if len(items) > limit:
        asked = {
            name: given
            for name, given in query.items()
            if given is not None and name != "marker"
        }
        asked["marker"] = shown[-1][key]
        value["links"] = [{"rel": "next", "href": f"{url}?{urlencode(asked)}"}]
    return answer(value)
