"""The public `SitePair`: what moves groups, and what reports on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from protectorclient.pair import site_pair
from protectorclient.records.protection_group import Group

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import PreparedAction
    from protectorclient.records.operation import Operation
    from protectorclient.reports.drift import DriftReport
    from protectorclient.reports.fidelity import FidelityReport
    from protectorclient.reports.readiness import Readiness


class SitePair(site_pair.SitePair):
    __doc__ = site_pair.SitePair.__doc__

    def _hold_sync(self, move: PreparedAction) -> None:
        """Raise where nothing may be replicated before a move.

        :param move: what comes after the sync.
        :raises CertainRefusal: instances run beside the group where it goes.
        """
        from protectorclient.preflight import refusals

        refusals.hold_first_sync(move)

    def drift(self, groups: Iterable[Group] = ()) -> DriftReport:
        """Compare protected groups with what is at both sites now.

        Found are what changed since members were added, instances of the
        same networks that no group protects, addresses that are taken at
        the target, attributes that would be lost there, and quotas that
        are not enough. Both sites are asked for one list of each kind of
        resource, however many groups there are; a reader's token is enough.
        Nothing is changed.

        :param groups: names, ids or records; without any, all.
        :returns: the groups by name, each with its differences, and why a
            site gave no answer.
        :raises NotFound: a group is at no site that answers.
        :raises SiteUnreachable: neither site answers.
        :raises SameSite: both clouds lead to one site.
        """
        from protectorclient.reports import drift

        return drift.look(self.reads, groups)

    def readiness(
        self, *, if_dead: str, groups: Iterable[Group] = ()
    ) -> Readiness:
        """Find what would come back at one site if the other one died now.

        For each group: whether an unplanned failover would bring it back,
        and what blocks it; from which recovery point, and how many seconds
        of data are lost; how long it would take, by the operations of both
        sites; which attributes and addresses its members would lose. The
        site that dies need not answer. Each site is asked what ``status``
        asks, and the survivor for one list of each kind of resource; a
        reader's token is enough. Nothing is changed.

        :param if_dead: the site that dies, by its cloud's name or its own.
        :param groups: names, ids or records; without any, all.
        :returns: the groups in the order that loses least, and what they
            need of the survivor's quotas.
        :raises BadArgument: it is neither of the two sites.
        :raises NotFound: a group is at no site that answers.
        :raises SiteUnreachable: the survivor does not answer.
        :raises SameSite: both clouds lead to one site.
        """
        from protectorclient.reports import readiness

        return readiness.look(self.reads, if_dead, groups)

    def fidelity(self, operation: Operation | str) -> FidelityReport:
        """Compare the instances that an operation has rebuilt with their
        sources, attribute by attribute.

        Each site is asked for one list of each kind of resource; a reader's
        token is enough. Of a source that is gone, or whose site does not
        answer, what the metadata hold is compared. Nothing is changed.

        :param operation: a failover, a failback or a test failover that has
            completed; its id, or a record of it.
        :returns: each attribute with its verdict, and whether the baseline
            of the group has it.
        :raises UsageProblem: the operation builds no instances.
        :raises GuardRefused: it has not completed.
        :raises NotFound: no site that answers has it.
        :raises ProtectorError: its instances are not there any more, or the
            baseline cannot be read.
        """
        from protectorclient.reports import fidelity

        return fidelity.look(self, operation)
