"""A rollback: every effect of an operation undone, newest first."""

import dataclasses
import logging
import sqlite3
from collections.abc import Callable

from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model import orphans
from fakeserver.engine.model.operation_record import Leftover
from fakeserver.engine.run import remove
from fakeserver.engine.run.step_context import Stopping, Work
from fakeserver.store import effects
from fakeserver.store.effects import Effect

LOG = logging.getLogger(__name__)

#: how long a rollback waits for a site that does not answer, seconds
ROLLBACK_RETRY_TIMEOUT = 900.0


def _server(work: Work, effect: Effect) -> None:
    detail = effect.detail
    found = detail.id
    if found is None:
        for server in work.cloud(detail.site).servers(name=detail.name):
            key = server.get("metadata", {}).get(orphans.KEY)
            if key == effect.key:
                found = server["id"]
    if found is not None:
        remove.delete_server(work, detail.site, found)


def _manage(work: Work, effect: Effect) -> None:
    detail = effect.detail
    found = detail.id
    if found is None:
        mark = {orphans.KEY: effect.key}
        for volume in work.cloud(detail.site).volumes(metadata=mark):
            found = volume["id"]
    if found is not None:
        remove.unmanage(work, detail.site, found)


def _volume(work: Work, effect: Effect) -> None:
    work.site.arrays.delete_volume(effect.detail.array, effect.detail.name)


def _link(work: Work, effect: Effect) -> None:
    arrays = work.site.arrays
    link = effect.detail.before
    if link is None:
        arrays.stop_replication(work.operation.group_id)
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


def _stop(work: Work, effect: Effect) -> None:
    work.cloud(effect.detail.site).start_server(effect.key)


def _unplug(work: Work, effect: Effect) -> None:
    detail = effect.detail
    server_id, _, _ = effect.key.partition("/")
    cloud = work.cloud(detail.site)
    if cloud.server(server_id) is None:
        return
    for port in cloud.interfaces(server_id):
        if port["fixed_ips"][0]["ip_address"] == detail.address:
            return
    cloud.plug(server_id, detail.network_id, detail.address)


@dataclasses.dataclass(frozen=True)
class Undoing:
    """How one kind of effect is undone, and what it is called if not."""

    undo: Callable[[Work, Effect], None]
    noun: str


UNDO = {
    "server": Undoing(_server, "instance"),
    "manage": Undoing(_manage, "volume"),
    "promote": Undoing(_volume, "array volume"),
    "clone": Undoing(_volume, "array volume"),
    "link": Undoing(_link, "replication"),
    "unplug": Undoing(_unplug, "address"),
    "stop": Undoing(_stop, "stopped instance"),
}


def roll_back(work: Work, superseded: Callable[[], None]) -> list[Leftover]:
    """Undo everything; what could not be undone is returned.

    ``superseded`` raises when the peer has moved on meanwhile: then what
    is there is the peer's, and nothing of it may be touched.
    """
    if work.state.undo_until is None:
        now = work.site.clock.time()
        work.state.undo_until = now + ROLLBACK_RETRY_TIMEOUT
        work.save()
    until = work.state.undo_until
    leftovers: list[Leftover] = []
    #: array volumes that something still stands on
    held: set[str] = set()
    for effect in reversed(work.effects()):
        if effect.state == "undone":
            continue
        why = None
        if effect.key in held:
            why = "it is still in use"
        else:
            why = _patiently(work, effect, until, superseded)
        if why is None:
            with work.site.db.transaction() as tx:
                effects.mark(
                    tx,
                    work.operation.id,
                    effect.kind,
                    effect.key,
                    "undone",
                )
        else:
            held.update(_stands_on(work, effect))
            leftovers.append(_named(work, effect, why))
    return leftovers


def _patiently(
    work: Work, effect: Effect, until: float, superseded: Callable[[], None]
) -> str | None:
    """Why it cannot be undone, or None."""
    here = work.access.local_id()
    while True:
        if effect.detail.site not in ("", here):
            # the peer may have taken it over since the last one
            superseded()
        try:
            work.site.faults.at(f"undo:{effect.kind}")
            UNDO[effect.kind].undo(work, effect)
            return None
        except (Stopping, sqlite3.OperationalError):
            raise
        except CloudUnreachable as error:
            if work.site.clock.time() >= until:
                return str(error)
            work.pause(1.0)
        except Exception as error:
            LOG.info("undoing %s %s", effect.kind, effect.key, exc_info=True)
            return str(error) or type(error).__name__


def _stands_on(work: Work, effect: Effect) -> set[str]:
    """The keys of older effects that this one needs to stay."""
    if effect.kind == "manage":
        return {effect.key}
    if effect.kind == "server":
        # its volumes are attached to it
        return {one.key for one in work.effects("manage")}
    return set()


def _named(work: Work, effect: Effect, why: str) -> Leftover:
    detail = effect.detail
    return Leftover(
        UNDO[effect.kind].noun,
        detail.id or effect.key,
        detail.name or effect.key,
        work.name(detail.site) if detail.site else "",
        why,
    )
