"""What is still there of a drill that could not be taken away."""

from fakeserver.cloud.remote import CloudRefused, CloudUnreachable
from fakeserver.engine.settle import Leftover, leftover
from fakeserver.engine.undo import UNDO
from fakeserver.engine.work import Work


def of_tests(work: Work) -> list[Leftover]:
    """After a failed clean-up: what the next one still has to remove."""
    why = "the clean-up failed; repeat it"
    found = []
    for test in work.doc()["tests"]:
        site_id = test["site_id"]
        site = work.name(site_id)
        for server in test["instances"]:
            if _is_there(work, site_id, "instance", server["id"]):
                found.append(
                    leftover(
                        "instance", server["id"], server["name"], site, why
                    )
                )
        for volume in test["volumes"]:
            managed = _is_there(work, site_id, "volume", volume["id"])
            array = work.array(site_id)
            name = volume["array_name"]
            if managed or work.site.arrays.volume(array, name) is not None:
                found.append(
                    leftover("volume", volume["id"], volume["name"], site, why)
                )
    return found


def _is_there(work: Work, site_id: str, noun: str, id_: str) -> bool:
    cloud = work.cloud(site_id)
    try:
        if noun == "instance":
            return cloud.server(id_) is not None
        return cloud.volume(id_) is not None
    except (CloudUnreachable, CloudRefused):
        # not known to be gone
        return True


def of_drill(work: Work) -> list[Leftover]:
    """After a test failover that was superseded: what it had made.

    A failover has nothing here: what it made was taken over by the one
    that superseded it.
    """
    if work.operation.type != "test_failover":
        return []
    return [
        leftover(
            UNDO[effect.kind].noun,
            str(effect.doc.get("id") or effect.key),
            str(effect.doc.get("name") or effect.key),
            work.name(effect.doc["site"]),
            "the drill was superseded",
        )
        for effect in work.effects()
        if effect.kind in ("server", "manage", "clone")
    ]
