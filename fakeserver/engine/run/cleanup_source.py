"""Push the committed state, and remove what the group has left behind.

Neither can fail the operation any more. What could not be removed is named.
"""

import functools
import logging
import sqlite3
from collections.abc import Callable

from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model.operation_record import Leftover, RemovedInstance
from fakeserver.engine.model.operation_state import (
    OldCopy,
    OldVolume,
    QuietInstance,
)
from fakeserver.engine.run import on_array, remove
from fakeserver.engine.run.step_context import ServiceStop, StepContext
from fakeserver.storage.driver import StorageError
from fakeserver.store import effects, groups, operations

LOG = logging.getLogger(__name__)

#: how long a clean-up waits for a site that does not answer, seconds
CLEANUP_RETRY_TIMEOUT = 30.0


class RetryLimit:
    """One time limit for the retries of a whole clean-up.

    It starts anew with each deletion that succeeds, and with a restart.
    When it has run out for a site, each leftover there is tried once more
    and named; a restart does not change that.
    """

    def __init__(self, context: StepContext) -> None:
        self._work = context
        self._since = context.site.clock.time()

    def renew(self) -> None:
        self._since = self._work.site.clock.time()

    def given_up(self, site_id: str) -> bool:
        return site_id in self._work.state.given_up

    def over(self, site_id: str) -> bool:
        if self.given_up(site_id):
            return True
        if self._work.site.clock.time() - self._since < CLEANUP_RETRY_TIMEOUT:
            return False
        self._work.state.given_up.append(site_id)
        self._work.save()
        return True


def push(context: StepContext) -> None:
    """Push the new state once; the reconciler repeats a push that is due."""
    context.metadata.repeat_push(context.operation.group_id)


def clean(context: StepContext) -> list[Leftover]:
    """Remove the old copies; return the leftovers."""
    leftovers: list[Leftover] = []
    limit = RetryLimit(context)
    _note_all(context)
    _leave_groups(context, limit)
    for server in context.state.left or []:
        _remove(context, limit, context.source, server, leftovers, keep=False)
    removed = []
    for server in context.state.stale or []:
        before = len(leftovers)
        _remove(context, limit, context.target, server, leftovers, keep=True)
        if len(leftovers) == before:
            removed.append(
                RemovedInstance(
                    server.instance_id,
                    server.name,
                    [
                        volume.snapshot
                        for volume in server.volumes
                        if volume.snapshot is not None
                    ],
                )
            )
    if removed:
        context.operation.record.result.stale_removed = removed
        context.save()
    return leftovers


def _note_all(context: StepContext) -> None:
    """Note what the arrays call each volume, before the first is unmanaged;
    the state, which holds them all, is written once."""
    for site_id, copies in _old_copies(context):
        for server in copies:
            for volume in server.volumes:
                if volume.id is not None:
                    on_array.note(context, site_id, volume)
    context.save()


def _leave_groups(context: StepContext, limit: RetryLimit) -> None:
    """Take the volumes of old copies out of their volume groups, all at once;
    one that stays in its group leaves it when it is unmanaged."""
    for site_id, copies in _old_copies(context):
        ids = [
            volume.id
            for server in copies
            for volume in server.volumes
            if volume.id is not None
        ]
        if len(ids) > 1:
            leave = functools.partial(
                remove.leave_group, context, site_id, ids
            )
            _try(context, limit, site_id, leave)


def _old_copies(context: StepContext) -> list[tuple[str, list[OldCopy]]]:
    """Return the copies that the group has left behind, with their site."""
    return [
        (context.source, context.state.left or []),
        (context.target, context.state.stale or []),
    ]


def _remove(
    context: StepContext,
    limit: RetryLimit,
    site_id: str,
    server: OldCopy,
    leftovers: list[Leftover],
    keep: bool,
) -> None:
    """Remove an instance, then its volumes: from Cinder, then from the
    array."""
    name = context.name(site_id)
    gone = True
    if server.instance_id is not None:
        delete = functools.partial(_delete, context, site_id, server)
        why = _try(context, limit, site_id, delete)
        if why is not None:
            gone = False
            leftovers.append(
                Leftover(
                    "instance", server.instance_id, server.name, name, why
                )
            )
            leftovers += remove.left_ports(
                context, site_id, server.instance_id, why
            )
    for volume in server.volumes:
        if volume.id is None:
            continue
        why = "Its instance is not deleted"
        if gone:
            unmanage = functools.partial(
                remove.unmanage, context, site_id, volume.id
            )
            why = _try(context, limit, site_id, unmanage)
        if why is not None:
            leftovers.append(
                Leftover("volume", volume.id, volume.name, name, why)
            )
            if gone and limit.given_up(site_id):
                # nobody answered: it may be out of Cinder, and is then
                # found on the array alone
                leftovers.append(_on_array(context, site_id, volume, why))
            continue
        destroy = functools.partial(
            _destroy, context, site_id, volume, keep, bool(server.quiet)
        )
        why = _try(context, limit, site_id, destroy)
        if why is not None:
            leftovers.append(_on_array(context, site_id, volume, why))


