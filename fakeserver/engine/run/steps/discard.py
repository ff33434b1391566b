"""Throwing away what the other site runs after a mistaken forced failover.

Nothing of it is deleted before the state is written: what is here can be
undone, and its instances start again.
"""

from fakeserver.engine.peer.client import PeerState
from fakeserver.engine.run.step_context import StepFailed, Work
from fakeserver.engine.run.steps import prepare


def still_held(work: Work) -> PeerState:
    """What the peer holds, which has to be what was named: asked live."""
    held = work.metadata.peer_state(work.group())
    if held is None or held.version != work.discards:
        found = "none" if held is None else f"version {held.version}"
        raise StepFailed(
            f"{work.name(work.target)} holds {found} of the metadata "
            f"by now, not version {work.discards}; nothing is discarded"
        )
    return held


def stop_instances(work: Work) -> None:
    """Nothing is written at the losing site from here on."""
    still_held(work)
    prepare.stop_stale(work)
    work.progress(1, 1)


def keep_snapshots(work: Work) -> None:
    """What was written there stays, on its array."""
    still_held(work)
    prepare.keep_stale(work)
    work.progress(1, 1)
