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
        self._lost: set[str] = set()

    def __call__(self, event: watch.Event) -> None:
        if isinstance(event, watch.Lost):
            self._lost.add(event.site)
            self._say(
                f"no word from {event.site}, asking again: {event.error}"
            )
        elif isinstance(event, watch.Regained):
            self._back(event.site)
        elif isinstance(event, watch.Changed):
            self._back(event.key.site)
            for line in _changes(event):
                self._say(line)

    def _back(self, site: str) -> None:
        """A wait may end with the first answer, and tell no more."""
        if site in self._lost:
            self._lost.remove(site)
            self._say(f"{site} answers again")


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