def _on_array(
    context: StepContext, site_id: str, volume: OldVolume, why: str
) -> Leftover:
    on_array.note(context, site_id, volume)
    name = volume.array_name
    return Leftover("array volume", name, name, context.name(site_id), why)


def _delete(context: StepContext, site_id: str, server: OldCopy) -> None:
    """Delete an instance; note first whether it ran after the last recovery
    point."""
    assert server.instance_id is not None
    if server.quiet is None:
        server.quiet = _was_quiet(context, site_id, server)
    remove.delete_server(context, site_id, server.instance_id)


def _was_quiet(context: StepContext, site_id: str, server: OldCopy) -> bool:
    """Return whether an instance never ran after the last recovery point; it
    is on disk, for a restart, before the instance is deleted."""
    db, operation_id = context.site.db, context.operation.id
    id_ = str(server.instance_id)
    noted = effects.find(db, operation_id, "delete", id_)
    if noted is not None:
        return noted.detail.quiet
    found = context.cloud(site_id).server(id_) or {}
    last = QuietInstance(id_, str(found.get("updated")))
    quiet = found.get("status") == "SHUTOFF" and last in (
        context.state.quiet or ()
    )
    detail = effects.EffectDetail(
        site=site_id, id=id_, name=server.name, quiet=quiet
    )
    context.intend("delete", [(id_, detail)])
    return quiet


def _in_last_point(context: StepContext, names: set[str]) -> bool:
    """Return whether the move's own recovery point holds a volume."""
    point = str(context.state.snapshot_id)
    return context.site.arrays.holds(point, names)


def _destroy(
    context: StepContext,
    site_id: str,
    volume: OldVolume,
    keep: bool,
    quiet: bool,
) -> None:
    """Delete a volume on its array, once all its writes are replicated or
    kept.

    Of an instance that never ran after the last recovery point of the move,
    that point holds all writes, whatever the array believes.
    """
    arrays = context.site.arrays
    array = context.array(site_id)
    before = volume.array_name
    if on_array.note(context, site_id, volume) is None:
        return
    name = volume.array_name
    # a recovery point may have it under the name that it had in Cinder
    group = context.operation.group_id
    replicated = arrays.covered(array, name, group) or (
        quiet and _in_last_point(context, {before, name})
    )
    if not replicated:
        if not keep:
            raise StorageError(
                f"volume {name} on FlashArray {array} holds writes that "
                "never replicated; it was taken out of Cinder and stays there"
            )
        key = context.operation.id
        volume.snapshot = arrays.keep_snapshot(array, name, key)
    arrays.delete_volume(array, name)


def _try(
    context: StepContext,
    limit: RetryLimit,
    site_id: str,
    deed: Callable[[], None],
) -> str | None:
    """Do it, with retries; return why it failed, or None."""
    while True:
        try:
            deed()
            limit.renew()
            return None
        except (ServiceStop, sqlite3.OperationalError):
            raise
        except CloudUnreachable as error:
            if limit.over(site_id):
                return str(error)
            context.pause(1.0)
        except Exception as error:
            LOG.info("cleaning up", exc_info=True)
            return str(error) or type(error).__name__


def end_rollback(
    context: StepContext, leftovers: list[Leftover], in_error: bool
) -> None:
    """Fail the operation; set the group's status back, or to ``error``."""
    group = context.group_to_change()
    record = context.operation.record
    changed = context.state.announces or in_error
    if changed:
        group.doc["status"] = "error" if in_error else context.state.back_to
        # a forced one that failed leaves the peer's as unfinished as it was;
        # the peer names what that has left, when it is back
        group.doc["operation"] = context.state.back_to_operation
        group.doc["version"] += 1
        context.metadata.owe(group, context.forced)
        group.local.updated_at = context.metadata.now()
    record.status = "failed"
    record.completed_at = context.metadata.now()
    record.result.leftovers = leftovers
    record.updated_at = record.completed_at
    with context.site.db.transaction() as tx:
        groups.save(tx, group)
        operations.save(tx, context.operation)
    push(context)
