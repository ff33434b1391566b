"""Recovery points, and the direction they travel in."""

from fakeserver.base.clock import stamp
from fakeserver.engine.model.document import current_array_names
from fakeserver.engine.run.step_context import POLL, Work
from fakeserver.storage.driver import RecoveryPoint, StorageError
from fakeserver.store.effects import EffectDetail


def direct(
    work: Work,
    source: str,
    target: str,
    names: tuple[str, ...] | None = None,
) -> None:
    """Replicate the group from one site to the other; undone by a
    rollback, which puts back what was before."""
    arrays = work.site.arrays
    group = work.operation.group_id
    doc = work.doc()
    from_, to = work.array(source), work.array(target)
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
            work.interval(),
            doc["replication_type"] == "sync",
        )

    work.effect("link", f"{from_}>{to}", EffectDetail(before=old), start)


def halt(work: Work) -> None:
    """Stop the replication: a promote does."""
    arrays = work.site.arrays
    old = arrays.link(work.operation.group_id)
    if old is None or not old.running:
        return

    def stop() -> None:
        arrays.stop_replication(work.operation.group_id)

    work.effect("link", "stop", EffectDetail(before=old), stop)


def last_point(work: Work, key: str) -> RecoveryPoint:
    """A recovery point made now, and complete at the target."""
    work.site.arrays.snapshot(work.operation.group_id, key)
    return arrived(work, key)


def arrived(work: Work, key: str) -> RecoveryPoint:
    """Send a recovery point and wait until all of it is there."""
    arrays = work.site.arrays
    group = work.operation.group_id
    found = arrays.transfer(group, key)
    while not found.complete:
        work.pause(POLL)
        found = arrays.transfer(group, key)
    return found


def reverse(work: Work) -> None:
    """From the restored primary to the other site, one cycle completing."""
    work.sign_in(work.target)
    names = tuple(effect.detail.name for effect in work.effects("promote"))
    # the old direction is over before the new one begins
    direct(work, work.target, work.source, names)
    work.progress(1, 2)
    last_point(work, f"{work.operation.id}-reverse")
    work.progress(2, 2)


def create_snapshot(work: Work) -> None:
    """A recovery point of the group now."""
    arrays = work.site.arrays
    work.sign_in(work.source)
    if not current_array_names(work.doc()):
        raise StorageError(
            f"Protection group {work.doc()['name']} has no volumes"
        )
    direct(work, work.source, work.target)
    point = arrays.snapshot(work.operation.group_id, work.operation.id)
    work.state.snapshot_id = point.id
    work.state.snapshot_created_at = stamp(point.created_at)
    work.save()
    work.progress(1, 1)


def replicate_snapshot(work: Work) -> None:
    """Send it to the other site's array."""
    work.sign_in(work.target)
    work.progress(1, 2)
    arrived(work, work.operation.id)
    work.progress(2, 2)
