"""Ask before a group moves, and say what stops and which data is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protectorclient.preflight.impact import Impact


def move(group: str, impact: Impact) -> str:
    """Return the question before a planned failover or a failback."""
    from protectorclient.preflight.impact import listed

    source, target = impact.source, impact.target
    said = [
        f"{_instances(group, impact)} at {source} are stopped, and deleted"
        f" there once they run at {target}"
    ]
    stale = impact.forecast.stale if impact.forecast else []
    if stale:
        said.append(
            f"What still exists of the group at {target}"
            f" ({listed(stale)}) is stopped first and deleted at the end; a"
            " snapshot of each volume is kept there"
        )
    stays = impact.kept.stays_stopped if impact.kept else []
    if stays:
        verb = "stays" if len(stays) == 1 else "stay"
        said.append(f"{listed(stays)} {verb} stopped")
    if impact.unprotected:
        said.append("The group is not replicated after it")
    said.append(f"Move {group} from {source} to {target}?")
    return ". ".join(said)


def unplanned(impact: Impact) -> str:
    """Return the warning before the name of the group is asked for."""
    return (
        f"Unplanned failover from {impact.source} to {impact.target}: what"
        " was written since the last replication will be lost."
    )


def drill(group: str, impact: Impact) -> str:
    """Return the question before a test that stops the primary's instances."""
    return (
        f"{_instances(group, impact)} at {impact.source} are stopped until"
        f" the clean-up. Stop them?"
    )


def _instances(group: str, impact: Impact) -> str:
    from protectorclient.preflight.impact import listed

    if not impact.names:
        return f"The instances of {group}"
    return listed(impact.names)
