"""Replicate once more before a planned move, while the group runs.

Two requests with ids of their own: what a sync begins is never taken for
the move. The move is prepared anew after it, since the world may be another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.pair.moves.action import PreparedAction

if TYPE_CHECKING:
    from protectorclient.pair.guards import Expect
    from protectorclient.pair.moves.action import StartedOperation
    from protectorclient.records.operation import Operation

#: The actions that it may stand before, in their planned form.
MOVES = frozenset({"failover", "failback"})


def of(move: PreparedAction) -> PreparedAction:
    """Prepare the sync that runs before a planned move.

    :raises UsageProblem: the move is unplanned, or no move at all.
    """
    refuse_unplanned(bool(move.options.get("force")))
    if move.action not in MOVES:
        raise exceptions.UsageProblem(
            f"only a failover or a failback has a sync before it, not a"
            f" {move.action}"
        )
    return PreparedAction(
        action="sync_volumes",
        site=move.site,
        located=move.located,
        options={"reason": move.options.get("reason")},
        reason=move.reason,
        audit_log=move.audit_log,
    )


def before(expect: Expect | None) -> Expect | None:
    """Return what must hold before the sync: all but what it makes true."""
    if expect is None:
        return None
    return dataclasses.replace(expect, max_recovery_point_age=None)


def refuse_unplanned(unplanned: bool) -> None:
    """Raise for an unplanned failover.

    :raises UsageProblem: it is one.
    """
    if unplanned:
        raise exceptions.UsageProblem(
            "an unplanned failover has no sync before it: it is for a primary"
            " that is down"
        )


def run(
    before: Callable[[], PreparedAction],
    after: Callable[[], PreparedAction],
    hold: Callable[[PreparedAction], object],
) -> StartedOperation:
    """Send the sync, wait for its end, and send the move.

    :param before: prepares the move before the sync.
    :param after: prepares it when that has completed.
    :param hold: raises where the sync must not be sent.
    """
    move = before()
    first = of(move)
    hold(move)
    started = first.send()
    synced = wait(started)
    return dataclasses.replace(after().send(), synced=synced)


def wait(started: StartedOperation) -> Operation:
    """Wait at its site until a sync has ended.

    :raises OperationError: it has not completed, or nobody knows.
    """
    return started.site.client.operations.wait(started.operation)
