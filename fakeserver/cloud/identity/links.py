"""The links that Keystone writes on lists and on what is in them."""

from collections.abc import Iterable

import flask

from fakeserver.cloud.shared.rows import Doc


def base() -> str:
    """Return the address of Keystone, as the request had it, with ``/v3``."""
    return flask.request.root_url.rstrip("/") + "/identity/v3"


def own() -> Doc:
    """Return the links of an answer that is not a list."""
    return {"self": flask.request.url}


def linked(plural: str, row: Doc) -> Doc:
    """Add to a row the link to itself."""
    return {**row, "links": {"self": f"{base()}/{plural}/{row['id']}"}}


def listed(plural: str, rows: Iterable[Doc]) -> Doc:
    """Answer with a list of rows, each with the link to itself."""
    return written(plural, [linked(plural, row) for row in rows])


def written(plural: str, rows: list[Doc]) -> Doc:
    """Answer with a list of rows that have their links, or none."""
    where = {"next": None, "self": flask.request.url, "previous": None}
    return {plural: rows, "links": where}
