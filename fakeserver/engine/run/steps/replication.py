"""Recovery points, and the direction of the replication."""

from fakeserver.base.clock import polls, stamp
from fakeserver.engine.model.document import current_array_names
from fakeserver.engine.run.step_context import StepContext
from fakeserver.storage.driver import RecoveryPoint, StorageError
from fakeserver.store.effects import EffectDetail


def direct(
    context: StepContext,
    source: str,
    target: str,
    names: tuple[str, ...] | None = None,
) -> None:
    """Replicate the group from one site to the other; a rollback restores the
    direction before."""
    arrays = context.site.arrays
    group = context.operation.group_id
    doc = context.doc()
    from_, to = context.array(source), context.array(target)
    volumes = current_array_names(doc) if names is None else names
    old = arrays.link(group)
    if (
        old is not None
        and old.running
        and (old.source, old.target) == (from_, to)
        and set(old.volumes) == set(volumes)
    ):
        return

    def start() -> None:
        arrays.replicate(
            group,
            from_,
            to,
            volumes,
            context.interval(),
            doc["replication_type"] == "sync",
        )

    context.effect("link", f"{from_}>{to}", EffectDetail(before=old), start)


def halt(context: StepContext) -> None:
    """Stop the replication, before volumes are promoted."""
    arrays = context.site.arrays
    old = arrays.link(context.operation.group_id)
    if old is None or not old.running:
        return

    def stop() -> None:
        arrays.stop_replication(context.operation.group_id)

    context.effect("link", "stop", EffectDetail(before=old), stop)


def last_point(context: StepContext, key: str) -> RecoveryPoint:
    """Make a recovery point now, and wait until the target has all of it."""
    context.site.arrays.snapshot(context.operation.group_id, key)
    return arrived(context, key)


def arrived(context: StepContext, key: str) -> RecoveryPoint:
    """Send a recovery point, and wait until the target has all of it."""
    arrays = context.site.arrays
    group = context.operation.group_id
    found = arrays.transfer(group, key)
    waits = polls()
    while not found.complete:
        context.pause(next(waits))
        found = arrays.transfer(group, key)
    return found


def reverse(context: StepContext) -> None:
    """Replicate from the restored primary to the other site, for one cycle."""
    context.sign_in(context.target)
    # as the array calls them since they are managed
    managed = context.effects("manage")
    names = tuple(effect.detail.array_name for effect in managed)
    # the old direction is over before the new one begins
    direct(context, context.target, context.source, names)
    context.progress(1, 2)
    last_point(context, f"{context.operation.id}-reverse")
    context.progress(2, 2)


def create_snapshot(context: StepContext) -> None:
    """Make a recovery point of the group now."""
    arrays = context.site.arrays
    context.sign_in(context.source)
    if not current_array_names(context.doc()):
        raise StorageError(
            f"Protection group {context.doc()['name']} has no volumes"
        )
    direct(context, context.source, context.target)
    point = arrays.snapshot(context.operation.group_id, context.operation.id)
    context.state.snapshot_id = point.id
    context.state.snapshot_created_at = stamp(point.created_at)
    context.save()
    context.progress(1, 1)


def replicate_snapshot(context: StepContext) -> None:
    """Send the recovery point to the other site's array."""
    context.sign_in(context.target)
    context.progress(1, 2)
    arrived(context, context.operation.id)
    context.progress(2, 2)
