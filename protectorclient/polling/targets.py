"""What the poller remembers of each operation and of each site."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.polling.events import Key

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

#: Polls without a change after which an unknown status counts as an end.
STILL = 3


@dataclasses.dataclass(eq=False)
class Target:
    """An operation that is polled, and its last record."""

    key: Key
    #: Where it may be; one, once that is known.
    sites: list[SiteState] = dataclasses.field(default_factory=list)
    operation: Operation | None = None
    absences: int = 0
    #: Polls in a row that have brought the same record.
    still: int = 0
    #: Whether a `Doubted` was sent for it.
    contradiction_reported: bool = False
    #: The error of a site that could know it and was given up.
    error: exceptions.ProtectorError | None = None
    lost: int = 0

    def has_ended(self, record: Operation) -> bool:
        """Return whether a record, new from the site, is the last one.

        A status that nobody here knows is an end when the record says
        when that was, or when nothing changes any more.
        """
        self.still = self.still + 1 if record == self.operation else 0
        if record.is_finished:
            return True
        return not record.is_known_to_run and self.still >= STILL

    def is_first_contradiction(self, record: Operation) -> bool:
        """Return whether a record is the first that both runs and has
        ended."""
        if self.contradiction_reported or not record.is_known_to_run:
            return False
        self.contradiction_reported = record.completed_at is not None
        return self.contradiction_reported


@dataclasses.dataclass(eq=False)
class SiteState:
    """A site that is polled, and since when it does not answer."""

    name: str
    due: float
    delay: float
    answered_at: float
    watched: list[Target] = dataclasses.field(default_factory=list)
    #: Whether it has ever answered.
    known: bool = False
    #: When the last poll was over.
    asked: float | None = None
    lost_since: float | None = None
    #: When half of its time is over; infinite once `Silent` was sent.
    half: float = math.inf
    lost_polls: int = 0
    refusals: int = 0
    refused_since: float = 0.0
    error: exceptions.ProtectorError | None = None
