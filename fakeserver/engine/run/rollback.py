"""A rollback: every effect of an operation undone, newest first."""

import dataclasses
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model import orphans
from fakeserver.engine.run import remove
from fakeserver.engine.run.cleanup_source import Leftover, leftover
from fakeserver.engine.run.step_context import Stopping, Work
from fakeserver.storage.driver import Link
from fakeserver.store import effects
from fakeserver.store.effects import Effect

LOG = logging.getLogger(__name__)

#: how long a rollback waits for a site that does not answer, seconds
ROLLBACK_RETRY_TIMEOUT = 900.0


def _server(work: Work, effect: Effect) -> None:
    doc = effect.doc
    found = doc.get("id")
    if found is None:
        for server in work.cloud(doc["site"]).servers(name=doc["name"]):
            key = server.get("metadata", {}).get(orphans.KEY)
            if key == effect.key:
                found = server["id"]
    if found is not None:
        remove.delete_server(work, doc["site"], found)


def _manage(work: Work, effect: Effect) -> None:
    doc = effect.doc
    found = doc.get("id")
    if found is None:
        mark = {orphans.KEY: effect.key}
        for volume in work.cloud(doc["site"]).volumes(metadata=mark):
            found = volume["id"]
    if found is not None:
        remove.unmanage(work, doc["site"], found)


def _volume(work: Work, effect: Effect) -> None:
    work.site.arrays.delete_volume(effect.doc["array"], effect.doc["name"])


def _link(work: Work, effect: Effect) -> None:
    arrays = work.site.arrays
    before = effect.doc["before"]
    if before is None:
        arrays.stop_replication(work.operation.group_id)
        return
    link = Link(**{**before, "volumes": tuple(before["volumes"])})
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
    work.cloud(effect.doc["site"]).start_server(effect.doc["id"])


def _unplug(work: Work, effect: Effect) -> None:
    doc = effect.doc
    cloud = work.cloud(doc["site"])
    if cloud.server(doc["id"]) is None:
        return
    for port in cloud.interfaces(doc["id"]):
        if port["fixed_ips"][0]["ip_address"] == doc["address"]:
            return
    cloud.plug(doc["id"], doc["network_id"], doc["address"])


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
    if "undo_until" not in work.notes:
        until = work.site.clock.time() + ROLLBACK_RETRY_TIMEOUT
        work.note(undo_until=until)
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
            why = _patiently(work, effect, superseded)
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
    work: Work, effect: Effect, superseded: Callable[[], None]
) -> str | None:
    """Why it cannot be undone, or None."""
    here = work.access.local_id()
    while True:
        if effect.doc.get("site") not in (None, here):
            # the peer may have taken it over since the last one
            superseded()
        try:
            work.site.faults.at(f"undo:{effect.kind}")
            UNDO[effect.kind].undo(work, effect)
            return None
        except (Stopping, sqlite3.OperationalError):
            raise
        except CloudUnreachable as error:
            if work.site.clock.time() >= work.notes["undo_until"]:
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


def _named(work: Work, effect: Effect, why: str) -> dict[str, Any]:
    doc = effect.doc
    site = doc.get("site")
    return leftover(
        UNDO[effect.kind].noun,
        str(doc.get("id") or effect.key),
        str(doc.get("name") or effect.key),
        work.name(site) if site else "",
        why,
    )
