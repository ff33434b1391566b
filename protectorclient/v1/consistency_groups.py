"""Consistency groups: the volumes of a group and their snapshots."""

from __future__ import annotations

import dataclasses
import datetime

from protectorclient._http import adapter as http
from protectorclient._http import microversions, urls
from protectorclient.v1 import _manager, _record
from protectorclient.v1._acting import Actor
from protectorclient.v1.operations import Operation
from protectorclient.v1.protection_groups import Group


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupVolume(_record.Record):
    """A volume in a consistency group."""

    id: str = ""
    name: str | None = None
    #: GiB.
    size: int | None = None
    volume_type: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryPoint(_record.Record):
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
class ConsistencyGroup(_record.Record):
    """The consistency group of a protection group."""

    id: str = ""
    name: str | None = None
    volumes: tuple[GroupVolume, ...] = ()
    #: Newest first.
    recovery_points: tuple[RecoveryPoint, ...] = ()

    @property
    def latest(self) -> RecoveryPoint | None:
        """The newest complete recovery point."""
        for point in self.recovery_points:
            if point.complete:
                return point
        return None

    def complete_at(self, site_id: str | None) -> list[RecoveryPoint]:
        """The complete ones at a site, newest first.

        Where it is not known whose one is, it may be this site's.
        """
        return [
            point
            for point in self.recovery_points
            if point.complete
            and (not site_id or point.site_id in (None, site_id))
        ]

    def latest_at(self, site_id: str | None) -> RecoveryPoint | None:
        """The newest from which a failover to a site could start."""
        for point in self.complete_at(site_id):
            if point.current is not False:
                return point
        return None


# /v1/{project}/protection-groups/{id}/consistency-group
#   GET; /sync: POST


class ConsistencyGroupManager(_manager.Manager):
    """The one consistency group of each protection group."""

    def __init__(self, adapter: http.SiteAdapter, actor: Actor) -> None:
        super().__init__(adapter)
        self._actor = actor

    def _path(self, group: Group, *rest: str) -> str:
        identity = urls.segment(_record.id_of(group), "protection group")
        return self._http.tenant(
            "protection-groups", identity, "consistency-group", *rest
        )

    def get(self, group: Group) -> ConsistencyGroup:
        """Volumes and recovery points; ``GET consistency-group``. *1.0*

        :param group: the group's id, or a record of it.
        :returns: those at this site, sizes in GiB, newest points first.
        :raises NotFound: there is no such group in the project.
        :raises SiteUnreachable: the site gives no answer.
        """
        data = self._http.get(self._path(group), "consistency_group")
        return self._record(ConsistencyGroup, data)

    def sync(
        self,
        group: Group,
        *,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Replicate once; ``POST consistency-group/sync``. *1.0*

        The same as the action `sync_volumes`, and as safe to send.

        :param group: the group's id, or a record of it.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; made up where not given.
        :returns: the operation, just begun.
        :raises InvalidState: the group is moving, or in error.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the primary.
        :raises PolicyMissing: the group has no policy.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        given = None
        if reason is not None:
            self._http.require(microversions.ACTION_REASON)
            given = {"reason": reason}
        return self._actor.start(
            self._path(group, "sync"),
            given,
            group_id=_record.id_of(group),
            operation_type="sync_volumes",
            parameters=given or {},
            request_id=request_id,
        )
