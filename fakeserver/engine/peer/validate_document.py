"""Check that a document of the peer is consistent.

Its form is checked by the description of the API; here it is what one part
of it says of another, and of the sites that are registered.
"""

from collections.abc import Iterator

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.document import Doc
from fakeserver.engine.peer.access import Access

PAIR = ("primary_site_id", "secondary_site_id")


def check(access: Access, doc: Doc) -> None:
    """Refuse a document that this site cannot work with."""
    pair = {doc[field] for field in PAIR}
    for field in PAIR:
        _require_site(access, doc[field], field)
    if len(pair) == 1:
        raise _refused("secondary_site_id", "must be another than the primary")
    for field, site_id in _named(doc):
        if site_id not in pair:
            raise _refused(field, f"{site_id} is not one of the two sites")
    ids = [member["id"] for member in doc["members"]]
    if len(set(ids)) < len(ids):
        raise _refused("members", "there are two with the same id")


def _named(doc: Doc) -> Iterator[tuple[str, str]]:
    """Return each field that names a site, with the site's id."""
    yield "current_primary_site_id", doc["current_primary_site_id"]
    for member in doc["members"]:
        for site_id in member["sites"]:
            yield "members", site_id
    for test in doc["tests"]:
        for field in ("site_id", "stopped_site_id"):
            yield "tests", test[field]
    if doc["operation"] is not None:
        yield "operation", doc["operation"]["site_id"]


def _require_site(access: Access, site_id: str, field: str) -> None:
    try:
        access.record(site_id)
    except RequestRefused as error:
        raise _refused(
            field, f"no site with id {site_id} is registered here"
        ) from error


def _refused(field: str, what: str) -> RequestRefused:
    name = f"metadata.{field}"
    return RequestRefused("bad-request", f"{name}: {what}", field=name)
