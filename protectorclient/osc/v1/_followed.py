"""What a command that follows operations has learnt of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from protectorclient.durations import span

if TYPE_CHECKING:
    from protectorclient import exceptions
    from protectorclient.polling.events import Ended, Event, Key
    from protectorclient.records.operation import Operation


class Followed:
    """The last records of what was followed, and how it ended.

    :param begun: the records of those that were known before.
    """

    def __init__(
        self,
        keys: Iterable[Key],
        begun: Mapping[str, tuple[Operation, str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keys = tuple(keys)
        self.records = dict(begun or {})
        self.ends: dict[str, Ended] = {}
        self._clock = clock
        self._lost: set[str] = set()
        self._heard: dict[str, float] = {}
        for _, site in self.records.values():
            self.heard(site)

    def add(self, key: Key, record: Operation) -> None:
        """One more is followed, which has begun only now."""
        if key.operation_id not in {one.operation_id for one in self.keys}:
            self.keys = (*self.keys, key)
            self.records.setdefault(key.operation_id, (record, key.site))

    def heard(self, site: str) -> None:
        """A site has answered, whatever it said."""
        self._heard[site] = self._clock()

    def take(self, event: Event) -> None:
        from protectorclient.polling import events

        if isinstance(event, events.Changed):
            self.records[event.key.operation_id] = (
                event.operation,
                event.key.site,
            )
        elif isinstance(event, events.Lost):
            self._lost.add(event.site)
        elif isinstance(event, events.Regained):
            self._lost.discard(event.site)
        elif isinstance(event, events.Ended):
            self.ends[event.key.operation_id] = event

    def outcome(self, identity: str) -> str:
        """How it ended; or how it stands, where nobody waits any more."""
        from protectorclient.polling import events

        end = self.ends.get(identity)
        if end is not None:
            return end.outcome.name.lower()
        record, site = self.records[identity]
        outcome = events.Outcome.RUNNING
        if record.is_finished:
            outcome = events.outcome_of(record, None)
        elif self._is_silent(site):
            outcome = events.Outcome.UNKNOWN
        return outcome.name.lower()

    def _unheard(self, site: str) -> float:
        return self._clock() - self._heard.get(site, 0.0)

    def _is_silent(self, site: str) -> bool:
        from protectorclient.polling import silence

        return silence.is_silent(self._unheard(site))

    def standing(self) -> list[str]:
        """What can be said of those whose end has not been seen."""
        told, going = [], []
        for identity in self.left:
            record, site = self.records.get(identity, (None, ""))
            if record is None:
                told.append(
                    f"whether there is an operation {identity} is not known"
                )
            elif site in self._lost or self._is_silent(site):
                # its last poll was lost: it can only be said what was seen
                status = record.status.replace("_", " ")
                told.append(
                    f"{identity} was {status} when last seen"
                    f" {span(self._unheard(site))} ago"
                )
            else:
                going.append(identity)
        if going:
            goes = "goes" if len(going) == 1 else "go"
            told.insert(0, f"{', '.join(going)} {goes} on")
        return told

    @property
    def left(self) -> list[str]:
        """The operations whose end has not been seen."""
        return [
            key.operation_id
            for key in self.keys
            if key.operation_id not in self.ends
        ]

    @property
    def any_ended(self) -> bool:
        """Whether the end of one is known."""
        return any(_is_known(end) for end in self.ends.values())

    def only_first(self) -> None:
        """Leave what ended first, where anything did."""
        known = [end for end in self.ends.values() if _is_known(end)]
        if known:
            one = known[0].key
            self.keys = (one,)
            self.ends = {one.operation_id: known[0]}

    def errors(self) -> dict[str, exceptions.ProtectorError]:
        """What went wrong, by operation."""
        from protectorclient.polling import results

        found = {
            identity: results.error_for(end)
            for identity, end in self.ends.items()
        }
        return {name: error for name, error in found.items() if error}


def _is_known(end: Ended) -> bool:
    from protectorclient.polling import events

    return end.outcome not in (events.Outcome.UNKNOWN, events.Outcome.RUNNING)
