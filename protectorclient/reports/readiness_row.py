"""One row of the board of readiness, and the board."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.durations import stamp
from protectorclient.preflight.drift.addresses import Address
from protectorclient.preflight.drift.difference import Difference
from protectorclient.reports.own_history import Band


class Verdict(enum.StrEnum):
    """Whether a group would come back."""

    #: Whole.
    COMES = "comes"
    #: Without some of its members.
    PARTLY = "partly"
    BLOCKED = "blocked"
    #: It runs at the other site.
    RUNS_ON = "runs on"
    #: Somebody does not say what would have to be known.
    UNKNOWN = "not known"


@dataclasses.dataclass(frozen=True)
class GroupReadiness:
    """What would come back of one group, and what it would lose."""

    id: str
    name: str
    #: The cloud's name of the site where it runs.
    primary: str
    verdict: Verdict
    #: What blocks it, or keeps members away, or why that is not known.
    reasons: tuple[str, ...] = ()
    #: When the recovery point was made from which it would come.
    recovery_point: datetime.datetime | None = None
    #: Seconds of data that would be lost.
    loss: float | None = None
    #: How long it would take; None with too few operations of its own.
    duration: Band | None = None
    #: The attributes that the rebuilt instances would not have.
    losses: tuple[Difference, ...] = ()
    #: The addresses that they would not have.
    addresses: tuple[Address, ...] = ()
    #: The members that come back stopped.
    stopped: tuple[str, ...] = ()
    members: int = 0
    #: Its place in the order that loses least; None where it runs on.
    order: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        band, point = self.duration, self.recovery_point
        return {
            "order": self.order,
            "name": self.name,
            "id": self.id,
            "primary": self.primary,
            "verdict": str(self.verdict),
            "reasons": list(self.reasons),
            "recovery_point": stamp(point) if point else None,
            "loss_seconds": self.loss,
            "duration_low_seconds": band.low if band else None,
            "duration_high_seconds": band.high if band else None,
            "duration_samples": band.samples if band else None,
            "duration_of_group": band.of_group if band else None,
            "members": self.members,
            "stopped": list(self.stopped),
            "lost_attributes": [
                {
                    "member": one.member,
                    "attribute": one.attribute,
                    "value": one.protected,
                    "reason": one.message,
                }
                for one in self.losses
            ],
            "lost_addresses": [
                {
                    "member": one.member,
                    "attribute": f"networks[{one.network}].fixed_ip",
                    "value": one.address,
                    "reason": one.why_not,
                }
                for one in self.addresses
            ],
        }


@dataclasses.dataclass(frozen=True)
class Readiness:
    """What would come back if a site died now."""

    #: The clouds' names.
    dead: str
    survivor: str
    #: In the order that loses least; those that run on last.
    groups: tuple[GroupReadiness, ...]
    #: What the groups need of the quotas of the survivor.
    needed: Mapping[str, int] = dataclasses.field(default_factory=dict)
    #: What there is of them; a quota without limit is not here.
    available: Mapping[str, int] = dataclasses.field(default_factory=dict)
    #: Why the site that is thought to be dead gave no answer, if it did not.
    error: exceptions.ProtectorError | None = None

    def count(self, verdict: Verdict) -> int:
        """Return the number of groups with a verdict."""
        return sum(one.verdict is verdict for one in self.groups)

    @property
    def is_well(self) -> bool:
        """Return whether each group comes whole, or runs on."""
        well = (Verdict.COMES, Verdict.RUNS_ON)
        return all(one.verdict in well for one in self.groups)

    @property
    def longest_loss(self) -> float | None:
        """Return the greatest loss of data, in seconds."""
        found = [one.loss for one in self.groups if one.loss is not None]
        return max(found, default=None)

    @property
    def duration(self) -> tuple[float, float] | None:
        """Return how long it would take one after the other, in seconds.

        :returns: None where that of a group is not known.
        """
        moved = [one for one in self.groups if one.order is not None]
        bands = [one.duration for one in moved if one.duration is not None]
        if not moved or len(bands) < len(moved):
            return None
        return sum(one.low for one in bands), sum(one.high for one in bands)

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "if_dead": self.dead,
            "survivor": self.survivor,
            "groups": [one.to_dict() for one in self.groups],
            "verdicts": {str(one): self.count(one) for one in Verdict},
            "longest_loss_seconds": self.longest_loss,
            "needed": dict(self.needed),
            "available": dict(self.available),
        }
