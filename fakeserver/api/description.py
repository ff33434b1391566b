"""The OpenAPI description, put together from its files for each version.

The files beside this module describe the API. Here they are cut down to one
version of it, and completed by what is the same for every route: the two
headers that go in, the three that come out, and the refusals that any request
may meet.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

from fakeserver.api import description_files
from fakeserver.api.microversion import VERSIONS, Version, parse, show

MIN_VERSION = "x-min-version"
METHODS = ("get", "put", "post", "patch", "delete")
_REF = re.compile(r"#/components/(\w+)/(\w+)")


@functools.cache
def _source() -> dict[str, Any]:
    return description_files.known()


def _cut(node: Any, version: Version) -> Any:
    """Copy the description without what later versions added."""
    if isinstance(node, list):
        return [_cut(item, version) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _cut(value, version)
        for key, value in node.items()
        if not _later(value, version)
    }
    if isinstance(node.get("properties"), dict) and "required" in kept:
        kept["required"] = [
            name
            for name in kept["required"]
            if name in kept["properties"] or name not in node["properties"]
        ]
    return kept


def _later(node: Any, version: Version) -> bool:
    since = node.get(MIN_VERSION) if isinstance(node, dict) else None
    return isinstance(since, str) and parse(since) > version


def _keep_later_routes(found: dict[str, Any], version: Version) -> None:
    """Describe a route of a later version as one that answers 404."""
    for path, item in _source()["paths"].items():
        for method, operation in item.items():
            if _later(operation, version):
                missing = {
                    key: operation[key]
                    for key in ("operationId", "summary", "description")
                }
                found["paths"][path][method] = {
                    **missing,
                    "tags": operation["tags"],
                    "responses": {"404": _response("NotFound")},
                }


def _response(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}


#: what any request may meet: status -> (response, only with a token)
_EVERYWHERE = {
    "400": ("BadRequest", False),
    "401": ("Unauthorized", True),
    "403": ("Forbidden", True),
    "406": ("NotAcceptable", False),
    "413": ("TooLarge", False),
    "503": ("NoIdentity", True),
}
_HEADERS = {
    "OpenStack-API-Version": "Version",
    "X-OpenStack-Request-ID": "RequestId",
    "Vary": "Vary",
}


def _complete(found: dict[str, Any]) -> None:
    for item in found["paths"].values():
        item["parameters"] = [
            *item.get("parameters", ()),
            {"$ref": "#/components/parameters/Version"},
            {"$ref": "#/components/parameters/RequestId"},
        ]
        for method in METHODS:
            if method in item:
                _complete_route(item[method])
    for response in found["components"]["responses"].values():
        _add_headers(response)


def _complete_route(operation: dict[str, Any]) -> None:
    secured = operation.get("security") != []
    responses = operation["responses"]
    for status, (name, with_token) in _EVERYWHERE.items():
        if secured or not with_token:
            responses.setdefault(status, _response(name))
    operation["responses"] = dict(sorted(responses.items()))
    for response in operation["responses"].values():
        if "$ref" not in response:
            _add_headers(response)


def _add_headers(response: dict[str, Any]) -> None:
    headers = response.setdefault("headers", {})
    for header, name in _HEADERS.items():
        headers[header] = {"$ref": f"#/components/headers/{name}"}


@functools.cache
def document(version: Version, newest: Version) -> dict[str, Any]:
    """Return the whole description as of one version; callers must not change
    it."""
    found: dict[str, Any] = _cut(_source(), version)
    _keep_later_routes(found, version)
    _complete(found)
    found["info"]["version"] = show(version)
    asked = [f"protector {show(version)}"]
    if version == newest:
        asked.append("protector latest")
    header = found["components"]["parameters"]["Version"]
    header["schema"]["enum"] = asked
    return found


def newest() -> Version:
    return VERSIONS[-1]


def routes() -> Iterator[tuple[str, str]]:
    """Return every (method, path) of the description."""
    for path, item in _source()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path


def inline(node: Any, whole: dict[str, Any]) -> Any:
    """Copy the description with every reference resolved."""
    if isinstance(node, list):
        return [inline(item, whole) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: inline(value, whole) for key, value in node.items()}
    target = kept.pop("$ref", None)
    if not isinstance(target, str):
        return kept
    found = _REF.fullmatch(target)
    if found is None:
        raise ValueError(f"{target} names nothing in this document")
    named = whole["components"][found[1]][found[2]]
    return {**inline(named, whole), **kept}
