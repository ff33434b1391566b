"""Operations: the records of what was started, and following them."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from protectorclient import exceptions
from protectorclient._http import urls
from protectorclient.polling import poller as following
from protectorclient.polling import results
from protectorclient.v1 import _manager, _record

#: An operation in one of these moves no more.
FINISHED = frozenset({"completed", "failed"})
#: In these it goes on; any other that is not known may be an end.
UNFINISHED = frozenset({"pending", "running", "rolling_back"})
#: So many cost less one by one than another page.
_FEW = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation(_record.Record):
    """One action on a group, from its start to its end."""

    #: ``op-<uuid>``; only the site that started it knows it.
    id: str = ""
    protection_group_id: str | None = None
    #: ``failover``, ``failback``, ``test_failover``, ``test_cleanup``,
    #: ``sync_volumes``; and ``reset_status``, ``sync_force``.
    operation_type: str = ""
    #: ``pending``, ``running``, ``rolling_back``, ``completed``,
    #: ``failed``, as sent; for a comparison there is `state`.
    status: str = ""
    #: Percent, from 0 to 100.
    progress: Annotated[int, _record.percent] = 0
    source_site_id: str | None = None
    target_site_id: str | None = None
    started_at: datetime.datetime | None = None
    completed_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    error_message: str | None = None
    #: Names of steps, in order.
    steps_completed: tuple[str, ...] = ()
    steps_failed: tuple[str, ...] = ()
    #: What it was started with.
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    #: The id of the request that started it.
    request_id: str | None = None
    #: What it made. *1.1*
    result_data: Mapping[str, Any] | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more.

        A status that is not known is an end as soon as the record has the
        time of one. A wait takes it for one, too, when nothing changes.
        """
        if self.is_known_to_run:
            return False
        return self.state in FINISHED or self.completed_at is not None

    @property
    def is_known_to_run(self) -> bool:
        """Whether the status is one of those in which it goes on."""
        return self.state in UNFINISHED

    @property
    def state(self) -> str:
        """The status in the source's letters, for comparing."""
        return self.status.strip().lower()

    @property
    def leaves_unprotected(self) -> bool:
        """Whether it is a failback that left the replication stopped."""
        return (
            self.operation_type == "failback"
            and self.state == "completed"
            and not self.parameters.get("reverse_replication")
            and "reverse_replication" not in self.steps_completed
        )

    @property
    def leftovers(self) -> tuple[Any, ...]:
        """What it left behind, as far as the record tells."""
        found = (self.result_data or {}).get("leftovers")
        if not found:
            return ()
        return tuple(found) if isinstance(found, list) else (found,)


# /v1/{project}/operations
#   GET list; /{id}: GET


