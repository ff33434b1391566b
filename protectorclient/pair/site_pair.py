"""The pair of sites: the client is their coordination layer.

Neither service speaks for the other. Who is primary for a group, which
site a call goes to, at which site a name means what, and where a sync has
to start is found out here, from what both say, or from what the survivor
says when one is dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Self, TypeVar

from protectorclient import exceptions
from protectorclient.config import cloud
from protectorclient.durations import SITE_GRACE
from protectorclient.pair import (
    both_sites,
    follow,
    locate,
    same_site,
    second_cloud,
)
from protectorclient.pair.audit_log import AuditLog
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.location import History, Location, SyncReport
from protectorclient.pair.mirror import MirroredRecords
from protectorclient.pair.moves.sync import MetadataActions
from protectorclient.pair.moves.verbs import PairActions
from protectorclient.pair.reads import compare
from protectorclient.pair.reads.groups import Reads
from protectorclient.pair.site import SiteHandle
from protectorclient.polling import poller as watching
from protectorclient.polling import results
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import Group
from protectorclient.v1 import _manager

if TYPE_CHECKING:
    from openstack.config.loader import OpenStackConfig

T = TypeVar("T")


class SitePair(PairActions, MetadataActions, MirroredRecords):
    """Two sites that protect each other's groups::

        pair = SitePair.open("site-a", "site-b")
        started = pair.failover(
            "prod-web-app",
            network_mapping={"net-primary-web": "net-secondary-web"},
        )

    Which of them is primary is a question for each group; first and
    second are only the order in which they are configured.
    """

    #: The sites with what they have answered; None to ask each time.
    asked: BothSites | None = None

    def __init__(
        self,
        primary: SiteHandle,
        secondary: SiteHandle,
        *,
        site_grace: float = SITE_GRACE,
        choice: str | None = None,
        audit_log: AuditLog | bool = True,
    ) -> None:
        """Make a pair of two sites; nothing is asked yet.

        :param primary: the first of the two.
        :param secondary: the second of the two.
        :param site_grace: seconds that the second site has in a read when
            the first one has answered.
        :param choice: why the second cloud is taken for the other site,
            where nobody has named it.
        :param audit_log: where each action and its result are written, with
            their reason; by default the user's own file. False for nowhere.
        """
        super().__init__(
            primary, secondary, site_grace=site_grace, choice=choice
        )
        if isinstance(audit_log, bool):
            self.audit_log = AuditLog() if audit_log else None
        else:
            self.audit_log = audit_log

    @classmethod
    def open(
        cls,
        primary: str | None = None,
        secondary: str | None = None,
        *,
        api_version: str = "auto",
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        config: OpenStackConfig | None = None,
        site_grace: float = SITE_GRACE,
        audit_log: AuditLog | bool = True,
    ) -> Self:
        """Open two entries of clouds.yaml; mostly nothing is asked yet.

        :param primary: without it what ``OS_CLOUD`` or the other
            ``OS_*`` say.
        :param secondary: without it ``OS_SECONDARY_CLOUD``, or the key
            ``protector_secondary_cloud`` in the primary's entry; else the
            other one of a file of two entries, or the one entry that has
            the ``auth_url`` of the peer's record at the primary, which
            alone is asked for it.
        :param api_version: ``auto``, ``latest``, or one like ``1.1``.
        :param connect_timeout: seconds, 5 by default.
        :param read_timeout: seconds, 30 by default.
        :param config: clouds.yaml as read already.
        :param site_grace: seconds that the second site has in a read when
            the first one has answered.
        :param audit_log: where each action and its result are written, with
            their reason; by default the user's own file. False for nowhere.
        :returns: the two sites.
        :raises ConfigProblem: an entry is missing or cannot be used, or
            none can be taken for the other site.
        """
        config = config or cloud.load_config()

        def opened(name: str | None) -> SiteHandle:
            access = cloud.open_access(name, config=config)
            return SiteHandle(
                access.name,
                access,
                api_version=api_version,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                nameless=access.nameless,
            )

        first = opened(primary)
        choice = second_cloud.choose(secondary, first, config)
        return cls(
            first,
            opened(choice.name),
            site_grace=site_grace,
            choice=choice.why,
            audit_log=audit_log,
        )

    def anew(self) -> SitePair:
        """Make the same pair again, of which nothing is known yet.

        For who looks again after some time: versions and site records are
        asked once by each pair. The sessions stay, with their tokens.

        :returns: a pair of the same two clouds.
        :raises ConfigProblem: a cloud cannot be opened.
        """
        return SitePair(
            self.primary.anew(),
            self.secondary.anew(),
            site_grace=self.site_grace,
            choice=self.choice,
            audit_log=self.audit_log or False,
        )

    def each(
        self,
        ask: Callable[[SiteHandle], T],
        *,
        grace: float | None = None,
    ) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
        """Ask both at once.

        :param ask: the question, to one site.
        :param grace: seconds that a site has when the other one has
            answered; without it each has as long as its timeouts are.
        :returns: answers and errors, each by the clouds' names.
        :raises SameSite: both clouds lead to one site.
        :raises Exception: what a question raises that is not an error of
            this package.
        """
        return BothSites(self.handles, grace=grace).each(ask)

    @property
    def reads(self) -> Reads:
        """Return the reads of groups and operations, each asked of both
        sites."""
        return Reads(self.handles, grace=self.site_grace)

    def need_both(self) -> None:
        """Raise where not both sites of one pair can be asked.

        Each is asked for its site records.

        :raises SiteUnreachable: one of them does not answer.
        :raises AuthenticationFailed: one of them does not let us in.
        :raises SameSite: both clouds lead to one site.
        :raises ConfigProblem: nobody has named the second cloud, and the
            two sites have not registered each other.
        """
        both_sites.need_both(self)

    # Who is who

    def locate(
        self,
        group: Group,
        *,
        unplanned: bool = False,
        grace: float | None = None,
        asked: BothSites | None = None,
    ) -> Location:
        """Find a group and who is primary for it; one dead site is fine.

        :param group: its name or id, or a record of it.
        :param unplanned: a site that refuses our account is taken for
            silent too.
        :param grace: seconds that a site has when the other one has
            answered; without it each has as long as its timeouts are.
        :param asked: the sites, with what they have answered already;
            without it each is asked anew.
        :returns: the group, and which site is what for it.
        :raises NotFound: no site that answers has it.
        :raises NotUnique: the sites know two groups by this name.
        :raises SiteUnreachable: neither site answers.
        :raises SameSite: both clouds lead to one site.
        :raises ConfigProblem: the two sites have not registered each other.
        """
        asked = asked or self.asked or BothSites(self.handles, grace=grace)
        return locate.locate(asked, group, unplanned=unplanned)

    def remember(self) -> BothSites:
        """Keep what both sites answer to `locate` and `prepare` from here.

        For a command that changes nothing and looks several times. What is
        sent, and what is asked when a person has answered, must not rest
        on what was kept.

        :returns: the sites, of whose answers nothing is kept yet.
        """
        self.asked = BothSites(self.handles, grace=None)
        return self.asked

    # Metadata

    def sync_status(
        self, group: Group, *, grace: float | None = SITE_GRACE
    ) -> SyncReport:
        """Return how both sites' metadata compare, as each of them sees it.

        Where one is silent the other is asked for itself alone: its
        service would wait for the silent one too.

        :param group: its name or id, or a record of it.
        :param grace: seconds that a site has when the other one has
            answered; None for as long as its own timeouts are.
        :returns: one status, what each site says, and why one does not.
        :raises NotFound: no site that answers has it.
        :raises SiteUnreachable: neither site answers.
        """
        asked = BothSites(self.handles, grace=grace)
        return compare.compare(asked, group)

    # History

    def operations(
        self,
        *,
        group: Group | None = None,
        protection_group_id: str | None = None,
        operation_type: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> History:
        """List the operations of both sites, newest first.

        :param group: only those of this group; its name or id.
        :param protection_group_id: only those of the group of this id.
        :param operation_type: only those of this type.
        :param status: only those in this status.
        :param limit: stop after so many.
        :param marker: begin after the operation of this id.
        :returns: operations and where they are known, and why a site
            said nothing.
        :raises NotFound: no site has the group, or the operation that is
            the marker.
        :raises SiteUnreachable: neither site answers.
        """
        return self.reads.operations(
            group=group,
            protection_group_id=protection_group_id,
            operation_type=operation_type,
            status=status,
            limit=limit,
            marker=marker,
        )

    def operation(self, operation_id: str) -> tuple[Operation, SiteHandle]:
        """Return an operation and the site that knows it: both are asked.

        :param operation_id: ``op-<uuid>``.
        :returns: its record, and the site.
        :raises NotFound: both say that there is none.
        :raises OperationUnknown: one says so, the other says nothing.
        """
        found = self.reads.operation(operation_id)
        return found.value, found.site

    def wait(
        self,
        operation: Operation | str,
        *,
        timeout: float | None = None,
        on_event: Callable[[watching.Event], object] | None = None,
        pace: watching.Pace | None = None,
    ) -> Operation:
        """Follow an operation to its end, whichever site has started it.

        :param operation: its id, or a record of it.
        :param timeout: seconds; without it as long as it takes.
        :param on_event: called with what happens on the way.
        :param pace: how often to ask, and when to give up.
        :returns: the record of a completed operation.
        :raises OperationError: as `OperationManager.wait`.
        """
        events = self.watch([operation], timeout=timeout, pace=pace)
        return results.result(events, on_event)

    def watch(
        self,
        operations: Iterable[Operation | str],
        *,
        timeout: float | None = None,
        pace: watching.Pace | None = None,
    ) -> Iterator[watching.Event]:
        """Follow several of both sites: what happens, as typed events.

        :param operations: their ids, or records of them.
        :param timeout: seconds; without it as long as it takes.
        :param pace: how often to ask, and when to give up.
        :returns: events as they happen, to the end of the last one.
        :raises BadArgument: an operation is neither an id nor a record.
        :raises SameSite: both clouds lead to one site.
        """
        same_site.refuse_one(*self.handles)
        return follow.follow(
            self,
            [_manager.id_of(operation) for operation in operations],
            timeout=timeout,
            pace=pace,
        )
