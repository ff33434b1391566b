"""Taking a test away: each step removes what is left of its kind."""

from typing import Any

from fakeserver.engine.run import remove
from fakeserver.engine.run.step_context import Work


def delete_instances(work: Work) -> None:
    """The primary's start again, if they were stopped: what people use
    comes first. Then the test instances go."""
    _start_stopped(work)
    found = _each(work, "instances")
    for n, (test, server) in enumerate(found, 1):
        remove.delete_server(work, test["site_id"], server["id"])
        work.inside()
        work.progress(n, len(found))


def _start_stopped(work: Work) -> None:
    primary = work.doc()["current_primary_site_id"]
    cloud = work.cloud(primary)
    for test in work.doc()["tests"]:
        # a site that lost its role meanwhile must not be woken up
        if test["stopped_site_id"] != primary:
            continue
        for server_id in test["stopped"]:
            # one that somebody has deleted since is not missed here
            if cloud.server(server_id) is not None:
                cloud.start_server(server_id)


def unmanage_volumes(work: Work) -> None:
    """Out of Cinder."""
    found = _each(work, "volumes")
    for n, (test, volume) in enumerate(found, 1):
        remove.unmanage(work, test["site_id"], volume["id"])
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
