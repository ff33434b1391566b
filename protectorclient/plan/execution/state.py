"""The state of a run, made of its journal's lines and of nothing else.

The runner adds a line and then applies it here. A runner that takes up a
journal applies all its lines, and so knows what the first one knew.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from protectorclient.plan.execution.drills.group_drill import GroupDrill
from protectorclient.plan.execution.drills.options import DrillOptions
from protectorclient.plan.file import load, model, order
from protectorclient.plan.file.problem import PlanProblem

#: The namespace of the request ids of plans.
_NAMESPACE = uuid.UUID("6f0e6a52-2d9b-5a35-9a4e-6f7c6c8f2c51")
#: Attempts whose request ids are taken for the run's own.
MOST_ATTEMPTS = 50


#: The actions of a run, and of its rollback.
_POSTED = (
    "failover",
    "failback",
    "test_failover",
    "back-failover",
    "back-failback",
    "back-test_cleanup",
)


class GroupStatus(enum.StrEnum):
    """How far a group is."""

    WAITING = "waiting"
    #: Its POST is about to be sent, was sent, or its answer was lost.
    POSTING = "posting"
    RUNNING = "running"
    #: The operation has completed; hooks and probes have not.
    CLOSING = "closing"
    DONE = "done"
    FAILED = "failed"
    #: An order, or an optional group that could not be moved.
    SKIPPED = "skipped"
    #: Nobody who knows the operation answers.
    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        """Return whether the group needs nothing more."""
        return self in (
            GroupStatus.DONE,
            GroupStatus.FAILED,
            GroupStatus.SKIPPED,
            GroupStatus.UNKNOWN,
        )

    @property
    def is_under_way(self) -> bool:
        """Return whether something runs for the group."""
        return self in (
            GroupStatus.POSTING,
            GroupStatus.RUNNING,
            GroupStatus.CLOSING,
        )


@dataclasses.dataclass
class GroupState:
    """One group in a run."""

    id: str
    name: str
    wave: str
    entry: model.Entry
    status: GroupStatus = GroupStatus.WAITING
    attempt: int = 1
    request_id: str | None = None
    site: str | None = None
    operation_id: str | None = None
    #: How its operation ended, as `polling.events.Outcome` calls it.
    outcome: str | None = None
    #: Why it failed or was skipped; a sentence, and an exit status.
    why: str | None = None
    code: int | None = None
    #: When its POST was sent and when it was over, as the journal has it.
    began_at: str | None = None
    ended_at: str | None = None
    #: How the rollback of the group ended.
    back: str | None = None
    back_request: str | None = None
    #: What its drill has found, where the run is one.
    drill: GroupDrill = dataclasses.field(default_factory=GroupDrill)


@dataclasses.dataclass
class WaveState:
    """One wave in a run."""

    name: str
    #: ``waiting``, ``gate``, ``open``, ``done``, ``failed``, ``stopped``.
    phase: str = "waiting"
    #: Who answered its gate, and how.
    gate: str | None = None
    gate_opened_at: str | None = None
    gate_by: str | None = None
    #: The answer to whether it is rolled back; when it was asked, before.
    back_gate: str | None = None
    began_at: str | None = None
    ended_at: str | None = None

    @property
    def is_over(self) -> bool:
        """Return whether the wave needs nothing more."""
        return self.phase in ("done", "failed", "stopped")


@dataclasses.dataclass
class RunState:
    """A run of a plan."""

    plan: model.Plan
    run_id: str
    action: str
    unplanned: bool
    options: Mapping[str, Any]
    groups: dict[str, GroupState]
    waves: dict[str, WaveState]
    began_at: str = ""
    began_by: str = ""
    #: The newest operation of each site when the run began: time, and ids.
    horizon: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    #: Ids of operations that are not the run's own and were adopted.
    adopted: set[str] = dataclasses.field(default_factory=set)
    hooks_begun: dict[str, int] = dataclasses.field(default_factory=dict)
    hooks_ended: dict[str, int | None] = dataclasses.field(
        default_factory=dict
    )
    #: Keys of the orders that were done.
    orders_done: set[tuple[str, str, int]] = dataclasses.field(
        default_factory=set
    )
    #: Why nothing more is begun, and with which exit status it ends.
    stop: tuple[str, int] | None = None
    ended_at: str | None = None
    last_at: str = ""
    #: Whether somebody has interrupted the drill: it only removes its tests.
    interrupted: bool = False
    #: How often it was taken up again, and when last: limits of time begin
    #: anew.
    resumed: int = 0
    resumed_at: str = ""

    @property
    def use(self) -> str:
        """Return the use of the plan that this run is."""
        return model.USES[self.action]

    @property
    def form(self) -> model.Form:
        """Return the settings of this run's form."""
        return self.plan.form(self.unplanned)

    @property
    def drill(self) -> DrillOptions | None:
        """Return what the drill was asked for, where the run is one."""
        given = self.options.get("drill")
        return None if given is None else DrillOptions.from_dict(given)

    def of_wave(self, name: str) -> list[GroupState]:
        """Return the groups of a wave."""
        return [one for one in self.groups.values() if one.wave == name]

    def needed_by(self, group: GroupState) -> list[GroupState]:
        """Return the groups that a group waits for by its own ``needs``."""
        return [
            one
            for one in (self.groups.values() if group.entry.needs else ())
            if any(
                order.meets(need, one.name, one.id)
                for need in group.entry.needs
            )
        ]

    def is_critical(self, group: GroupState) -> bool:
        """Return whether the failure of a group stops the run.

        A drill goes on: it is to find all that fails.
        """
        if self.drill is not None:
            return False
        wave = next(one for one in self.plan.waves if one.name == group.wave)
        return wave.critical and group.entry.critical

    def request_id(
        self, group_id: str, action: str, site: str, attempt: int
    ) -> str:
        """Return the id of a POST: the same for the same act, everywhere."""
        name = f"{self.run_id}/{group_id}/{action}/{site}/{attempt}"
        return f"req-{uuid.uuid5(_NAMESPACE, name)}"

    def request_ids(
        self, group: GroupState, sites: Iterable[str]
    ) -> frozenset[str]:
        """Return the ids that the POST of a group's attempt can have."""
        return frozenset(
            self.request_id(group.id, self.action, site, group.attempt)
            for site in sites
        )

    def is_own(
        self, request_id: str | None, group_id: str, sites: Iterable[str]
    ) -> bool:
        """Return whether the run sends a POST of this request id."""
        return request_id is not None and any(
            request_id == self.request_id(group_id, action, site, attempt)
            for action in _POSTED
            for site in sites
            for attempt in range(1, MOST_ATTEMPTS)
        )

    # -- lines of the journal

    def apply(self, entry: Mapping[str, Any]) -> None:
        """Apply a line; one of an unknown event changes nothing."""
        self.last_at = str(entry.get("at", ""))
        handler = _HANDLERS.get(str(entry["event"]))
        if handler is not None:
            handler(self, entry)
        group = self.groups.get(str(entry.get("group")))
        if group is not None:
            group.drill.apply(entry)


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
    try:
        state = _begin(first, where)
        for entry in entries:
            state.apply(entry)
    except (KeyError, TypeError, ValueError) as error:
        raise PlanProblem(
            f"{where}: a line of the journal lacks {error}"
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
        began_at=first["at"],
        began_by=first.get("by", "unknown"),
        horizon=first.get("horizon", {}),
        last_at=first["at"],
    )


def _gate_opened(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.phase, wave.gate_opened_at = "gate", entry["at"]


def _gate_answered(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.gate, wave.gate_by = entry["answer"], entry.get("by")


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
    group.status = GroupStatus.WAITING
    group.attempt = entry["attempt"]
    group.operation_id = group.request_id = group.outcome = group.why = None
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
    for group in state.groups.values():
        if group.status is GroupStatus.UNKNOWN:
            # it may have ended since, or may never have begun
            known = group.operation_id is not None
            group.status = (
                GroupStatus.RUNNING if known else GroupStatus.POSTING
            )


def _rollback_gate(state: RunState, entry: Mapping[str, Any]) -> None:
    wave = state.waves[entry["wave"]]
    wave.back_gate = entry.get("answer", entry["at"])


def _back_posting(state: RunState, entry: Mapping[str, Any]) -> None:
    state.groups[entry["group"]].back_request = entry["request_id"]


def _rolled_back(state: RunState, entry: Mapping[str, Any]) -> None:
    state.groups[entry["group"]].back = entry["result"]


_HANDLERS = {
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
    "back-posting": _back_posting,
    "rolled-back": _rolled_back,
}
