"""The two sites together: the client is what coordinates them.

Neither service speaks for the other. Who is primary for a group, which
site a call goes to, at which site a name means what, and where a sync has
to start is found out here, from what both say, or from what the survivor
says when one is dead.
"""

from __future__ import annotations

import concurrent.futures
import datetime
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from protectorclient import (
    cloud,
    endings,
    exceptions,
    following,
    locating,
    preparing,
    remedy,
)
from protectorclient import watch as watching
from protectorclient.located import (
    History,
    Located,
    SyncReport,
    rank,
    together,
)
from protectorclient.pairactions import PairActions
from protectorclient.sitehandle import SILENT, SiteHandle
from protectorclient.v1 import _record
from protectorclient.v1.operations import Operation
from protectorclient.v1.protection_groups import (
    Group,
    SyncStatus,
)

if TYPE_CHECKING:
    from openstack.config.loader import OpenStackConfig

T = TypeVar("T")

_BEGINNING = datetime.datetime.min.replace(tzinfo=datetime.UTC)


class SitePair(PairActions):
    """Two sites that protect each other's groups::

        pair = SitePair.open("site-a", "site-b")
        started = pair.failover(
            "prod-web-app",
            network_mapping={"net-primary-web": "net-secondary-web"},
        )

    Which of them is primary is a question for each group; first and
    second are only the order in which they are configured.
    """

    def __init__(self, primary: SiteHandle, secondary: SiteHandle) -> None:
        #: The first of the two configured clouds.
        self.primary = primary
        #: The second of the two configured clouds.
        self.secondary = secondary

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
    ) -> SitePair:
        """Open two entries of clouds.yaml; nothing is asked yet.

        :param primary: without it what ``OS_CLOUD`` or the other
            ``OS_*`` say.
        :param secondary: without it ``OS_SECONDARY_CLOUD``, or the key
            ``protector_secondary_cloud`` in the primary's entry.
        :param api_version: ``auto``, ``latest``, or one like ``1.1``.
        :param connect_timeout: seconds, 5 by default.
        :param read_timeout: seconds, 30 by default.
        :param config: clouds.yaml as read already.
        :returns: the two sites.
        :raises ConfigProblem: an entry is missing or cannot be used.
        """
        config = config or cloud.load_config()
        first = cloud.open_access(primary, config=config)
        name = cloud.secondary_name(secondary, first)
        second = cloud.open_access(name, config=config)
        return cls(
            *(
                SiteHandle(
                    access.name,
                    access,
                    api_version=api_version,
                    connect_timeout=connect_timeout,
                    read_timeout=read_timeout,
                )
                for access in (first, second)
            )
        )

    @property
    def either(self) -> str:
        """Both names, for a sentence about one of the two."""
        return f"{self.primary.name} or {self.secondary.name}"

    @property
    def handles(self) -> tuple[SiteHandle, SiteHandle]:
        """Both sites."""
        return self.primary, self.secondary

    def handle(self, name: str) -> SiteHandle:
        """A site by its cloud's name, its site's name or its site id.

        :param name: any of the three.
        :returns: the one of the two that is meant.
        :raises NotFound: neither of the two is called so.
        """
        for handle in self.handles:
            if handle.name == name:
                return handle
        for handle in self.handles:
            try:
                if name in (handle.local.name, handle.local.id):
                    return handle
            except SILENT:
                continue
        names = " and ".join(handle.name for handle in self.handles)
        raise exceptions.NotFound(
            f"no site is called '{name}': there are {names}"
        )

    def each(
        self, ask: Callable[[SiteHandle], T]
    ) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
        """Ask both at once.

        :param ask: the question, to one site.
        :returns: answers and errors, each by the clouds' names.
        :raises Exception: what a question raises that is not an error of
            this package.
        """
        answers: dict[str, T] = {}
        errors: dict[str, exceptions.ProtectorError] = {}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            asked = {
                handle.name: pool.submit(ask, handle)
                for handle in self.handles
            }
            for name, future in asked.items():
                try:
                    answers[name] = future.result()
                except exceptions.ProtectorError as error:
                    errors[name] = error
        return answers, errors

    # Who is who

    def locate(self, group: Group, *, unplanned: bool = False) -> Located:
        """Find a group and who is primary for it; one dead site is fine.

        :param group: its name or id, or a record of it.
        :param unplanned: a site that refuses our account is taken for
            silent too.
        :returns: the group, and which site is what for it.
        :raises NotFound: no site that answers has it.
        :raises NotUnique: the sites know two groups by this name.
        :raises SiteUnreachable: neither site answers.
        """
        wanted = _record.id_of(group)
        answers, errors = self.each(
            lambda handle: (
                handle.local,
                handle.client.protection_groups.find(wanted),
            )
        )
        excused: tuple[type[exceptions.ProtectorError], ...] = (
            *SILENT,
            exceptions.NotFound,
        )
        if unplanned and answers:
            excused = (*excused, exceptions.AuthenticationFailed)
        for error in errors.values():
            if not isinstance(error, excused):
                raise error
        return locating.settle(self, wanted, answers, errors)

    def beside(self, handle: SiteHandle) -> SiteHandle:
        """The other one of the two.

        :param handle: one of them.
        :returns: the one that it is not; the first, for any other.
        :raises ProtectorError: never; nothing is asked.
        """
        return self.secondary if handle is self.primary else self.primary

    # Metadata

    def sync_status(self, group: Group) -> SyncReport:
        """How both sites' metadata compare, as each of them sees it.

        :param group: its name or id, or a record of it.
        :returns: one status, what each site says, and why one does not.
        :raises NotFound: no site that answers has it.
        :raises SiteUnreachable: neither site answers.
        """
        located = self.locate(group)
        sides: dict[str, SyncStatus] = {}
        errors = dict(located.errors)
        found, failed = self.each(lambda handle: self._side(located, handle))
        errors.update(failed)
        sides.update({k: v for k, v in found.items() if v is not None})
        for error in errors.values():
            if not isinstance(error, (*SILENT, exceptions.NotFound)):
                raise error
        return SyncReport(
            status=together(sides, errors),
            sides=sides,
            errors=errors,
            located=located,
        )

    def _side(self, located: Located, handle: SiteHandle) -> SyncStatus | None:
        if handle.name in located.errors:
            return None
        return handle.client.protection_groups.sync_status(located.group.id)

    def sync_force(
        self, group: Group, *, winner: str | None = None
    ) -> SyncStatus:
        """Copy the metadata of the side that is ahead to the other one.

        :param group: its name or id, or a record of it.
        :param winner: the site whose metadata are kept, where both have
            changed; its cloud's or site's name.
        :returns: how both sides compare after that.
        :raises MetadataConflict: both have changed, and a winner is
            needed; or the other site has deleted the group.
        :raises WrongSite: the winner is behind, and there is no conflict:
            see `discard`.
        :raises PeerUnreachable: the other site does not answer.
        """
        located = self.locate(group)
        if winner is not None:
            start = self.handle(winner)
            preparing.need(located, start)
        else:
            start = self._ahead(located)
        groups = start.client.protection_groups
        try:
            return groups.sync_force(located.group.id)
        except exceptions.MetadataConflict as error:
            # force decides a conflict, and is sent where there is one: it
            # must not overwrite a side that is only ahead
            if winner is not None:
                return groups.sync_force(located.group.id, force=True)
            locating.tell_deletion(located, start, error)
            raise
        except exceptions.WrongSite as error:
            if winner is not None:
                named = shlex.join([located.group.name, "--winner", winner])
                error.hint = f"{remedy.GROUP} reconcile {named}"
            raise

    def discard(
        self, group: Group, *, winner: str, version: int
    ) -> tuple[Operation, SiteHandle]:
        """Make the side that is behind the winner: the way back from an
        unplanned failover that was a mistake.

        What the other site runs of the group is stopped, a snapshot of each
        of its volumes is kept there and named in the operation's
        ``result_data["stale_removed"]``, and it is deleted; then both sites
        hold the winner's metadata.

        :param group: its name or id, or a record of it.
        :param winner: the site whose copy stays; its cloud's or site's
            name.
        :param version: what the other site holds, exactly, and what is
            thrown away.
        :returns: the operation, as a rule ended, and the site that runs it.
        :raises MetadataConflict: the other site holds another version, or
            an operation of the group is not finished.
        :raises InvalidState: the winner does not run the group by its own
            record.
        :raises NotFound: neither site is called so, or none has the group.
        :raises PeerUnreachable: the other site does not answer its peer;
            nothing is changed.
        :raises SiteUnreachable: the winner does not answer.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        located = self.locate(group)
        start = self.handle(winner)
        preparing.need(located, start)
        found = start.client.protection_groups.discard(
            located.group.id, version
        )
        return found, start

    def _ahead(self, located: Located) -> SiteHandle:
        """Where a sync starts; equals are told apart by the service."""
        best = max(rank(found) for found in located.groups.values())
        leading = [
            handle
            for handle in (located.current, located.other)
            if handle.name in located.groups
            and rank(located.groups[handle.name]) == best
        ]
        return leading[0]

    # History

    def operations(
        self, *, limit: int | None = None, **filters: Any
    ) -> History:
        """The operations of both sites, newest first.

        :param limit: stop after so many.
        :param filters: as for the list of one site.
        :returns: operations and where they are known, and why a site
            said nothing.
        :raises SiteUnreachable: neither site answers.
        """
        found, errors = self.each(
            lambda handle: list(
                handle.client.operations.list(limit=limit, **filters)
            )
        )
        for error in errors.values():
            if not isinstance(error, SILENT) or not found:
                raise error
        merged = [
            (operation, handle)
            for handle in self.handles
            for operation in found.get(handle.name, ())
        ]
        merged.sort(
            key=lambda item: item[0].started_at or _BEGINNING, reverse=True
        )
        return History(tuple(merged[:limit]), errors)

    def operation(self, operation_id: str) -> tuple[Operation, SiteHandle]:
        """An operation and the site that knows it: both are asked.

        :param operation_id: ``op-<uuid>``.
        :returns: its record, and the site.
        :raises NotFound: both say that there is none.
        :raises OperationUnknown: one says so, the other says nothing.
        """
        found, errors = self.each(
            lambda handle: handle.client.operations.get(operation_id)
        )
        for handle in self.handles:
            if handle.name in found:
                return found[handle.name], handle
        silent = [e for e in errors.values() if isinstance(e, SILENT)]
        for error in errors.values():
            if not isinstance(error, (*SILENT, exceptions.NotFound)):
                raise error
        if silent:
            raise exceptions.OperationUnknown(
                f"nobody who knows {operation_id} answers: "
                + "; ".join(str(error) for error in silent),
                operation_id=operation_id,
            )
        raise exceptions.NotFound(
            f"no site knows an operation '{operation_id}'"
        )

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
        return endings.result(events, on_event)

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
        """
        return following.follow(
            self,
            [_record.id_of(operation) for operation in operations],
            timeout=timeout,
            pace=pace,
        )
