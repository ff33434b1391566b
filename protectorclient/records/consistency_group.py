"""The records of a consistency group and of its recovery points."""

from __future__ import annotations

import dataclasses
import datetime

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupVolume(base.Record):
    """A volume in a consistency group."""

    id: str = ""
    name: str | None = None
    #: GiB.
    size: int | None = None
    volume_type: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryPoint(base.Record):
    """A replicated snapshot of all volumes at one moment."""

    id: str = ""
    created_at: datetime.datetime | None = None
    #: Only a complete one can be recovered from.
    complete: bool = False
    #: GiB, as the service counts it.
    size: int | float | None = None
    #: The site whose array holds it, where the service tells.
    site_id: str | None = None
    #: Whether it has all volumes of today, where the service tells. One
    #: from before a move has not.
    current: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsistencyGroup(base.Record):
    """The consistency group of a protection group."""

    id: str = ""
    name: str | None = None
    volumes: tuple[GroupVolume, ...] = ()
    #: Newest first.
    recovery_points: tuple[RecoveryPoint, ...] = ()

    @property
    def latest(self) -> RecoveryPoint | None:
        """Return the newest complete recovery point."""
        for point in self.recovery_points:
            if point.complete:
                return point
        return None

    def complete_at(self, site_id: str | None) -> list[RecoveryPoint]:
        """Return the complete recovery points at a site, newest first.

        Where it is not known whose one is, it may be this site's.
        """
        return [
            point
            for point in self.recovery_points
            if point.complete
            and (not site_id or point.site_id in (None, site_id))
        ]

    def latest_at(self, site_id: str | None) -> RecoveryPoint | None:
        """Return the newest point from which a failover to a site can
        start."""
        for point in self.complete_at(site_id):
            if point.current is not False:
                return point
        return None
