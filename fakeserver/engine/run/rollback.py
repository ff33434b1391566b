"""Roll back an operation: undo each effect, the newest first."""

import dataclasses
import logging
import sqlite3
from collections.abc import Callable

from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model import orphans
from fakeserver.engine.model.operation_record import Leftover
from fakeserver.engine.run import isolation, on_array, ports, remove, starting
from fakeserver.engine.run.step_context import ServiceStop, StepContext
from fakeserver.store import effects
from fakeserver.store.effects import Effect

LOG = logging.getLogger(__name__)

#: how long a rollback waits for a site that does not answer, seconds
ROLLBACK_RETRY_TIMEOUT = 900.0


def _server(context: StepContext, effect: Effect) -> None:
    detail = effect.detail
    found = detail.id
    cloud = context.cloud(detail.site)
    if found is None:
        for server in cloud.servers(name=detail.name):
            key = server.get("metadata", {}).get(orphans.KEY)
            if key == effect.key:
                found = server["id"]
    if found is not None:
        remove.delete_server(context, detail.site, found)
    for plan in context.state.plan:
        if plan.member_id == detail.member_id:
            for name in ports.names(effect.key, plan):
                for port in cloud.ports_named(name):
                    remove.delete_port(cloud, port["id"])


def _manage(context: StepContext, effect: Effect) -> None:
    detail = effect.detail
    found = detail.id
    if found is None:
        mark = {orphans.KEY: effect.key}
        for volume in context.cloud(detail.site).volumes(metadata=mark):
            found = volume["id"]
    if found is not None:
        remove.unmanage(context, detail.site, found)


def _volume(context: StepContext, effect: Effect) -> None:
    # its name may have changed twice: with manage, and with unmanage
    found = on_array.of_effect(context, effect)
    if found is not None:
        context.site.arrays.delete_volume(found.array, found.name)


def _link(context: StepContext, effect: Effect) -> None:
    arrays = context.site.arrays
    link = effect.detail.before
    if link is None:
        arrays.stop_replication(context.operation.group_id)
        return
    arrays.replicate(
        link.group,
        link.source,
        link.target,
        link.volumes,
        link.interval,
        link.synchronous,
    )
    if not link.running:
        arrays.stop_replication(link.group)


def _stop(context: StepContext, effect: Effect) -> None:
    starting.start(context, effect.detail.site, effect.key)


def _unplug(context: StepContext, effect: Effect) -> None:
    detail = effect.detail
    server_id, _, _ = effect.key.partition("/")
    cloud = context.cloud(detail.site)
    if cloud.server(server_id) is None:
        return
    for port in cloud.interfaces(server_id):
        if port["fixed_ips"][0]["ip_address"] == detail.address:
            return
    ports.put_back(
        cloud,
        server_id,
        derived_name(context.operation.id, effect.key),
        detail.port
        or {
            "network_id": detail.network_id,
            "fixed_ips": [{"ip_address": detail.address}],
        },
    )


@dataclasses.dataclass(frozen=True)
class UndoAction:
    """How one kind of effect is undone, and the noun for its leftover."""

    undo: Callable[[StepContext, Effect], None]
    noun: str


UNDO = {
    "server": UndoAction(_server, "instance"),
    "network": UndoAction(isolation.undo, "network"),
    "manage": UndoAction(_manage, "volume"),
    "promote": UndoAction(_volume, "array volume"),
    "clone": UndoAction(_volume, "array volume"),
    "link": UndoAction(_link, "replication"),
    "unplug": UndoAction(_unplug, "address"),
    "stop": UndoAction(_stop, "stopped instance"),
}


def roll_back(
    context: StepContext, superseded: Callable[[], None]
) -> list[Leftover]:
    """Undo every effect; return the leftovers.

    ``superseded`` raises when the peer has moved on meanwhile: then what
    is there is the peer's, and nothing of it may be touched.
    """
    if context.state.undo_until is None:
        now = context.site.clock.time()
        context.state.undo_until = now + ROLLBACK_RETRY_TIMEOUT
        context.save()
    until = context.state.undo_until
    leftovers: list[Leftover] = []
    #: array volumes that something still stands on
    held: set[str] = set()
    for effect in reversed(context.effects()):
        if effect.state == "undone":
            continue
        why = None
        if effect.key in held:
            why = "It is still in use"
        else:
            why = _retry(context, effect, until, superseded)
        if why is None:
            with context.site.db.transaction() as tx:
                effects.mark(
                    tx,
                    context.operation.id,
                    effect.kind,
                    effect.key,
                    "undone",
                )
        else:
            held.update(_stands_on(context, effect))
            leftovers += named(context, effect, why)
    return leftovers


def _retry(
    context: StepContext,
    effect: Effect,
    until: float,
    superseded: Callable[[], None],
) -> str | None:
    """Undo one effect, with retries; return why it failed, or None."""
    here = context.access.local_id()
    while True:
        if effect.detail.site not in ("", here):
            # the peer may have taken it over since the last one
            superseded()
        try:
            context.site.faults.at(f"undo:{effect.kind}")
            UNDO[effect.kind].undo(context, effect)
            return None
        except (ServiceStop, sqlite3.OperationalError):
            raise
        except CloudUnreachable as error:
            if context.site.clock.time() >= until:
                return str(error)
            context.pause(1.0)
        except Exception as error:
            LOG.info("undoing %s %s", effect.kind, effect.key, exc_info=True)
            return str(error) or type(error).__name__


def _stands_on(context: StepContext, effect: Effect) -> set[str]:
    """Return the keys of the older effects that this one depends on."""
    if effect.kind == "manage":
        return {effect.key}
    if effect.kind == "server":
        # its volumes are attached to it
        return {one.key for one in context.effects("manage")}
    return set()


def named(context: StepContext, effect: Effect, why: str) -> list[Leftover]:
    """Name what an effect left; a volume of an array as it is called now.

    An instance may never have been created, or be deleted, and its ports
    are there: they are named as well.
    """
    detail = effect.detail
    id_, name = detail.id or effect.key, detail.name or effect.key
    if effect.kind in ("promote", "clone"):
        found = on_array.of_effect(context, effect)
        id_ = name = detail.name if found is None else found.name
    site = context.name(detail.site) if detail.site else ""
    left = [Leftover(UNDO[effect.kind].noun, id_, name, site, why)]
    if effect.kind == "server":
        left += [
            Leftover("port", port, port, site, why)
            for plan in context.state.plan
            if plan.member_id == detail.member_id
            for port in ports.names(effect.key, plan)
        ]
    return left
