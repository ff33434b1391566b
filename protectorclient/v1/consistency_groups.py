"""Consistency groups: the volumes of a group and their snapshots."""

from __future__ import annotations

from protectorclient._http import conversation as http
from protectorclient._http import microversions, urls
from protectorclient.records.consistency_group import (
    ConsistencyGroup,
)
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import Group
from protectorclient.v1 import _manager
from protectorclient.v1._acting import Actor

# /v1/{project}/protection-groups/{id}/consistency-group
#   GET; /sync: POST


class ConsistencyGroupManager(_manager.Manager):
    """The one consistency group of each protection group."""

    def __init__(self, adapter: http.Conversation, actor: Actor) -> None:
        super().__init__(adapter)
        self._actor = actor

    def _path(self, group: Group, *rest: str) -> str:
        identity = urls.segment(_manager.id_of(group), "protection group")
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
            group_id=_manager.id_of(group),
            operation_type="sync_volumes",
            parameters=given or {},
            request_id=request_id,
        )
