"""The state of a run, made of its journal's lines and of nothing else.

The runner adds a line and then applies it here. A runner that takes up a
journal applies all its lines, and so knows what the first one knew.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from protectorclient.plan.execution.drills.group_drill import GroupDrill
from protectorclient.plan.execution.drills.options import DrillOptions
from protectorclient.plan.file import model, order

#: The namespace of the request ids of plans.
_NAMESPACE = uuid.UUID("6f0e6a52-2d9b-5a35-9a4e-6f7c6c8f2c51")
#: Attempts whose request ids are taken for the run's own.
MOST_ATTEMPTS = 50


#: The outcome of an operation that has moved its group.
COMPLETED = "completed"
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
    #: It had moved, and the rollback of the run has moved it back.
    MOVED_BACK = "moved back"

    @property
    def is_over(self) -> bool:
        """Return whether the group needs nothing more."""
        return self in (
            GroupStatus.DONE,
            GroupStatus.FAILED,
            GroupStatus.SKIPPED,
            GroupStatus.UNKNOWN,
            GroupStatus.MOVED_BACK,
        )

    @property
    def can_be_retried(self) -> bool:
        """Return whether an order may have the group moved once more."""
        return self.is_over and self is not GroupStatus.DONE

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
    #: How the rollback of the group ended, and how many were begun.
    back: str | None = None
    back_attempt: int = 1
    #: What its drill has found, where the run is one.
    drill: GroupDrill = dataclasses.field(default_factory=GroupDrill)

    @property
    def is_moved(self) -> bool:
        """Return whether its operation has completed and it is not back.

        A group whose probe or hook has failed is moved all the same.
        """
        return self.outcome == COMPLETED and not self.status.is_under_way


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
    gate_answered_at: str | None = None
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
    #: Where its hooks run: the folder of the plan's file.
    folder: str | None = None
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
        return request_id_of(self.run_id, group_id, action, site, attempt)

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
        # those that clients make up are of version 4: nothing is computed
        return (
            request_id is not None
            and request_id[18:19] == "5"
            and any(
                request_id == self.request_id(group_id, action, site, attempt)
                for action in _POSTED
                for site in sites
                for attempt in range(1, MOST_ATTEMPTS)
            )
        )


def request_id_of(
    run_id: str, group_id: str, action: str, site: str, attempt: int
) -> str:
    """Return the id of a POST of a run."""
    name = f"{run_id}/{group_id}/{action}/{site}/{attempt}"
    return f"req-{uuid.uuid5(_NAMESPACE, name)}"
