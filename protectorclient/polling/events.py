"""What is seen of operations that are followed, as typed events."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation


class Outcome(enum.Enum):
    """How the following of an operation ended."""

    COMPLETED = "completed"
    #: A forced failover that could not rebuild every member.
    PARTIAL = "partial"
    ROLLED_BACK = "rolled back"
    #: Failed, and something is left behind.
    LEFTOVERS = "leftovers"
    #: Ended in a status that is not known; what it left is not known.
    OTHER = "ended"
    #: Still running when the time was over.
    RUNNING = "running"
    #: Nobody who could know has answered for too long.
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Key:
    """An operation, and the only site that knows it."""

    #: Empty where it has yet to be found out which one that is.
    site: str
    operation_id: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened while following."""

    #: By the loop's clock, in seconds.
    at: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """An operation was seen for the first time, or has moved."""

    key: Key
    operation: Operation
    previous: Operation | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps completed since the last record."""
        before = len(self.previous.steps_completed) if self.previous else 0
        return self.operation.steps_completed[before:]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lost(Event):
    """A site stopped answering; told once for each time it does."""

    site: str
    error: exceptions.ProtectorError
    #: Seconds since it was last heard.
    silent_for: float = 0.0
    #: Seconds for which it is asked again, at the most.
    patience: float | None = None

    @property
    def reason(self) -> str:
        """Why there is no answer, in a few words."""
        return _brief(self.error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Silent(Event):
    """A site is still away, and half of its time is over; told once."""

    site: str
    error: exceptions.ProtectorError
    #: Seconds since it was last heard.
    silent_for: float = 0.0
    #: Seconds for which it is asked again, at the most.
    patience: float | None = None

    @property
    def reason(self) -> str:
        """Why there is no answer, in a few words."""
        return _brief(self.error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regained(Event):
    """A site answers again."""

    site: str
    #: The polls that were lost.
    polls: int
    #: How long it was away.
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Doubted(Event):
    """A record contradicts itself; told once for each operation."""

    key: Key
    operation: Operation
    #: A sentence for people.
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ended(Event):
    """The following of one operation is over."""

    key: Key
    outcome: Outcome
    #: The last record seen.
    operation: Operation | None = None
    #: Why it is not known.
    error: exceptions.ProtectorError | None = None
    #: The polls that were lost on the way.
    lost: int = 0
    #: Seconds since who knows it was last heard; None where it answers.
    silent_for: float | None = None

    @property
    def is_absent(self) -> bool:
        """Whether all that could know it have said that there is none."""
        return self.operation is None and isinstance(
            self.error, exceptions.NotFound
        )


def _brief(error: exceptions.ProtectorError) -> str:
    return str(getattr(error, "brief", error.message))


def outcome_of(operation: Operation, group_status: str | None) -> Outcome:
    """How a finished operation ended, by its record and its group's."""
    if operation.state == "completed":
        forced = bool(operation.parameters.get("force"))
        if forced and group_status == "failed_over_partial":
            return Outcome.PARTIAL
        return Outcome.COMPLETED
    if operation.state != "failed":
        return Outcome.OTHER
    if operation.leftovers or group_status == "error":
        return Outcome.LEFTOVERS
    return Outcome.ROLLED_BACK