class OperationManager(_manager.Manager):
    """Operations that were started at this site."""

    def _all(self) -> str:
        return self._http.tenant("operations")

    def _path(self, operation: Operation | str) -> str:
        identity = urls.segment(_record.id_of(operation), "operation")
        return self._http.tenant("operations", identity)

    def list(
        self,
        *,
        protection_group_id: str | None = None,
        operation_type: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[Operation]:
        """Iterate over operations, newest first; ``GET operations``. *1.0*

        `result_data` is there from *1.1*.

        :param protection_group_id: only those of this group.
        :param operation_type: only those of this type.
        :param status: only those in this status.
        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the operation of this id.
        :returns: those started at this site; each page is asked for when
            it is needed.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._pages(
            Operation,
            self._all(),
            "operations",
            limit=limit,
            page_size=page_size,
            marker=marker,
            protection_group_id=protection_group_id,
            operation_type=operation_type,
            status=status,
        )

    def get(self, operation: Operation | str) -> Operation:
        """An operation by id; ``GET operations/{id}``. *1.0*

        :param operation: its id, or a record of it.
        :returns: the operation, progress in percent.
        :raises NotFound: this site has started none of this id.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = _record.id_of(operation)
        found = self._listed(
            Operation,
            self._path(operation),
            "operation",
            wanted,
            lambda: self.list(page_size=_manager.LARGEST_PAGE),
        )
        if str(found.id).lower() != wanted.lower():
            # out of the cache of something before the service
            raise exceptions.UnreadableAnswer(
                f"the service was asked for {wanted}, and answered with"
                f" {found.id}",
                site=self.site,
                sent=True,
            )
        return found

    def wait(
        self,
        operation: Operation | str,
        *,
        timeout: float | None = None,
        on_event: Callable[[following.Event], object] | None = None,
        pace: following.Pace | None = None,
    ) -> Operation:
        """Follow an operation to its end, through anything.

        Asks ``GET operations``. *1.0*

        :param operation: its id, or a record of it.
        :param timeout: seconds; without it as long as it takes.
        :param on_event: called with what happens on the way.
        :param pace: how often to ask, and when to give up.
        :returns: the record of a completed operation.
        :raises OperationFailed: it failed and was rolled back.
        :raises OperationLeftovers: it failed and left something behind.
        :raises OperationPartial: not all members could be rebuilt.
        :raises WaitTimeout: it still runs, and goes on running.
        :raises OperationUnknown: nobody who could know has answered.
        """
        events = self.watch([operation], timeout=timeout, pace=pace)
        return results.result(events, on_event)

    def watch(
        self,
        operations: Iterable[Operation | str],
        *,
        timeout: float | None = None,
        pace: following.Pace | None = None,
    ) -> Iterator[following.Event]:
        """Follow several at once: what happens, as typed events.

        They share one request at each tick, ``GET operations``. *1.0*

        :param operations: their ids, or records of them.
        :param timeout: seconds; without it as long as it takes.
        :param pace: how often to ask, and when to give up.
        :returns: events as they happen, to the end of the last one.
        :raises BadArgument: an operation is neither an id nor a record.
        """
        keys = [
            following.Key(self.site or "", _record.id_of(operation))
            for operation in operations
        ]
        return following.follow(
            keys,
            lambda _site, ids: self.fetch(ids),
            timeout=timeout,
            pace=pace,
            settle=lambda _site, operation: self.outcome(operation),
        )

    def fetch(self, ids: Sequence[str]) -> dict[str, Operation]:
        """The records of some operations; unknown ones are left out.

        Several cost one request, as long as they are among the newest;
        a page more where they are not. ``GET operations``. *1.0*

        :param ids: of the operations.
        :returns: the records of those that are known, by their ids.
        :raises SiteUnreachable: the site gives no answer.
        """
        found: dict[str, Operation] = {}
        if len(ids) > 1:
            found = self._among_the_newest(frozenset(ids))
        for identity in ids:
            if identity not in found:
                with contextlib.suppress(exceptions.NotFound):
                    found[identity] = self.get(identity)
        return found

    def _among_the_newest(
        self, wanted: frozenset[str]
    ) -> dict[str, Operation]:
        size = min(max(2 * len(wanted), 100), _manager.LARGEST_PAGE)
        newest = self.list(limit=_manager.LARGEST_PAGE, page_size=size)
        found: dict[str, Operation] = {}
        for count, operation in enumerate(newest, 1):
            if operation.id in wanted:
                found[operation.id] = operation
            missing = len(wanted) - len(found)
            # the last few are sooner asked for by themselves
            if not missing or (count % size == 0 and missing <= _FEW):
                break
        return found

    def outcome(self, operation: Operation) -> following.Outcome:
        """How a finished operation ended.

        What the record does not tell is asked of the group, with
        ``GET protection-groups/{id}``. *1.0*

        :param operation: the record of a finished one.
        :returns: whether it did what it was to do, and what it left.
        :raises SiteUnreachable: the site gives no answer.
        """
        failed = operation.state == "failed" and not operation.leftovers
        forced = bool(operation.parameters.get("force"))
        group = operation.protection_group_id
        status = None
        if group and (failed or forced):
            path = self._http.tenant(
                "protection-groups", urls.segment(group, "protection group")
            )
            with contextlib.suppress(exceptions.NotFound):
                found = self._http.get(path, "protection_group")
                if isinstance(found, dict):
                    status = found.get("status")
        return following.outcome_of(operation, status)
