"""The links that Keystone writes on lists and on what is in them."""

from collections.abc import Iterable

import flask

from fakeserver.cloud.shared.rows import Doc


def base() -> str:
    """The address of Keystone, as the request had it, with ``/v3``."""
    return flask.request.root_url.rstrip("/") + "/identity/v3"


def own() -> Doc:
    """The links of what is no list."""
    return {"self": flask.request.url}


def linked(plural: str, row: Doc) -> Doc:
    """A row with the address at which it is."""
    return {**row, "links": {"self": f"{base()}/{plural}/{row['id']}"}}


def listed(plural: str, rows: Iterable[Doc]) -> Doc:
    """A list of rows that have an address each."""
    return written(plural, [linked(plural, row) for row in rows])


def written(plural: str, rows: list[Doc]) -> Doc:
    """A list of rows whose links are there already, or that have none."""
    where = {"next": None, "self": flask.request.url, "previous": None}
    return {plural: rows, "links": where}
