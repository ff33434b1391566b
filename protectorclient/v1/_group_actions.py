"""The actions on a protection group, one method each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient._http import conversation as http
from protectorclient._http import microversions, urls
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import Group
from protectorclient.v1 import _manager
from protectorclient.v1._acting import Actor, action_body

if TYPE_CHECKING:
    from protectorclient._http import dry_run

# /v1/{project}/protection-groups/{id}/action: POST


#: Stands for every member, for ``power_on``.
ALL_MEMBERS = ("all",)


def _members(wanted: Collection[str]) -> str | list[str] | None:
    """Return what is sent for ``power_on``."""
    if set(ALL_MEMBERS) & set(wanted):
        return "all"
    return list(wanted) or None


class GroupActions(_manager.Manager):
    """What starts an operation on a group."""

    def __init__(self, adapter: http.Conversation, actor: Actor) -> None:
        super().__init__(adapter)
        self._actor = actor

    def _all(self) -> str:
        return self._http.tenant("protection-groups")

    def _path(self, group: Group, *rest: str) -> str:
        identity = urls.segment(_manager.id_of(group), "protection group")
        return self._http.tenant("protection-groups", identity, *rest)

    def failover(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        force: bool = False,
        power_on: Collection[str] = (),
        keep_addresses: bool = False,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Move the group to the other site; ``POST action``. *1.0*

        Asked of the current primary; with ``force`` of the other site.

        :param group: its id, or a record of it.
        :param network_mapping: ids, source to target.
        :param flavor_mapping: ids or names, source to target.
        :param force: the primary is dead; the site works alone.
        :param power_on: ids of members that start although they are
            stopped at the source; `ALL_MEMBERS` for all of them.
        :param keep_addresses: with ``force``, a member whose address is
            taken fails, instead of getting another one.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :returns: the operation, just begun.
        :raises InvalidState: the group's status does not allow it.
        :raises TestNotCleaned: a test failover is not cleaned up.
        :raises PolicyMissing: the group has no policy.
        :raises MappingIncomplete: a network or flavor in use has no match.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the one to ask.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutOfSync: the two sites hold different metadata.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.act(
            group,
            "failover",
            {
                "network_mapping": network_mapping,
                "flavor_mapping": flavor_mapping,
                "force": force or None,
                "power_on": _members(power_on),
                "keep_addresses": keep_addresses or None,
                "reason": reason,
            },
            request_id=request_id,
        )

    def failback(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        reverse_replication: bool = False,
        power_on: Collection[str] = (),
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Move the group home again; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its id, or a record of it.
        :param network_mapping: ids, source to target.
        :param flavor_mapping: ids or names, source to target.
        :param reverse_replication: replicate towards the other site
            again when done.
        :param power_on: ids of members that start although they are
            stopped at the source; `ALL_MEMBERS` for all of them.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :returns: the operation, just begun.
        :raises InvalidState: the group is not failed over.
        :raises MappingIncomplete: a network or flavor in use has no match.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the one to ask.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutOfSync: the two sites hold different metadata.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.act(
            group,
            "failback",
            {
                "network_mapping": network_mapping,
                "flavor_mapping": flavor_mapping,
                "reverse_replication": reverse_replication or None,
                "power_on": _members(power_on),
                "reason": reason,
            },
            request_id=request_id,
        )

    def test_failover(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        retain_primary: bool = False,
        isolated: bool = False,
        power_on: Collection[str] = (),
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Build test instances at the other site; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its id, or a record of it.
        :param network_mapping: ids, source to target.
        :param flavor_mapping: ids or names, source to target.
        :param retain_primary: the primary's instances go on running;
            otherwise they are stopped until the clean-up.
        :param isolated: in networks of its own, of the same ranges and
            without a router; ``network_mapping`` is not used. A deployment
            that does not know it answers 400.
        :param power_on: ids of members that start although they are
            stopped at the source; `ALL_MEMBERS` for all of them.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :returns: the operation, just begun.
        :raises InvalidState: the group is not ``active``.
        :raises PolicyMissing: the group has no policy.
        :raises MappingIncomplete: a network or flavor in use has no match.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the one to ask.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutOfSync: the two sites hold different metadata.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.act(
            group,
            "test_failover",
            {
                "network_mapping": network_mapping,
                "flavor_mapping": flavor_mapping,
                "retain_primary": retain_primary or None,
                "isolated": isolated or None,
                "power_on": _members(power_on),
                "reason": reason,
            },
            request_id=request_id,
        )

    def test_cleanup(
        self,
        group: Group,
        *,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Remove what a test failover built; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its id, or a record of it.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :returns: the operation, just begun.
        :raises NothingToClean: no test failover is left.
        :raises InvalidState: the group is moving, or in error.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the one to ask.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutOfSync: the two sites hold different metadata.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.act(
            group, "test_cleanup", {"reason": reason}, request_id=request_id
        )

    def sync_volumes(
        self,
        group: Group,
        *,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Replicate once, now; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its id, or a record of it.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :returns: the operation, just begun.
        :raises InvalidState: the group is moving, or in error.
        :raises PolicyMissing: the group has no policy.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the one to ask.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutOfSync: the two sites hold different metadata.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.act(
            group, "sync_volumes", {"reason": reason}, request_id=request_id
        )

    def act(
        self,
        group: Group,
        action: str,
        params: Mapping[str, Any],
        *,
        request_id: str | None = None,
        earlier: Callable[[Operation], object] | None = None,
    ) -> Operation:
        """Start an operation by its action's name; ``POST action``. *1.0*

        A lost answer is followed up as `posting` describes: it is never
        started twice.

        :param group: its id, or a record of it.
        :param action: as the service calls it, such as ``failover``.
        :param params: its parameters; None is not sent.
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :param earlier: called with the operation where it had begun before
            this call: an earlier request with this id has started it.
        :returns: the operation, just begun.
        :raises NameConflict: the request id has started an operation of
            another type.
        :raises Conflict: as the method of that name.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        path, body = self._action(group, action, params)
        return self._actor.start(
            path,
            body,
            group_id=_manager.id_of(group),
            operation_type=action,
            parameters=body[action],
            request_id=request_id,
            earlier=earlier,
        )

    def dry_run(
        self,
        group: Group,
        action: str,
        params: Mapping[str, Any],
        *,
        request_id: str | None = None,
    ) -> dry_run.OutgoingRequest:
        """Make the request of `act`, not sent; ``POST action``. *1.0*

        A token, the version and the project are asked for where they are
        not known; nothing else is sent.

        :param group: its id, or a record of it.
        :param action: as the service calls it, such as ``failover``.
        :param params: its parameters; None is not sent.
        :param request_id: ``req-<uuid>``; made up where not given.
        :returns: the request, byte for byte, its token masked.
        :raises VersionNotSupported: the site is too old for a reason.
        :raises SiteUnreachable: the site gives no answer.
        """
        from protectorclient._http import adapter, dry_run

        path, body = self._action(group, action, params)
        # no other conversation sends an action
        assert isinstance(self._http, adapter.SiteAdapter)
        return dry_run.compose(
            self._http,
            "POST",
            path,
            body=body,
            request_id=request_id or http.new_request_id(),
        )

    def _action(
        self, group: Group, action: str, params: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Return the path and the body of an action, for `act` and
        `dry_run`."""
        self._reason(params.get("reason"))
        return self._path(group, "action"), action_body(action, params)

    def _reason(self, reason: str | None) -> str | None:
        if reason is not None:
            self._http.require(microversions.ACTION_REASON)
        return reason
