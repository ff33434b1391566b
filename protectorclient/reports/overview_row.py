"""One row of the overview."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from protectorclient.preflight import copies
from protectorclient.records.operation import Operation

#: What a row is made from of a group's record: a site is asked for no more,
#: beside the id.
FIELDS = (
    "name",
    "status",
    "current_primary_site_id",
    "failover_count",
    "metadata_version",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One group."""

    id: str
    name: str
    status: str
    #: The cloud's name of the site where it runs.
    primary: str
    #: None where nobody could tell.
    in_sync: bool | None
    #: As the service says, or why it is not known.
    sync_status: str
    #: The site that answers and does not know the group.
    unknown_at: str | None
    #: Seconds; None where there is no recovery point, or nobody tells.
    lag: float | None
    #: Whether there is a recovery point; None where nobody tells.
    has_point: bool | None
    #: Seconds.
    rpo: float | None
    #: None where no site could tell.
    ready: bool | None
    #: Why it is not ready, or why that is not known.
    reasons: tuple[str, ...]
    last_drill: Operation | None
    last_operation: Operation | None
    #: Instances that run beside the group; None where a site that could
    #: have them does not tell.
    live_copies: tuple[copies.Copy, ...] | None
    #: Why operations may be missing: a site that was not asked has its own.
    silent: str | None
    #: Whether that one does not answer, or does not let us in.
    is_dead: bool
    #: Whether the questions came to it: a proxy or a certificate stops them.
    is_reached: bool
    #: Now, by the clock of a site that answered.
    now: datetime.datetime

    @property
    def dead(self) -> str | None:
        """Return the site that does not answer, if one does not."""
        return self.silent if self.is_dead else None

    @property
    def unasked(self) -> str | None:
        """Return what a site says for what it leaves open."""
        if self.silent is None:
            return None
        if not self.is_reached:
            return f"{self.silent} not reached"
        return f"{self.silent} {'dead' if self.is_dead else 'refuses'}"

    @property
    def drill_age(self) -> float | None:
        """Seconds since the last drill that succeeded."""
        if self.last_drill is None or self.last_drill.completed_at is None:
            return None
        age = self.now - self.last_drill.completed_at
        return max(0.0, age.total_seconds())

    @property
    def within_rpo(self) -> bool | None:
        """Return whether the lag is what was agreed."""
        if self.rpo is None or self.has_point is None:
            return None
        return self.lag is not None and self.lag <= self.rpo

    @property
    def is_well(self) -> bool:
        """Return whether the group could move now, by the answers of both
        sites.

        What is not known is not well. How earlier operations ended is
        history.
        """
        return (
            self.ready is True
            and self.in_sync is True
            and self.within_rpo is not False
            and not self.live_copies
        )

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "name": self.name,
            "id": self.id,
            "primary": self.primary,
            "status": self.status,
            "in_sync": self.in_sync,
            "sync_status": self.sync_status,
            "replication_lag_seconds": self.lag,
            "rpo_seconds": self.rpo,
            "within_rpo": self.within_rpo,
            "ready": self.ready,
            "reasons": list(self.reasons),
            "last_drill": _short(self.last_drill),
            "last_drill_age_seconds": self.drill_age,
            "last_operation": _short(self.last_operation),
            "dead_site": self.dead,
            "live_copies": None
            if self.live_copies is None
            else [copy.to_dict() for copy in self.live_copies],
        }


def _short(operation: Operation | None) -> dict[str, Any] | None:
    if operation is None:
        return None
    sent = operation.to_dict()
    fields = ("id", "operation_type", "status", "started_at", "completed_at")
    return {field: sent.get(field) for field in fields}
