"""Find the leftovers of an operation that nothing removes any more."""

from fakeserver.engine.cloud_client.cloud import CloudRefused, CloudUnreachable
from fakeserver.engine.model.operation_record import Leftover
from fakeserver.engine.run.rollback import UNDO
from fakeserver.engine.run.step_context import StepContext
from fakeserver.store.effects import Effect


def of_tests(context: StepContext) -> list[Leftover]:
    """Return what a failed test clean-up has not removed."""
    why = "Not removed. Run test-cleanup again."
    found = []
    for test in context.doc()["tests"]:
        site_id = test["site_id"]
        site = context.name(site_id)
        for server in test["instances"]:
            if _is_there(context, site_id, "instance", server["id"]):
                found.append(
                    Leftover(
                        "instance", server["id"], server["name"], site, why
                    )
                )
        for volume in test["volumes"]:
            managed = _is_there(context, site_id, "volume", volume["id"])
            array = context.array(site_id)
            name = volume["array_name"]
            if managed or context.site.arrays.volume(array, name) is not None:
                found.append(
                    Leftover("volume", volume["id"], volume["name"], site, why)
                )
    return found


def _is_there(context: StepContext, site_id: str, noun: str, id_: str) -> bool:
    cloud = context.cloud(site_id)
    try:
        if noun == "instance":
            return cloud.server(id_) is not None
        return cloud.volume(id_) is not None
    except (CloudUnreachable, CloudRefused):
        # not known to be gone
        return True


def of_abandoned(context: StepContext) -> list[Leftover]:
    """Return what a superseded operation changed and the forced one, which
    failed as well, did not put back."""
    why = "A forced failover superseded its operation, and failed"
    return [
        Leftover(
            UNDO[effect.kind].noun,
            effect.detail.id or effect.key,
            effect.detail.name or effect.key,
            context.name(effect.detail.site),
            why,
        )
        for effect in reversed(context.effects())
        if effect.state != "undone" and _is_as_left(context, effect)
    ]


def _is_as_left(context: StepContext, effect: Effect) -> bool:
    detail = effect.detail
    match effect.kind:
        case "server" | "manage":
            noun = UNDO[effect.kind].noun
            id_ = detail.id
            return id_ is None or _is_there(context, detail.site, noun, id_)
        case "promote" | "clone":
            found = context.site.arrays.volume(detail.array, detail.name)
            return found is not None
        case "stop":
            return not _runs(context, detail.site, effect.key)
    return False


def _runs(context: StepContext, site_id: str, server_id: str) -> bool:
    try:
        found = context.cloud(site_id).server(server_id)
    except (CloudUnreachable, CloudRefused):
        return False
    return found is None or found["status"] == "ACTIVE"


def of_drill(context: StepContext) -> list[Leftover]:
    """Return what a superseded test failover created and stopped.

    A failover has nothing here: what it made was taken over by the one
    that superseded it.
    """
    if not context.is_drill:
        return []
    return [
        Leftover(
            UNDO[effect.kind].noun,
            effect.detail.id or effect.key,
            effect.detail.name or effect.key,
            context.name(effect.detail.site),
            "A forced failover superseded its test failover",
        )
        for effect in context.effects()
        if effect.kind in ("server", "manage", "clone", "stop")
    ]
