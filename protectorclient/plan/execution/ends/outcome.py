"""What a run amounts to: its exit status, its counts, its document."""

from __future__ import annotations

import collections
from typing import Any

from protectorclient.exit_codes import ExitCode
from protectorclient.plan.execution.state import GroupStatus, RunState


def exit_code(state: RunState) -> ExitCode:
    """Return the exit status of a run, from its state."""
    if state.drill is not None and not state.interrupted:
        left = [o for o in state.groups.values() if o.drill.result == "failed"]
        if left:
            return ExitCode.LEFTOVERS
    if state.stop is not None:
        code = state.stop[1]
        if code != ExitCode.SOME_FAILED or len(state.groups) > 1:
            return ExitCode(code)
    bad = [
        one
        for one in state.groups.values()
        if one.status is not GroupStatus.DONE
    ]
    if not bad:
        # all have moved, and a hook has failed
        return ExitCode(state.stop[1]) if state.stop else ExitCode.OK
    if len(state.groups) == 1 and bad[0].code is not None:
        return ExitCode(bad[0].code)
    return ExitCode.SOME_FAILED


def counts(state: RunState) -> dict[str, int]:
    """Return how many groups are how far."""
    found = collections.Counter(
        str(one.status) for one in state.groups.values()
    )
    return dict(found)


def summary(state: RunState, wave: str | None = None) -> dict[str, Any]:
    """Return a run, or one of its waves, as a document for hooks."""
    return {
        "plan": state.plan.name,
        "run_id": state.run_id,
        "action": state.action,
        "unplanned": state.unplanned,
        "wave": wave,
        "groups": [
            {
                "id": one.id,
                "name": one.name,
                "wave": one.wave,
                "status": str(one.status),
                "operation_id": one.operation_id,
                "why": one.why,
            }
            for one in state.groups.values()
            if wave in (None, one.wave)
        ],
    }
