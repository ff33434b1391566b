"""Taking a test away: each step removes what is left of its kind."""

from typing import Any

from fakeserver.engine import removal
from fakeserver.engine.work import Work


def delete_instances(work: Work) -> None:
    """The test instances; then the primary's, if it was stopped, start."""
    found = _each(work, "instances")
    for n, (test, server) in enumerate(found, 1):
        removal.delete_server(work, test["site_id"], server["id"])
        work.inside()
        work.progress(n, len(found))
    primary = work.doc()["current_primary_site_id"]
    for test in work.doc()["tests"]:
        # a site that lost its role meanwhile must not be woken up
        if test["stopped_site_id"] == primary:
            for server_id in test["stopped"]:
                work.cloud(primary).start_server(server_id)


def unmanage_volumes(work: Work) -> None:
    """Out of Cinder."""
    found = _each(work, "volumes")
    for n, (test, volume) in enumerate(found, 1):
        removal.unmanage(work, test["site_id"], volume["id"])
        work.inside()
        work.progress(n, len(found))


def delete_volumes(work: Work) -> None:
    """Off the array."""
    found = _each(work, "volumes")
    for n, (test, volume) in enumerate(found, 1):
        work.site.arrays.delete_volume(
            work.array(test["site_id"]), volume["array_name"]
        )
        work.inside()
        work.progress(n, len(found))


def _each(
    work: Work, what: str
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(test, one) for test in work.doc()["tests"] for one in test[what]]
