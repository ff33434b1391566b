"""What a command does at the terminal while a plan runs."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient.durations import span
from protectorclient.escape import escaped
from protectorclient.osc import command, prompts

if TYPE_CHECKING:
    from protectorclient.records.protection_group import ProtectionGroup


class RunInterrupted(KeyboardInterrupt):
    """Interrupted while a plan ran; its operations go on."""

    def __init__(self, message: str, *lines: str) -> None:
        super().__init__(message)
        self.message = message
        self.next = lines


def what_happens(
    groups: Sequence[ProtectionGroup],
    unplanned: bool,
    now: datetime.datetime,
) -> str:
    """Say what the run of a plan does to its groups, before it is begun."""
    members = sum(one.member_count or 0 for one in groups)
    count = f"{len(groups)} group{'s' * (len(groups) != 1)}"
    instances = f"{members} instance{'s' * (members != 1)}"
    if not unplanned:
        return (
            f"{count} with {instances}: what runs is stopped at the site"
            " where it is now."
        )
    said = (
        f"Unplanned failover of {count} with {instances}: data written since"
        " the last replication will be lost."
    )
    replicated = [one for one in groups if one.last_replication_at]
    never = [one.name for one in groups if not one.last_replication_at]
    if never:
        said += f" No replication is known of {', '.join(never)}."
    if replicated:
        oldest = min(
            replicated, key=lambda one: one.last_replication_at or now
        )
        age = (now - (oldest.last_replication_at or now)).total_seconds()
        said += (
            f" The oldest replication is of {oldest.name}, {span(age)} ago."
        )
    return said


def terminal(command: command.Command) -> Callable[..., bool | None]:
    """Return what asks a gate's question on the terminal, without waiting."""
    known: set[str] = set()
    asked: set[str] = set()

    def ask(wave: str, gate: Any) -> bool | None:
        import select
        import sys

        if not prompts.on_terminal():
            return None
        if wave not in known:
            # what has happened before is written first
            known.add(wave)
            return None
        if wave not in asked:
            asked.add(wave)
            command.app.stderr.write(
                f"{escaped(gate.question)} Go on? [yes/no] "
            )
            command.app.stderr.flush()
        ready, _, _ = select.select([sys.stdin], [], [], 0)
        if not ready:
            return None
        said = sys.stdin.readline().strip().lower()
        if said in ("yes", "y"):
            return True
        if said in ("no", "n"):
            return False
        asked.discard(wave)
        return None

    return ask
