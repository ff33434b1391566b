"""Find the leftovers of an operation that nothing removes any more."""

from fakeserver.engine.cloud_client.cloud import CloudRefused, CloudUnreachable
from fakeserver.engine.model import power
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.operation_record import Leftover
from fakeserver.engine.run import isolation, on_array, remove
from fakeserver.engine.run.rollback import UNDO, named
from fakeserver.engine.run.step_context import StepContext
from fakeserver.store.effects import Effect


def of_tests(context: StepContext) -> list[Leftover]:
    """Return what a failed test clean-up has not started and not removed."""
    found = _not_started(context)
    why = "Not removed. Run test-cleanup again."
    for test in context.doc()["tests"]:
        site_id = test["site_id"]
        site = context.name(site_id)
        for network in _networks(context, site_id):
            found.append(
                Leftover("network", network["id"], network["name"], site, why)
            )
        for server in test["instances"]:
            if _is_there(context, site_id, "instance", server["id"]):
                found.append(
                    Leftover(
                        "instance", server["id"], server["name"], site, why
                    )
                )
            found += remove.left_ports(context, site_id, server["id"], why)
        for volume in test["volumes"]:
            managed = _is_there(context, site_id, "volume", volume["id"])
            held = on_array.find(
                context,
                site_id,
                volume["array_name"],
                volume.get("array_serial"),
            )
            if managed:
                found.append(
                    Leftover("volume", volume["id"], volume["name"], site, why)
                )
            elif held is not None:
                called = held.name
                found.append(
                    Leftover("array volume", called, called, site, why)
                )
    return found


def _not_started(context: StepContext) -> list[Leftover]:
    why = "Not started. Run test-cleanup again."
    found = []
    for site_id, server_id in power.started_by_cleanup(context.doc()):
        try:
            server = context.cloud(site_id).server(server_id)
        except (CloudUnreachable, CloudRefused):
            # not known to run
            server = {}
        if server is None or server.get("status") == power.RUNNING:
            continue
        name = server.get("name") or _name(context, site_id, server_id)
        site = context.name(site_id)
        found.append(Leftover("stopped instance", server_id, name, site, why))
    return found


def _name(context: StepContext, site_id: str, server_id: str) -> str:
    """Return the name of a member's instance; the id of another one."""
    for member in context.doc()["members"]:
        held = entry(member, site_id) or {}
        if held.get("instance_id") == server_id:
            return str(held["instance_name"])
    return server_id


def _networks(context: StepContext, site_id: str) -> list[dict[str, str]]:
    try:
        return isolation.left(context, site_id)
    except (CloudUnreachable, CloudRefused):
        return []


def _is_there(context: StepContext, site_id: str, noun: str, id_: str) -> bool:
    cloud = context.cloud(site_id)
    try:
        if noun == "instance":
            return cloud.server(id_) is not None
        if noun == "port":
            return bool(cloud.ports_named(id_))
        return cloud.volume(id_) is not None
    except (CloudUnreachable, CloudRefused):
        # not known to be gone
        return True


def of_abandoned(context: StepContext) -> list[Leftover]:
    """Return what a superseded operation changed and the forced one, which
    failed as well, did not put back."""
    why = "A forced failover superseded its operation, and failed"
    return [
        one
        for effect in reversed(context.effects())
        if effect.state != "undone" and _is_as_left(context, effect)
        for one in _named(context, effect, why)
    ]


def _named(context: StepContext, effect: Effect, why: str) -> list[Leftover]:
    """Name what an effect left; of its ports those that are there, as a forced
    failover takes the ports of a test away."""
    return [
        one
        for one in named(context, effect, why)
        if one.kind != "port"
        or _is_there(context, effect.detail.site, "port", one.name)
    ]


def _is_as_left(context: StepContext, effect: Effect) -> bool:
    detail = effect.detail
    match effect.kind:
        case "server" | "manage":
            noun = UNDO[effect.kind].noun
            id_ = detail.id
            return id_ is None or _is_there(context, detail.site, noun, id_)
        case "promote" | "clone":
            return on_array.of_effect(context, effect) is not None
        case "stop":
            return not _runs(context, detail.site, effect.key)
    return False


def _runs(context: StepContext, site_id: str, server_id: str) -> bool:
    try:
        found = context.cloud(site_id).server(server_id)
    except (CloudUnreachable, CloudRefused):
        return False
    return found is None or found["status"] == "ACTIVE"


def of_superseded(context: StepContext) -> list[Leftover]:
    """Return what a superseded operation created, and nobody took over.

    Of a test failover that is everything. What a failover made was taken
    over by the one that superseded it, but for the volumes that its rollback
    had unmanaged, where Cinder's driver renamed them: the other one looked
    for them in Cinder and by their first names.
    """
    if context.is_drill:
        why = "A forced failover superseded its test failover"
        return [
            one
            for effect in context.effects()
            if effect.kind in ("server", "network", "manage", "clone", "stop")
            for one in _named(context, effect, why)
        ]
    why = "A forced failover superseded its rollback"
    return [
        one
        for effect in context.effects("promote")
        if effect.state != "undone" and _is_lost(context, effect)
        for one in _named(context, effect, why)
    ]


def _is_lost(context: StepContext, effect: Effect) -> bool:
    """Return whether a volume is out of Cinder, under another name."""
    found = on_array.of_effect(context, effect)
    if found is None or found.name == effect.key:
        return False
    ids = (
        one.detail.id
        for one in context.effects("manage")
        if one.key == effect.key
    )
    id_ = next(ids, None)
    site_id = effect.detail.site
    return id_ is None or not _is_there(context, site_id, "volume", id_)
