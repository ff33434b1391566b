"""Write the events of an operation as text.

One line for each change, the same on a terminal and in a log; or one JSON
object for each event, for programs.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exit_codes
from protectorclient.durations import span, stamp
from protectorclient.escape import BYTE_ORDER_MARK, escaped
from protectorclient.polling import events, phases, results

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation


#: What no record tells by itself.
_OPEN = (events.Outcome.RUNNING, events.Outcome.UNKNOWN)


class Reporter:
    """Writes a line for each event that a person wants to know of.

    :param say: takes one line.
    :param label: what stands before the lines of an operation, where
        several are followed.
    :param every: write each change, not only steps and endings.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        label: Callable[[Operation], str] = lambda operation: "",
        every: bool = False,
    ) -> None:
        self._say = say
        self._label = label
        self._every = every

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Lost):
            self._say(
                f"{event.site} does not answer ({event.reason});"
                f" asking again{_for_up_to(event.patience)}"
            )
        elif isinstance(event, events.Silent):
            self._say(
                f"{event.site} has not answered for {span(event.silent_for)}"
                f" ({event.reason}); asking again"
                f"{_for_up_to(event.patience)}"
            )
        elif isinstance(event, events.Regained):
            polls = "poll" if event.polls == 1 else "polls"
            self._say(
                f"{event.site} answers again, after {event.polls} lost {polls}"
            )
        elif isinstance(event, events.Doubted):
            self._say(f"warning: {event.message}")
        elif isinstance(event, events.Changed):
            for line in self._changes(event):
                self._say(self._label(event.operation) + line)
        elif (
            isinstance(event, events.Ended)
            and self._every
            and event.outcome in _OPEN
        ):
            self._say(f"{event.key.operation_id}: {_open_end(event)}")

    def _changes(self, event: events.Changed) -> list[str]:
        operation, previous = event.operation, event.previous
        found = []
        if event.steps:
            found.append(_line(operation, ", ".join(event.steps)))
        if operation.state == "rolling_back":
            if previous is None or previous.state != operation.state:
                failed = ", ".join(operation.steps_failed) or "a step"
                found.append(
                    _line(operation, f"{failed} failed, rolling back")
                )
        elif operation.is_finished:
            found.append(_line(operation, operation.status))
        elif self._every and not found:
            step = phases.current(operation)
            if operation.state != "running" or step is None:
                found.append(_line(operation, operation.status))
            else:
                found.append(_line(operation, f"{step} goes on"))
        return found


def _for_up_to(patience: float | None) -> str:
    return "" if patience is None else f", for up to {span(patience)}"


def _open_end(event: events.Ended) -> str:
    """Return the words for an end that no record shows."""
    if event.is_absent:
        return "no such operation"
    if event.operation is None or event.silent_for is None:
        return event.outcome.value
    status = event.operation.status.replace("_", " ")
    seen = f"last seen {status} {span(event.silent_for)} ago"
    if event.outcome is events.Outcome.RUNNING:
        return seen
    return f"{event.outcome.value}, {seen}"


def _line(operation: Operation, what: str) -> str:
    return f"{operation.progress:3d}% {what}"


class EventLog:
    """One JSON object a line for each event.

    :param write: takes one line.
    :param now: the time that is written, in UTC.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(
            datetime.UTC
        ),
    ) -> None:
        self._write = write
        self._now = now

    def __call__(self, event: events.Event) -> None:
        told = {
            "event": type(event).__name__.lower(),
            "time": stamp(self._now()),
            **_fields(event),
        }
        line = json.dumps(told, ensure_ascii=False)
        # as \uXXXX it is the same JSON, and does nothing to a terminal
        self._write(escaped(line, BYTE_ORDER_MARK, last_byte=-1))


def _fields(event: events.Event) -> Mapping[str, Any]:
    if isinstance(event, events.Lost | events.Silent):
        return {
            "site": event.site,
            "message": event.error.message,
            "silent_seconds": round(event.silent_for, 1),
            "patience": event.patience and round(event.patience, 1),
        }
    if isinstance(event, events.Regained):
        return {
            "site": event.site,
            "lost_polls": event.polls,
            "seconds": round(event.seconds, 1),
        }
    if isinstance(event, events.Doubted):
        return {
            "site": event.key.site,
            "operation_id": event.key.operation_id,
            "message": event.message,
        }
    if isinstance(event, events.Changed):
        return {
            "site": event.key.site,
            "operation_id": event.key.operation_id,
            "steps": list(event.steps),
            "operation": event.operation.to_dict(),
        }
    if isinstance(event, events.Ended):
        error = results.error_for(event)
        code = exit_codes.code_for(error) if error else exit_codes.ExitCode.OK
        return {
            "site": event.key.site or None,
            "operation_id": event.key.operation_id,
            "outcome": event.outcome.name.lower(),
            "exit_code": int(code),
            "message": str(error) if error else None,
            "lost_polls": event.lost,
            "operation": event.operation and event.operation.to_dict(),
        }
    return {}
