"""What a wait remembers: of each operation, and of each site."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.polling.events import Key

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

#: Polls without a change after which a status that is not known is an end.
STILL = 3


@dataclasses.dataclass(eq=False)
class Target:
    """An operation that is followed, as far as it is known."""

    key: Key
    #: Where it may be; one, once that is known.
    sites: list[SiteState] = dataclasses.field(default_factory=list)
    operation: Operation | None = None
    absences: int = 0
    #: Polls in a row that have brought the same record.
    still: int = 0
    #: Whether it was told that its record contradicts itself.
    doubted: bool = False
    #: Why one that could know it was given up.
    error: exceptions.ProtectorError | None = None
    lost: int = 0

    def has_ended(self, record: Operation) -> bool:
        """Whether a record, new from the site, is the last one.

        A status that nobody here knows is an end when the record says
        when that was, or when nothing changes any more.
        """
        self.still = self.still + 1 if record == self.operation else 0
        if record.is_finished:
            return True
        return not record.is_known_to_run and self.still >= STILL

    def is_first_doubt(self, record: Operation) -> bool:
        """Whether a record says for the first time that it runs and ended."""
        if self.doubted or not record.is_known_to_run:
            return False
        self.doubted = record.completed_at is not None
        return self.doubted


@dataclasses.dataclass(eq=False)
class SiteState:
    """A site that is polled, and since when it is silent."""

    name: str
    due: float
    delay: float
    heard: float
    watched: list[Target] = dataclasses.field(default_factory=list)
    #: Whether it has ever answered.
    known: bool = False
    #: When the last poll was over.
    asked: float | None = None
    lost_since: float | None = None
    #: When half of its time is over, until that was told.
    half: float = math.inf
    lost_polls: int = 0
    refusals: int = 0
    refused_since: float = 0.0
    error: exceptions.ProtectorError | None = None
