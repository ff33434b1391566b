"""Render the run of a plan: waves, groups, gates, what is waited for.

Pure: a state, a time, a width and a height in, lines out.
"""

from __future__ import annotations

import collections
import datetime
from collections.abc import Iterator

from protectorclient.durations import span
from protectorclient.escape import escaped
from protectorclient.osc.live import frame as view
from protectorclient.plan.execution.state import (
    GroupState,
    GroupStatus,
    RunState,
    WaveState,
)

#: Groups in these are shown first, in this order.
_ORDER = (
    GroupStatus.FAILED,
    GroupStatus.UNKNOWN,
    GroupStatus.RUNNING,
    GroupStatus.POSTING,
    GroupStatus.CLOSING,
    GroupStatus.SKIPPED,
    GroupStatus.MOVED_BACK,
    GroupStatus.WAITING,
    GroupStatus.DONE,
)


def frame(
    state: RunState,
    now: datetime.datetime,
    width: int,
    height: int,
    *,
    footer: bool = True,
) -> list[view.Line]:
    """Return the run as lines that fit; what does not fit is counted.

    :param footer: with how to stop watching.
    """
    lines: list[view.Line] = [[(_head(state, now), view.BOLD)]]
    lines += [[(line, "")] for line in _waits(state, now)]
    last: list[view.Line] = []
    if footer:
        last.append([("Ctrl-C stops watching; the run goes on.", view.DIM)])
    room = max(1, height - len(lines) - len(last))
    lines += _waves(state, now, room)
    return [view.cut(line, width) for line in [*lines, *last][:height]]


def _head(state: RunState, now: datetime.datetime) -> str:
    done = sum(one.status is GroupStatus.DONE for one in state.groups.values())
    how = ", unplanned" if state.unplanned else ""
    end = _time(state.ended_at) if state.ended_at else now
    took = (end - _time(state.began_at)).total_seconds()
    return (
        f"{escaped(state.plan.name)}: {state.action}{how}, {done} of"
        f" {len(state.groups)} groups moved, {span(took)}"
    )


def _waits(state: RunState, now: datetime.datetime) -> Iterator[str]:
    """Yield what the run waits for, and for how long it has."""
    if state.stop is not None:
        yield f"Nothing more is begun: {escaped(state.stop[0])}"
    for wave in state.waves.values():
        if wave.phase == "gate" and wave.gate is None:
            since = span(_since(wave.gate_opened_at, now))
            planned = next(
                one for one in state.plan.waves if one.name == wave.name
            )
            question = planned.gate.question if planned.gate else ""
            yield (
                f"Wave {escaped(wave.name)} waits at its gate for {since}:"
                f" {escaped(question)}"
            )
        if wave.back_gate not in (None, "yes", "no"):
            since = span(_since(wave.back_gate, now))
            yield (
                f"The rollback of wave {escaped(wave.name)} waits for its"
                f" approval for {since}"
            )


def _waves(
    state: RunState, now: datetime.datetime, room: int
) -> list[view.Line]:
    """Return a line for each wave, and its groups as far as they fit."""
    heads = {name: _wave(state, one) for name, one in state.waves.items()}
    free = room - len(heads)
    lines: list[view.Line] = []
    shown = {
        name: _of_interest(state, name, state.waves[name]) for name in heads
    }
    total = sum(len(every) for every in shown.values())
    for name, head in heads.items():
        lines.append([(head, view.BOLD)])
        groups = shown[name]
        if total <= free:
            most = len(groups)
        else:
            # each wave gets a fair part of what is left
            most = max(0, free * len(groups) // max(1, total) - 1)
        lines += [[_group(one, now)] for one in groups[:most]]
        if len(groups) > most:
            lines.append([(f"  and {_count(groups[most:])}", view.DIM)])
    return lines[:room]


def _wave(state: RunState, wave: WaveState) -> str:
    groups = state.of_wave(wave.name)
    done = sum(one.status is GroupStatus.DONE for one in groups)
    return f"{escaped(wave.name)}: {wave.phase}, {done} of {len(groups)}"


def _of_interest(
    state: RunState, name: str, wave: WaveState
) -> list[GroupState]:
    """Return the groups of a wave that are shown one by one."""
    groups = state.of_wave(name)
    if wave.phase == "done":
        groups = [one for one in groups if one.status is not GroupStatus.DONE]
    elif wave.phase in ("waiting", "gate"):
        return []
    return sorted(groups, key=lambda one: _ORDER.index(one.status))


def _group(one: GroupState, now: datetime.datetime) -> tuple[str, str]:
    said = f"  {escaped(one.name)}: {one.status}"
    if one.status.is_under_way and one.began_at:
        said += f" for {span(_since(one.began_at, now))}"
    if one.operation_id and one.status is not GroupStatus.DONE:
        said += f", {one.operation_id}"
    if one.why:
        said += f": {escaped(one.why)}"
    bad = one.status in (GroupStatus.FAILED, GroupStatus.UNKNOWN)
    return said, view.BAD if bad else ""


def _count(groups: list[GroupState]) -> str:
    found = collections.Counter(str(one.status) for one in groups)
    return ", ".join(f"{count} {name}" for name, count in found.items())


def _since(stamp: str | None, now: datetime.datetime) -> float:
    return (now - _time(stamp)).total_seconds() if stamp else 0.0


def _time(stamp: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(stamp)
