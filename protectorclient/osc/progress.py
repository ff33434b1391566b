"""What happens on the way to the end of an operation, as lines of text.

One line for each change, the same on a terminal and in a log. They go to
stderr: stdout carries the result alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protectorclient import watch

if TYPE_CHECKING:
    from protectorclient.v1.operations import Operation


class Reporter:
    """Writes what a wait tells.

    :param say: takes one line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last = ""

    def __call__(self, event: watch.Event) -> None:
        for line in lines(event):
            if line != self._last:
                self._say(line)
            self._last = line


def lines(event: watch.Event) -> list[str]:
    """What is said of one event, if anything."""
    if isinstance(event, watch.Changed):
        return _changes(event)
    if isinstance(event, watch.Lost):
        return [f"no word from {event.site}, asking again: {event.error}"]
    if isinstance(event, watch.Regained):
        return [
            f"{event.site} answers again, after {event.seconds:.0f} s and "
            f"{event.polls} requests without an answer"
        ]
    return []


def _changes(event: watch.Changed) -> list[str]:
    operation = event.operation
    found = []
    if event.steps:
        found.append(_line(operation, ", ".join(event.steps)))
    if operation.status == "rolling_back":
        previous = event.previous
        if previous is None or previous.status != operation.status:
            failed = ", ".join(operation.steps_failed) or "a step"
            found.append(_line(operation, f"{failed} failed, rolling back"))
    elif operation.is_finished:
        found.append(_line(operation, operation.status))
    return found


def _line(operation: Operation, what: str) -> str:
    return f"{operation.progress:3d}% {what}"
