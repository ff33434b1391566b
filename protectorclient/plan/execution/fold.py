"""Make the state of a run from the lines of its journal."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from protectorclient.plan.execution import journal
from protectorclient.plan.execution.state import (
    COMPLETED,
    GroupState,
    GroupStatus,
    RunState,
    WaveState,
)
from protectorclient.plan.file import load, model
from protectorclient.plan.file.problem import PlanProblem


def read(path: pathlib.Path) -> RunState:
    """Read the state of a run from its journal.

    :raises PlanProblem: it is no journal of a plan, or was altered.
    """
    return fold(journal.read(path), str(path))


def fold(entries: Iterator[dict[str, Any]], where: str) -> RunState:
    """Make the state of a run from the lines of its journal.

    :param where: how messages name the journal.
    :raises PlanProblem: it is no journal of a plan.
    """
    first = next(entries, None)
    if first is None or first.get("event") != "run":
        raise PlanProblem(
            f"{where} is not the journal of a plan: its first line is cut or"
            " of another kind"
        )
    line = 1
    try:
        if int(first.get("format", journal.FORMAT)) > journal.FORMAT:
            raise PlanProblem(
                f"{where} was written by a newer version of this client"
            )
        state = _begin(first, where)
        for line, entry in enumerate(entries, 2):  # noqa: B007
            apply(state, entry)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise PlanProblem(
            f"{where}: line {line} is not as this client writes it"
            f" ({type(error).__name__}: {error})"
        ) from error
    return state


def _begin(first: Mapping[str, Any], where: str) -> RunState:
    plan = load.parse(
        first["plan"], f"the plan in {where}", None, first["mapping_files"]
    )
    if plan.hashes() != first["hashes"]:
        raise PlanProblem(
            f"{where}: the plan in the journal is not the one that was begun"
        )
    action = first["action"]
    waves = plan.of_use(model.USES[action])
    named = {wave.name: wave for wave in waves}
    groups = {
        identity: GroupState(identity, name, wave, named[wave].groups[index])
        for identity, name, wave, index in first["groups"]
    }
    return RunState(
        plan=plan,
        run_id=first["run_id"],
        action=action,
        unplanned=first["unplanned"],
        options=first["options"],
        groups=groups,
        waves={wave.name: WaveState(wave.name) for wave in waves},
        began_at=_stamp(first),
        folder=first.get("folder"),
        began_by=first.get("by", "unknown"),
        horizon=first.get("horizon", {}),
        last_at=first["at"],
    )


def apply(state: RunState, entry: Mapping[str, Any]) -> None:
    """Apply a line; one of an unknown event changes nothing."""
    state.last_at = _stamp(entry)
    handler = _HANDLERS.get(str(entry["event"]))
    if handler is not None:
        handler(state, entry)
    group = state.groups.get(str(entry.get("group")))
    if group is not None:
        group.drill.apply(entry)


def _stamp(entry: Mapping[str, Any]) -> str:
    """Return the time of a line, which others compute with."""
    when = datetime.datetime.fromisoformat(entry["at"])
    if when.tzinfo is None:
        raise ValueError(f"{entry['at']} is no time in UTC")
    return str(entry["at"])


def _gate_opened(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.phase, wave.gate_opened_at = "gate", entry["at"]


def _gate_answered(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.gate, wave.gate_by = entry["answer"], entry.get("by")
    wave.gate_answered_at = entry["at"]


def _wave_began(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.phase, wave.began_at = "open", entry["at"]


def _wave_ended(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.phase, wave.ended_at = entry["phase"], entry["at"]


def _posting(state: RunState, entry: Mapping[str, Any]) -> None:
    group = state.groups[entry["group"]]
    group.status = GroupStatus.POSTING
    group.attempt = entry["attempt"]
    group.request_id, group.site = entry["request_id"], entry["site"]
    group.operation_id = group.outcome = group.why = None
    group.began_at = group.began_at or entry["at"]


def _started(state: RunState, entry: Mapping[str, Any]) -> None:
    group = state.groups[entry["group"]]
    group.status = GroupStatus.RUNNING
    group.operation_id, group.site = entry["operation_id"], entry["site"]


def _moved(state: RunState, entry: Mapping[str, Any]) -> None:
    group = state.groups[entry["group"]]
    group.status = GroupStatus.CLOSING
    group.outcome = entry["outcome"]


def _group_ended(state: RunState, entry: Mapping[str, Any]) -> None:
    group = state.groups[entry["group"]]
    group.status = GroupStatus(entry["status"])
    group.outcome = entry.get("outcome", group.outcome)
    group.why, group.ended_at = entry.get("why"), entry["at"]
    group.code = entry.get("code")


def _retried(state: RunState, entry: Mapping[str, Any]) -> None:
    group = state.groups[entry["group"]]
    group.attempt = entry["attempt"]
    if group.outcome == COMPLETED:
        # it is moved: its probes and hooks are repeated
        group.status = GroupStatus.CLOSING
    else:
        group.status = GroupStatus.WAITING
        group.operation_id = group.request_id = group.outcome = None
    group.why = group.code = group.back = None
    wave = state.waves[group.wave]
    if wave.is_over:
        wave.phase = "open"
    state.stop = state.ended_at = None


def _hook_began(state: RunState, entry: Mapping[str, Any]) -> None:
    key = entry["hook"]
    state.hooks_begun[key] = state.hooks_begun.get(key, 0) + 1


def _hook_ended(state: RunState, entry: Mapping[str, Any]) -> None:
    state.hooks_ended[entry["hook"]] = entry.get("status")


def _ordered(state: RunState, entry: Mapping[str, Any]) -> None:
    state.orders_done.add((entry["verb"], entry["subject"], entry["attempt"]))


def _stopped(state: RunState, entry: Mapping[str, Any]) -> None:
    state.stop = state.stop or (entry["why"], entry["code"])


def _interrupted(state: RunState, entry: Mapping[str, Any]) -> None:
    state.interrupted = True


def _ended(state: RunState, entry: Mapping[str, Any]) -> None:
    state.ended_at = entry["at"]
    # the next failure is told again
    for key in [*state.hooks_ended]:
        if ", on_failure " in key:
            del state.hooks_ended[key]


def _resumed(state: RunState, entry: Mapping[str, Any]) -> None:
    state.resumed += 1
    state.resumed_at = entry["at"]
    state.adopted |= set(entry.get("adopted", ()))
    state.ended_at = None
    # what stopped the run is looked at again
    state.stop, state.interrupted = None, False
    for wave in state.waves.values():
        if wave.phase in ("stopped", "gate"):
            wave.phase = "open" if wave.began_at else "waiting"
        if wave.gate == "no":
            wave.gate = wave.gate_opened_at = wave.gate_by = None
        if wave.back_gate != "yes":
            wave.back_gate = None
    for group in state.groups.values():
        if group.status is GroupStatus.UNKNOWN:
            # it may have ended since, or may never have begun
            known = group.operation_id is not None
            group.status = (
                GroupStatus.RUNNING if known else GroupStatus.POSTING
            )


def _rollback_gate(state: RunState, entry: Mapping[str, Any]) -> None:
    state.waves[entry["wave"]].back_gate = entry["at"]


def _rollback_answered(state: RunState, entry: Mapping[str, Any]) -> None:
    state.waves[entry["wave"]].back_gate = entry["answer"]


def _rolled_back(state: RunState, entry: Mapping[str, Any]) -> None:
    group = state.groups[entry["group"]]
    group.back = entry["result"]
    # the next one, after a failure or another move, is another POST
    group.back_attempt += 1
    if group.back == COMPLETED:
        group.status, group.outcome = GroupStatus.MOVED_BACK, None


#: What a line does to the state, by its event.
_HANDLERS: Mapping[str, Callable[[RunState, Mapping[str, Any]], None]] = {
    "gate-opened": _gate_opened,
    "gate-answered": _gate_answered,
    "wave-began": _wave_began,
    "wave-ended": _wave_ended,
    "posting": _posting,
    "started": _started,
    "moved": _moved,
    "group-ended": _group_ended,
    "retry": _retried,
    "hook-began": _hook_began,
    "hook-ended": _hook_ended,
    "order": _ordered,
    "stopped": _stopped,
    "interrupted": _interrupted,
    "ended": _ended,
    "resumed": _resumed,
    "rollback-gate": _rollback_gate,
    "rollback-answered": _rollback_answered,
    "rolled-back": _rolled_back,
}
