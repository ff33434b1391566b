"""Send the actions of a pair to the right site, one method each."""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable, Collection, Mapping

from protectorclient.mapping.files import MappingFile
from protectorclient.pair import guards
from protectorclient.pair.audit_log import AuditLog
from protectorclient.pair.location import Location
from protectorclient.pair.moves import first_sync, prepare
from protectorclient.pair.moves.action import PreparedAction, StartedOperation
from protectorclient.records.protection_group import Group


class PairActions(abc.ABC):
    """The actions on a group of both sites together."""

    #: Why the second cloud is taken for the other site, where nobody has
    #: named it.
    choice: str | None = None
    #: Where each action and its result are written; None for nowhere.
    audit_log: AuditLog | None = None

    @abc.abstractmethod
    def locate(self, group: Group, *, unplanned: bool = False) -> Location:
        """Find a group and who is primary for it."""

    def failover(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        mapping_file: MappingFile | None = None,
        unplanned: bool = False,
        accept_divergence: bool = False,
        power_on: Collection[str] = (),
        keep_addresses: bool = False,
        reason: str | None = None,
        expect: guards.Expect | None = None,
        sync_first: bool = False,
    ) -> StartedOperation:
        """Move a group to the other site; ``POST action``. *1.0*

        Asked of the current primary; with ``unplanned`` of the other site.

        :param group: its name or id, or a record of it.
        :param network_mapping: names or ids, source to target.
        :param flavor_mapping: names or ids, source to target.
        :param mapping_file: mappings below those given by themselves.
        :param unplanned: without the primary, which must not answer.
        :param accept_divergence: unplanned even if the primary answers:
            both sites then run the group.
        :param power_on: names or ids of members that start although they
            are stopped at the source; ``all`` for all of them.
        :param keep_addresses: unplanned, a member whose address is taken
            fails, instead of getting another one.
        :param reason: why; for the audit log, and kept with the
            operation. *1.2*
        :param expect: conditions to be looked at first.
        :param sync_first: replicate once more while the group runs, wait for
            that, then move: two operations; see `StartedOperation.synced`.
        :returns: the operation begun, and the site that runs it.
        :raises NotFound: a name in a mapping, or the group.
        :raises NotUnique: a name that several share.
        :raises PrimaryAnswers: unplanned, and the primary answers.
        :raises GuardRefused: a condition of `expect` does not hold.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises Conflict: the site refuses it, as a method of
            `ProtectionGroupManager` of this name tells.
        :raises OperationError: the sync before it did not complete; no move
            was begun.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        if sync_first:
            first_sync.refuse_unplanned(unplanned)
        ready = functools.partial(
            self.prepare,
            "failover",
            group,
            network_mapping=network_mapping,
            flavor_mapping=flavor_mapping,
            mapping_file=mapping_file,
            unplanned=unplanned,
            accept_divergence=accept_divergence,
            power_on=power_on,
            keep_addresses=keep_addresses,
            reason=reason,
        )
        return self._move(ready, expect, synced=sync_first)

    def failback(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        mapping_file: MappingFile | None = None,
        reverse_replication: bool = False,
        power_on: Collection[str] = (),
        reason: str | None = None,
        expect: guards.Expect | None = None,
        sync_first: bool = False,
    ) -> StartedOperation:
        """Move a group back to its primary site; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its name or id, or a record of it.
        :param network_mapping: names or ids, source to target.
        :param flavor_mapping: names or ids, source to target.
        :param mapping_file: mappings below those given by themselves.
        :param reverse_replication: replicate towards the other site
            again when done.
        :param power_on: names or ids of members that start although they
            are stopped at the source; ``all`` for all of them.
        :param reason: why; for the audit log, and kept with the
            operation. *1.2*
        :param expect: conditions to be looked at first.
        :param sync_first: replicate once more while the group runs, wait for
            that, then move: two operations; see `StartedOperation.synced`.
        :returns: the operation begun, and the site that runs it.
        :raises NotFound: a name in a mapping, or the group.
        :raises NotUnique: a name that several share.
        :raises GuardRefused: a condition of `expect` does not hold.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises Conflict: the site refuses it, as a method of
            `ProtectionGroupManager` of this name tells.
        :raises OperationError: the sync before it did not complete; no move
            was begun.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        ready = functools.partial(
            self.prepare,
            "failback",
            group,
            network_mapping=network_mapping,
            flavor_mapping=flavor_mapping,
            mapping_file=mapping_file,
            reverse_replication=reverse_replication,
            power_on=power_on,
            reason=reason,
        )
        return self._move(ready, expect, synced=sync_first)

    def _move(
        self,
        ready: Callable[..., PreparedAction],
        expect: guards.Expect | None,
        *,
        synced: bool,
    ) -> StartedOperation:
        """Send a move, where it is asked for after a sync.

        :param ready: prepares it, under conditions.
        """
        if not synced:
            return ready(expect=expect).send()
        return first_sync.run(
            lambda: ready(expect=first_sync.before(expect)),
            lambda: ready(expect=expect),
            self._hold_sync,
        )

    def _hold_sync(self, move: PreparedAction) -> None:
        """Raise where nothing may be replicated before a move.

        :param move: what comes after the sync.
        :raises CertainRefusal: instances run beside the group where it goes.
        """
        # what is asked of the clouds is known to the reports alone
        return

    def test_failover(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        mapping_file: MappingFile | None = None,
        retain_primary: bool = False,
        isolated: bool = False,
        power_on: Collection[str] = (),
        reason: str | None = None,
        expect: guards.Expect | None = None,
    ) -> StartedOperation:
        """Build test instances at the other site; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its name or id, or a record of it.
        :param network_mapping: names or ids, source to target.
        :param flavor_mapping: names or ids, source to target.
        :param mapping_file: mappings below those given by themselves.
        :param retain_primary: the primary's instances go on running;
            otherwise they are stopped until the clean-up.
        :param isolated: in networks of its own, of the same ranges and
            without a router; network mappings are not used.
        :param power_on: names or ids of members that start although they
            are stopped at the source; ``all`` for all of them.
        :param reason: why; for the audit log, and kept with the
            operation. *1.2*
        :param expect: conditions to be looked at first.
        :returns: the operation begun, and the site that runs it.
        :raises NotFound: a name in a mapping, or the group.
        :raises NotUnique: a name that several share.
        :raises GuardRefused: a condition of `expect` does not hold.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises Conflict: the site refuses it, as a method of
            `ProtectionGroupManager` of this name tells.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare(
            "test_failover",
            group,
            network_mapping=network_mapping,
            flavor_mapping=flavor_mapping,
            mapping_file=mapping_file,
            retain_primary=retain_primary,
            isolated=isolated,
            power_on=power_on,
            reason=reason,
            expect=expect,
        ).send()

    def test_cleanup(
        self,
        group: Group,
        *,
        reason: str | None = None,
        expect: guards.Expect | None = None,
    ) -> StartedOperation:
        """Remove what a test failover built; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its name or id, or a record of it.
        :param reason: why; for the audit log, and kept with the
            operation. *1.2*
        :param expect: conditions to be looked at first.
        :returns: the operation begun, and the site that runs it.
        :raises NotFound: no site that answers has the group.
        :raises NotUnique: the sites know two groups by this name.
        :raises GuardRefused: a condition of `expect` does not hold.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises Conflict: the site refuses it, as a method of
            `ProtectionGroupManager` of this name tells.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare(
            "test_cleanup",
            group,
            reason=reason,
            expect=expect,
        ).send()

    def sync_volumes(
        self,
        group: Group,
        *,
        reason: str | None = None,
        expect: guards.Expect | None = None,
    ) -> StartedOperation:
        """Replicate once, now; ``POST action``. *1.0*

        Asked of the current primary.

        :param group: its name or id, or a record of it.
        :param reason: why; for the audit log, and kept with the
            operation. *1.2*
        :param expect: conditions to be looked at first.
        :returns: the operation begun, and the site that runs it.
        :raises NotFound: no site that answers has the group.
        :raises NotUnique: the sites know two groups by this name.
        :raises GuardRefused: a condition of `expect` does not hold.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises Conflict: the site refuses it, as a method of
            `ProtectionGroupManager` of this name tells.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare(
            "sync_volumes",
            group,
            reason=reason,
            expect=expect,
        ).send()

    def prepare(
        self,
        action: str,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        unplanned: bool = False,
        accept_divergence: bool = False,
        retain_primary: bool = False,
        reverse_replication: bool = False,
        power_on: Collection[str] = (),
        keep_addresses: bool = False,
        isolated: bool = False,
        reason: str | None = None,
        mapping_file: MappingFile | None = None,
        expect: guards.Expect | None = None,
    ) -> PreparedAction:
        """Make an action ready to be sent to the right site.

        :param action: as the service calls it: ``failover``,
            ``failback``, ``test_failover``, ``test_cleanup``,
            ``sync_volumes``.
        :param group: its name or id, or a record of it.
        :param network_mapping: names or ids, source to target.
        :param flavor_mapping: names or ids, source to target.
        :param unplanned: a failover without the primary, which must not
            answer.
        :param accept_divergence: unplanned even if it does.
        :param retain_primary: of a test failover.
        :param reverse_replication: of a failback.
        :param power_on: names or ids of members that start although they
            are stopped at the source; ``all`` for all of them.
        :param keep_addresses: unplanned, a member whose address is taken
            fails, instead of getting another one.
        :param isolated: of a test failover: in networks of its own, without
            a router; network mappings are not used.
        :param reason: why; for the audit log, and kept with the
            operation. *1.2*
        :param mapping_file: mappings below those given by themselves.
        :param expect: conditions to be looked at first.
        :returns: the request; nothing is sent before its `send`.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises PrimaryAnswers: unplanned, and the primary lives.
        :raises GuardRefused: the world is not as expected.
        :raises NotFound: a name in a mapping, or the group.
        :raises NotUnique: a name in a mapping that several share.
        :raises BadArgument: there is no such action.
        """
        located = self.locate(group, unplanned=unplanned)
        prepared = prepare.prepare(
            located,
            action,
            network_mapping=network_mapping,
            flavor_mapping=flavor_mapping,
            unplanned=unplanned,
            accept_divergence=accept_divergence,
            retain_primary=retain_primary,
            reverse_replication=reverse_replication,
            power_on=power_on,
            keep_addresses=keep_addresses,
            isolated=isolated,
            reason=reason,
            mapping_file=mapping_file,
            expect=expect,
            audit_log=self.audit_log,
        )
        if self.choice is None or located.dead is None:
            return prepared
        # a dead site cannot say whether it is the right one
        return dataclasses.replace(
            prepared, warnings=(self.choice, *prepared.warnings)
        )
