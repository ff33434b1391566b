"""Operations: list, show and follow them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient._http import urls
from protectorclient.records.operation import Operation
from protectorclient.v1 import _manager

if TYPE_CHECKING:
    from protectorclient.polling import poller as following

#: So many cost less one by one than another page.
_FEW = 3
#: With more questions by id than these, the newest are asked for first.
_MOST_BY_ID = 3
#: So many are asked for one by one at the same time.
_ASKERS = 4


# /v1/{project}/operations
#   GET list; /{id}: GET


class OperationManager(_manager.Manager):
    """Operations that were started at this site."""

    def _all(self) -> str:
        return self._http.tenant("operations")

    def _path(self, operation: Operation | str) -> str:
        identity = urls.segment(_manager.id_of(operation), "operation")
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
        """Return an operation by id; ``GET operations/{id}``. *1.0*

        :param operation: its id, or a record of it.
        :returns: the operation, progress in percent.
        :raises NotFound: this site has started none of this id.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = _manager.id_of(operation)
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
        from protectorclient.polling import results

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
        from protectorclient.polling import poller as following

        keys = [
            following.Key(self.site or "", _manager.id_of(operation))
            for operation in operations
        ]
        return following.follow(
            keys,
            lambda _site, ids: self.fetch(ids),
            timeout=timeout,
            pace=pace,
            find_outcome=lambda _site, operation: self.outcome(operation),
        )

    def fetch(self, ids: Sequence[str]) -> dict[str, Operation]:
        """Return the records of some operations; unknown ones are left out.

        100 cost one request, ``GET operations?id=ID``, and more of them one
        for all that are among the newest. A service that does not filter by
        id is asked for pages of the newest, and then one by one. *1.0*

        :param ids: of the operations.
        :returns: the records of those that are known, by their ids.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = list(dict.fromkeys(ids))
        if len(wanted) == 1:
            return self._one_by_one(wanted)
        found: dict[str, Operation] = {}
        looked = len(wanted) > _MOST_BY_ID * _manager.MOST_IDS
        if looked:
            found = self._among_the_newest(frozenset(wanted))
            wanted = [one for one in wanted if one not in found]
        named = self._with_ids(
            Operation, self._all(), "operations", "id", wanted
        )
        if named is None:
            if not looked:
                found = self._among_the_newest(frozenset(wanted))
            named = self._one_by_one(
                [one for one in wanted if one not in found]
            )
        return found | named

    def _one_by_one(self, ids: Sequence[str]) -> dict[str, Operation]:
        def one(identity: str) -> Operation | None:
            with contextlib.suppress(exceptions.NotFound):
                return self.get(identity)
            return None

        if len(ids) <= _FEW:
            answers = [one(identity) for identity in ids]
        else:
            from protectorclient.polling import at_once

            answers = at_once.each_of(ids, one, askers=_ASKERS)
        pairs = zip(ids, answers, strict=True)
        return {identity: known for identity, known in pairs if known}

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
        """Return how a finished operation ended.

        What the record does not tell is asked of the group, with
        ``GET protection-groups/{id}``. *1.0*

        :param operation: the record of a finished one.
        :returns: whether it did what it was to do, and what it left.
        :raises SiteUnreachable: the site gives no answer.
        """
        from protectorclient.polling import poller as following

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
