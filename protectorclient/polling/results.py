"""Turn the end of an operation into a record or an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import causes, commands, match
from protectorclient.durations import span
from protectorclient.escape import fill
from protectorclient.polling import poller
from protectorclient.polling.silence import LOST_ANSWER

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation


def result(
    events: Iterable[poller.Event],
    on_event: Callable[[poller.Event], object] | None,
) -> Operation:
    """Return the record of the one operation that the events are about.

    :raises ProtectorError: it did not end well, or nobody knows.
    """
    for event in events:
        if on_event is not None:
            on_event(event)
        if isinstance(event, poller.Ended):
            error = error_for(event)
            if error is not None:
                raise error
            if event.operation is not None:
                return event.operation
    raise AssertionError("an operation ends, one way or another")


def error_for(ended: poller.Ended) -> exceptions.ProtectorError | None:
    """Make the exception for an end that is not a success."""
    operation, site = ended.operation, ended.key.site or None
    identity = ended.key.operation_id
    kind = operation.operation_type if operation else "operation"
    if ended.outcome is poller.Outcome.COMPLETED:
        return None
    if ended.outcome is poller.Outcome.UNKNOWN:
        return _unknown(ended)
    if ended.outcome is poller.Outcome.RUNNING:
        return exceptions.WaitTimeout(
            f"{kind} {identity} {_last_seen(ended)}",
            operation=operation,
            operation_id=identity,
            site=site,
        ).then(fill(commands.WAIT, operation=identity))
    assert operation is not None
    said = operation.error_message or "no reason was given"
    at = f" at {operation.steps_failed[0]}" if operation.steps_failed else ""
    if ended.outcome is poller.Outcome.PARTIAL:
        return exceptions.OperationPartial(
            f"{kind} {identity} completed, but not for all members",
            operation=operation,
            site=site,
            leftovers=operation.leftovers,
            advice=causes.PARTIAL,
        )
    if ended.outcome is poller.Outcome.OTHER:
        return exceptions.OperationEndedOtherwise(
            f"{kind} {identity} ended with the status '{operation.status}',"
            f" which is neither completed nor failed{at}: {said}",
            operation=operation,
            site=site,
            leftovers=operation.leftovers,
            advice=match.for_operation(operation) or causes.LEFT_BEHIND,
        )
    if ended.outcome is poller.Outcome.LEFTOVERS:
        return exceptions.OperationLeftovers(
            f"{kind} {identity} failed{at} and left something behind: {said}",
            operation=operation,
            site=site,
            leftovers=operation.leftovers,
            advice=match.for_operation(operation),
        )
    return exceptions.OperationFailed(
        f"{kind} {identity} failed{at} and was rolled back: {said}",
        operation=operation,
        site=site,
        advice=match.for_operation(operation),
    )


def _last_seen(ended: poller.Ended) -> str:
    """Describe an operation when polling stopped; running if its site
    answers."""
    operation, site = ended.operation, ended.key.site
    progress = operation.progress if operation else 0
    if ended.silent_for is None:
        if operation is None or operation.is_known_to_run:
            return f"still runs ({progress} %)"
        return (
            f"has the status '{operation.status}' ({progress} %); whether it"
            " has ended is not known"
        )
    status = _words(operation.status) if operation else "running"
    return (
        f"was {status} at {progress} % when {site} last answered,"
        f" {span(ended.silent_for)} ago; {site} {_silence(ended.error)}"
    )


def _silence(error: exceptions.ProtectorError | None) -> str:
    if error is None or isinstance(error, exceptions.SiteUnreachable):
        return "does not answer"
    return f"says: {error.message}"


def _words(status: str) -> str:
    return status.replace("_", " ")


def _unknown(ended: poller.Ended) -> exceptions.ProtectorError:
    error = ended.error
    if isinstance(error, exceptions.OperationUnknown):
        return error
    if error is not None and not isinstance(error, LOST_ANSWER):
        never_seen = ended.operation is None
        if never_seen or not isinstance(error, exceptions.NotFound):
            return error
    last = (
        f"; last seen {_words(ended.operation.status)} at"
        f" {ended.operation.progress} %{_ago(ended.silent_for)}"
        if ended.operation
        else ""
    )
    return exceptions.OperationUnknown(
        f"the outcome of {ended.key.operation_id} is not known"
        f" ({error.message if error else 'no answer'}){last}",
        operation=ended.operation,
        operation_id=ended.key.operation_id,
        site=ended.key.site or None,
    ).then(fill(commands.WAIT, operation=ended.key.operation_id))


def _ago(seconds: float | None) -> str:
    return "" if seconds is None else f", {span(seconds)} ago"
