"""How long operations took here: a band of the pair's own history."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from protectorclient.records.operation import Operation

#: The operations that rebuild a group from a recovery point.
_REBUILD = frozenset({"failover", "failback", "test_failover"})
#: With fewer samples nothing is known.
FEWEST = 5
#: Of many the newest count.
_MOST = 20


@dataclasses.dataclass(frozen=True)
class Band:
    """The shortest and the longest of some operations, in seconds."""

    low: float
    high: float
    samples: int
    #: Whether they are of the group itself; else of all groups.
    of_group: bool = True

    @property
    def middle(self) -> float:
        """Return what stands between both, in seconds."""
        return (self.low + self.high) / 2


def band(
    operations: Iterable[Operation], group: str | None = None
) -> Band | None:
    """Return the band of the newest operations that rebuilt instances.

    :param operations: of both sites, newest first.
    :param group: the id of the group; where it has too few, those of all
        groups count.
    :returns: None with fewer than `FEWEST`.
    """
    found = [
        (one.protection_group_id, seconds)
        for one in operations
        if (seconds := _seconds(one)) is not None
    ]
    own = [seconds for identity, seconds in found if identity == group]
    for times, of_group in ((own, True), ([s for _, s in found], False)):
        if len(times) >= FEWEST:
            newest = times[:_MOST]
            return Band(min(newest), max(newest), len(newest), of_group)
    return None


def _seconds(operation: Operation) -> float | None:
    """Return how long an operation took that rebuilt a group."""
    if (
        operation.operation_type not in _REBUILD
        or operation.state != "completed"
        or operation.started_at is None
        or operation.completed_at is None
    ):
        return None
    took = operation.completed_at - operation.started_at
    return max(0.0, took.total_seconds())
