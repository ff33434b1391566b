"""Steps of sync-force with discard: the peer's copy is stopped and kept.

Nothing of it is deleted before the state is written: what is here can be
undone, and its instances start again.
"""

from fakeserver.engine.peer.answers import PeerState
from fakeserver.engine.run.step_context import StepContext, StepFailed
from fakeserver.engine.run.steps import prepare


def still_held(context: StepContext) -> PeerState:
    """Ask what the peer holds; raise StepFailed unless it is the version to
    discard."""
    held = context.metadata.peer_state(context.group())
    if held is None or held.version != context.discards:
        found = "none" if held is None else f"version {held.version}"
        raise StepFailed(
            f"{context.name(context.target)} now holds {found} of the "
            f"metadata, not version {context.discards}; nothing is discarded"
        )
    return held


def stop_instances(context: StepContext) -> None:
    """Stop the instances at the losing site."""
    still_held(context)
    prepare.stop_stale(context)
    context.progress(1, 1)


def keep_snapshots(context: StepContext) -> None:
    """Keep a snapshot of each volume at the losing site."""
    still_held(context)
    prepare.keep_stale(context)
    context.progress(1, 1)
