"""The steps of each operation, in the phases that the published page names.

A record tells which steps are done; what is still to come is known from
here. A service with other steps loses nothing: they are shown as they come.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation


@dataclasses.dataclass(frozen=True)
class Phase:
    """Steps that the published page names together."""

    #: Empty where an operation has no phases.
    name: str
    steps: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Step:
    """One step and its state."""

    name: str
    #: ``done``, ``failed``, ``running`` or ``waiting``.
    state: str


def _four(*groups: tuple[str, ...]) -> tuple[Phase, ...]:
    names = (
        "Preparation",
        "Storage failover",
        "Instance recreation",
        "Finalization",
    )
    return tuple(map(Phase, names, groups))


_MOVE = (
    ("validate_target_site", "get_latest_snapshot"),
    ("promote_volumes_on_flasharray", "manage_volumes_into_cinder"),
    ("recreate_instances",),
)
#: Left out of a failback that was not asked for it.
REVERSAL = "reverse_replication"

PLANS: dict[str, tuple[Phase, ...]] = {
    "failover": _four(*_MOVE, ("update_protection_group_state",)),
    "failback": _four(*_MOVE, (REVERSAL, "update_protection_group_state")),
    "test_failover": _four(
        _MOVE[0],
        ("clone_volumes_on_flasharray", "manage_volumes_into_cinder"),
        ("create_test_instances",),
        ("record_test_resources",),
    ),
    "test_cleanup": (
        Phase(
            "",
            (
                "delete_test_instances",
                "unmanage_test_volumes",
                "delete_cloned_volumes",
                "update_protection_group_state",
            ),
        ),
    ),
    "sync_volumes": (
        Phase(
            "",
            ("create_snapshot", "replicate_snapshot", "record_replication"),
        ),
    ),
    "sync_force": (
        Phase(
            "",
            (
                "stop_discarded_instances",
                "keep_snapshots",
                "update_protection_group_state",
            ),
        ),
    ),
}


def plan(operation: Operation) -> tuple[Phase, ...]:
    """Return the phases of an operation, with the steps that only it has."""
    phases = list(PLANS.get(operation.operation_type, (Phase("", ()),)))
    seen = (*operation.steps_completed, *operation.steps_failed)
    asked = operation.parameters.get(REVERSAL) or REVERSAL in seen
    if not asked:
        phases = [
            Phase(one.name, tuple(s for s in one.steps if s != REVERSAL))
            for one in phases
        ]
    at = 0
    for step in seen:
        home = next(
            (i for i, phase in enumerate(phases) if step in phase.steps), None
        )
        if home is None:
            phase = phases[at]
            phases[at] = Phase(phase.name, (*phase.steps, step))
        else:
            at = home
    return tuple(phases)


def current(operation: Operation) -> str | None:
    """Return the step that runs, where the record shows it."""
    if operation.state not in ("pending", "running"):
        return None
    done = (*operation.steps_completed, *operation.steps_failed)
    for phase in plan(operation):
        for step in phase.steps:
            if step not in done:
                return step
    return None


def layout(operation: Operation) -> list[tuple[str, list[Step]]]:
    """Return the phases by name, with each step and its state."""
    running = current(operation)

    def state(step: str) -> str:
        if step in operation.steps_failed:
            return "failed"
        if step in operation.steps_completed:
            return "done"
        return "running" if step == running else "waiting"

    return [
        (phase.name, [Step(step, state(step)) for step in phase.steps])
        for phase in plan(operation)
    ]
