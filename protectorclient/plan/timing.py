"""What the groups of a run took, and which chain of them was the longest."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from protectorclient.durations import span
from protectorclient.plan.execution.state import GroupState, RunState
from protectorclient.plan.file import order


def seconds(group: GroupState) -> float | None:
    """Return the seconds from a group's first POST to its end."""
    if not group.began_at or not group.ended_at:
        return None
    began = datetime.datetime.fromisoformat(group.began_at)
    ended = datetime.datetime.fromisoformat(group.ended_at)
    return (ended - began).total_seconds()


def took(group: GroupState) -> str | None:
    """Return what a group took, as text."""
    found = seconds(group)
    return None if found is None else span(found)


def limit(state: RunState, group: GroupState) -> str | None:
    """Return what a group may take, as text."""
    wave = next(one for one in state.plan.waves if one.name == group.wave)
    found = group.entry.timeout or wave.timeout
    return span(found) if found else None


def critical_path(state: RunState) -> list[GroupState]:
    """Return the chain of groups that the run waited for longest.

    A wave waits for the groups of the waves that it needs, and a group for
    those that it needs itself.
    """
    waves = state.plan.of_use(state.use)
    before = {
        wave.name: order.needs_of(waves, number)
        for number, wave in enumerate(waves)
    }
    chains: dict[str, tuple[float, list[GroupState]]] = {}

    def chain(group: GroupState) -> tuple[float, list[GroupState]]:
        if group.id in chains:
            return chains[group.id]
        chains[group.id] = (0.0, [])
        earlier = [
            one
            for one in state.groups.values()
            if one.wave in before[group.wave]
        ] + state.needed_by(group)
        best = max(map(chain, earlier), key=lambda one: one[0], default=None)
        length, groups = best or (0.0, [])
        own = seconds(group) or 0.0
        chains[group.id] = (length + own, [*groups, group])
        return chains[group.id]

    ended = [one for one in state.groups.values() if seconds(one) is not None]
    best = max(map(chain, ended), key=lambda one: one[0], default=None)
    return best[1] if best else []


def text(groups: Sequence[GroupState]) -> str:
    """Write a chain of groups with what each took."""
    total = sum(seconds(one) or 0.0 for one in groups)
    steps = " -> ".join(f"{one.name} ({took(one) or '?'})" for one in groups)
    return f"{steps}: {span(total)}"
