"""Send a POST once, also when its answer is lost.

A failover whose answer is lost has perhaps begun. Posting again blindly
could begin a second one; giving up leaves nobody knowing. So:

1. before the POST the newest operations of the group are noted;
2. the POST carries a request id made here;
3. when its answer is lost, the operations are looked at: the one with our
   request id is ours. A service that keeps ids of its own is asked for a
   younger operation of this type that does not contradict what was sent;
4. only when the service has *answered* that there is none, it is posted
   again, under the same id.

Pure: what posts, looks, tells the time and sleeps is handed in.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.polling.pace import Pace
from protectorclient.polling.silence import LOST_ANSWER

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

LOG = logging.getLogger(__name__)

#: How many of the newest operations are looked at.
LOOK_BACK = 20
_FIRST_LOOKS = 5


@dataclasses.dataclass(frozen=True)
class Request:
    """What is posted, and how it would be recognised."""

    group_id: str
    operation_type: str
    parameters: Mapping[str, Any]
    request_id: str
    site: str | None = None


def post_action(
    request: Request,
    *,
    post: Callable[[str], Operation],
    look: Callable[[], Iterable[Operation]],
    pace: Pace,
    earlier: Callable[[Operation], object] | None = None,
) -> Operation:
    """Start an operation, exactly one, or say what is not known.

    :param post: sends the action under a request id.
    :param look: the newest operations of the group and type, newest
        first.
    :param pace: see `search_pace`.
    :param earlier: called with the operation, where the service answers
        with one that was there before the POST: nothing has begun.
    :raises OutcomeUnknown: it may have begun, and the service does not
        answer any more.
    """
    attempt = _Attempt(request, post, look, pace)
    found = attempt.run()
    if earlier is not None and attempt.was_there(found):
        earlier(found)
    return found


class Unsent(KeyboardInterrupt):
    """Interrupted before anything was sent."""


class _Attempt:
    def __init__(
        self,
        request: Request,
        post: Callable[[str], Operation],
        look: Callable[[], Iterable[Operation]],
        pace: Pace,
    ) -> None:
        self._request = request
        self._post = post
        self._look = look
        self._pace = pace
        self._before: Mapping[str, Operation] = {}
        self._deadline: float | None = None
        self._delay = pace.shortest

    def run(self) -> Operation:
        try:
            self._before = {item.id: item for item in self._first_look()}
        except KeyboardInterrupt:
            raise Unsent from None
        while True:
            try:
                return self._post(self._request.request_id)
            except LOST_ANSWER as error:
                lost: exceptions.ProtectorError = error
                if self._deadline is None and _never_sent(error):
                    raise
            except exceptions.Conflict:
                # Refused because of the one that did arrive?
                if self._deadline is None:
                    raise
                found = self._search()
                if found is None:
                    raise
                return found
            LOG.warning(
                "%s: the answer to the %s was lost (request id %s);"
                " looking whether it has begun",
                self._request.site,
                self._request.operation_type,
                self._request.request_id,
            )
            self._rest(getattr(lost, "retry_after", None))
            found = self._search()
            if found is not None:
                return found
            if self._is_over() or not _worth_repeating(lost):
                raise self._not_begun(lost) from lost

    def was_there(self, operation: Operation) -> bool:
        """Return whether it is older than the POST: one that was seen before
        it, or that began before the newest of those."""
        began = [one.started_at for one in self._before.values()]
        newest = max((when for when in began if when), default=None)
        return operation.id in self._before or bool(
            newest and operation.started_at and operation.started_at < newest
        )

    def _first_look(self) -> list[Operation]:
        end = self._pace.clock() + self._pace.give_up_after
        for left in reversed(range(_FIRST_LOOKS)):
            try:
                return list(self._look())
            except LOST_ANSWER as error:
                over = not left or self._pace.clock() >= end
                if over or _never_sent(error):
                    raise
                self._pace.sleep(self._pace.shortest)
        raise AssertionError("unreachable")

    def _search(self) -> Operation | None:
        """Ours, or None where the service said that there is none."""
        while True:
            try:
                return self._recognise(list(self._look()))
            except exceptions.ProtectorError as error:
                if not isinstance(error, LOST_ANSWER) or self._is_over():
                    raise self._unknown(error) from error
                self._rest(getattr(error, "retry_after", None))

    def _recognise(self, newest_first: list[Operation]) -> Operation | None:
        for operation in newest_first:
            if operation.request_id == self._request.request_id:
                return operation
        for operation in newest_first:
            if operation.id in self._before:
                break
            if self._fits(operation):
                return operation
        return None

    def _fits(self, operation: Operation) -> bool:
        recorded = operation.parameters
        return (
            operation.operation_type == self._request.operation_type
            and operation.protection_group_id in (None, self._request.group_id)
            and all(
                recorded.get(key, value) == value
                for key, value in self._request.parameters.items()
                # a service may keep mappings as it has resolved them
                if not isinstance(value, Mapping)
            )
        )

    def _rest(self, asked: float | None) -> None:
        now = self._pace.clock()
        if self._deadline is None:
            self._deadline = now + self._pace.give_up_after
        left = max(0.0, self._deadline - now)
        self._pace.sleep(min(max(self._delay, asked or 0.0), left))
        self._delay = min(self._delay * self._pace.growth, self._pace.longest)

    def _is_over(self) -> bool:
        return (
            self._deadline is not None and self._pace.clock() >= self._deadline
        )

    def _unknown(
        self, error: exceptions.ProtectorError
    ) -> exceptions.OutcomeUnknown:
        return exceptions.OutcomeUnknown(
            f"whether the {self._request.operation_type} has begun is not"
            f" known: {error.message}",
            site=self._request.site,
            request_id=self._request.request_id,
            hint="look for the request id in the group's operations before"
            " trying again",
        )

    def _not_begun(
        self, lost: exceptions.ProtectorError
    ) -> exceptions.ProtectorError:
        if isinstance(lost, exceptions.HTTPError):
            return lost
        return exceptions.SiteUnreachable(
            f"the {self._request.operation_type} has not begun:"
            f" {lost.message}",
            site=self._request.site,
            request_id=self._request.request_id,
        )


def _never_sent(error: exceptions.ProtectorError) -> bool:
    return (
        isinstance(error, exceptions.SiteUnreachable)
        and not isinstance(error, exceptions.UnreadableAnswer)
        and not error.sent
    )


def _worth_repeating(error: exceptions.ProtectorError) -> bool:
    """Return whether to repeat; a service that fails by itself (500) fails
    again."""
    return not isinstance(error, exceptions.ServerError) or isinstance(
        error, exceptions.ServiceUnavailable
    )
