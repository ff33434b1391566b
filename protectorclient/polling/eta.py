"""Estimate when an operation ends, from earlier operations."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

#: From so many on, operations of the same group alone are used.
_ENOUGH = 3
#: The least number from which a usual time is computed.
FEWEST = 5


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The time that is left, estimated from earlier operations."""

    #: How many it rests on.
    count: int
    #: Whether those were of the same group.
    same_group: bool
    #: Seconds; None where this one takes longer than any of them did.
    left: float | None


def remaining(
    operation: Operation, history: Iterable[Operation], elapsed: float
) -> Estimate | None:
    """Estimate the time left; None where no earlier operation is known.

    :param history: operations of its site.
    :param elapsed: seconds since it began.
    """
    alike = [
        (seconds, past.protection_group_id == operation.protection_group_id)
        for past in history
        if past.id != operation.id
        and past.operation_type == operation.operation_type
        and past.state == "completed"
        and _forced(past) == _forced(operation)
        and (seconds := duration(past)) is not None
    ]
    own = [seconds for seconds, same in alike if same]
    same_group = len(own) >= _ENOUGH
    taken = own if same_group else [seconds for seconds, _ in alike]
    if not taken:
        return None
    longer = [seconds - elapsed for seconds in taken if seconds > elapsed]
    left = statistics.median(longer) if longer else None
    return Estimate(len(taken), same_group, left)


def duration(operation: Operation) -> float | None:
    """Return the seconds that a finished operation took."""
    began, ended = operation.started_at, operation.completed_at
    if began is None or ended is None or ended < began:
        return None
    return (ended - began).total_seconds()


def usual_limit(taken: Sequence[float]) -> float | None:
    """Return the 95th percentile; None where too few are known."""
    if len(taken) < FEWEST:
        return None
    return sorted(taken)[math.ceil(0.95 * len(taken)) - 1]


def _forced(operation: Operation) -> bool:
    return bool(operation.parameters.get("force"))
