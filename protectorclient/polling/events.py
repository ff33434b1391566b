"""The typed events of operations that are polled."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation


class Outcome(enum.Enum):
    """How the polling of an operation ended."""

    COMPLETED = "completed"
    #: A forced failover that could not rebuild every member.
    PARTIAL = "partial"
    ROLLED_BACK = "rolled back"
    #: Failed, and something is left behind.
    LEFTOVERS = "leftovers"
    #: Ended in a status that this client does not know.
    OTHER = "ended"
    #: Still running at the timeout.
    RUNNING = "running"
    #: No site that could know it has answered for too long.
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Key:
    """An operation, and the only site that knows it."""

    #: Empty until that is known.
    site: str
    operation_id: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened during polling."""

    #: By the loop's clock, in seconds.
    at: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """An operation was seen for the first time, or its record changed."""

    key: Key
    operation: Operation
    previous: Operation | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the steps completed since the last record."""
        before = len(self.previous.steps_completed) if self.previous else 0
        return self.operation.steps_completed[before:]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lost(Event):
    """A site stopped answering; sent once for each outage."""

    site: str
    error: exceptions.ProtectorError
    #: Seconds since its last answer.
    silent_for: float = 0.0
    #: Seconds for which it is polled again, at the most.
    patience: float | None = None

    @property
    def reason(self) -> str:
        """Return in a few words why there is no answer."""
        return _brief(self.error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Silent(Event):
    """A site still does not answer after half of its time; sent once."""

    site: str
    error: exceptions.ProtectorError
    #: Seconds since its last answer.
    silent_for: float = 0.0
    #: Seconds for which it is polled again, at the most.
    patience: float | None = None

    @property
    def reason(self) -> str:
        """Return in a few words why there is no answer."""
        return _brief(self.error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regained(Event):
    """A site answers again."""

    site: str
    #: The number of polls that got no answer.
    polls: int
    #: How long it did not answer, in seconds.
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Doubted(Event):
    """A record contradicts itself; sent once for each operation."""

    key: Key
    operation: Operation
    #: A sentence for people.
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ended(Event):
    """The polling of one operation is over."""

    key: Key
    outcome: Outcome
    #: The last record seen.
    operation: Operation | None = None
    #: Why it is not known.
    error: exceptions.ProtectorError | None = None
    #: The number of polls that got no answer.
    lost: int = 0
    #: Seconds since the last answer of its site; None where it answers.
    silent_for: float | None = None

    @property
    def is_absent(self) -> bool:
        """Return whether each site that could know it says it does not
        exist."""
        return self.operation is None and isinstance(
            self.error, exceptions.NotFound
        )


def _brief(error: exceptions.ProtectorError) -> str:
    return str(getattr(error, "brief", error.message))


def outcome_of(operation: Operation, group_status: str | None) -> Outcome:
    """Return how a finished operation ended, by its record and its group's."""
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
