"""Build the state of operations that are polled from their events.

Lines, frames, the result of a command and its exit status are all made from
it. A screen reads it from a thread of its own, so that the seconds go on
while a poll waits for its answer.
"""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from protectorclient.durations import span
from protectorclient.polling import (
    eta,
    events,
    phases,
    results,
    silence,
    step_times,
)

if TYPE_CHECKING:
    from protectorclient import exceptions
    from protectorclient.records.operation import Operation


#: The time by a site's clock, where it is known.
ServerTime = Callable[[str], datetime.datetime | None]
#: Earlier operations of a site, of one type.
History = Callable[[str, "Operation"], Iterable["Operation"]]


@dataclasses.dataclass
class OperationState:
    """One operation that is polled."""

    key: events.Key
    operation: Operation | None = None
    #: When its record was last seen to change, by our clock.
    seen: float = 0.0
    #: When the step that runs began, in seconds since the operation did.
    step_began: float | None = None
    #: Seconds of the steps that were seen from beginning to end.
    taken: dict[str, float] = dataclasses.field(default_factory=dict)
    ended: events.Ended | None = None


@dataclasses.dataclass
class Silence:
    """A site that does not answer, and since when."""

    #: When it last answered, by our clock.
    since: float
    #: Why, in a few words.
    message: str
    #: When it is given up.
    until: float | None = None


@dataclasses.dataclass(frozen=True)
class Slow:
    """A step that takes longer than it usually does."""

    limit: float
    count: int


class ProgressState:
    """Collects events, and answers questions about the operations.

    :param keys: what is followed, in the order in which it is shown.
    :param known: records that were there before, by id, with their sites.
    :param history: asked once for each site and type of operation.
    :param names: of groups and sites, by id.
    :param times: the times that steps took before.
    :param place: returns the key of a site in those times; two clouds of one
        name need not be the same site.
    """

    def __init__(
        self,
        keys: Iterable[events.Key],
        known: Mapping[str, tuple[Operation, str]] | None = None,
        *,
        history: History = lambda site, operation: (),
        server_time: ServerTime = lambda site: None,
        names: Mapping[str, str] | None = None,
        times: step_times.StepTimes | None = None,
        place: Callable[[str], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.names = dict(names or {})
        self.silent: dict[str, Silence] = {}
        #: What is wrong with records, as sentences.
        self.doubts: list[str] = []
        #: The last records, by id, with the sites that know them.
        self.records: dict[str, tuple[Operation, str]] = dict(known or {})
        self._states = {key.operation_id: OperationState(key) for key in keys}
        self._ended: list[str] = []
        self._history = history
        #: Whether anybody is shown when an operation may end.
        self.estimates = True
        self._server_time = server_time
        self._step_times = times
        self._place = place
        self._past: dict[tuple[str, str], tuple[Operation, ...]] = {}
        self._answered_at: dict[str, float] = {}
        for _, site in self.records.values():
            self.hear(site)

    @property
    def operations(self) -> list[OperationState]:
        """Return all operations that are polled, in order."""
        return list(self._states.values())

    @property
    def keys(self) -> tuple[events.Key, ...]:
        """Return the keys of all operations, in order."""
        return tuple(one.key for one in self._states.values())

    def add(self, key: events.Key, record: Operation) -> None:
        """Add an operation that began during the polling."""
        with self.lock:
            if key.operation_id not in self._states:
                self._states[key.operation_id] = OperationState(key)
                self.records.setdefault(key.operation_id, (record, key.site))

    def hear(self, site: str) -> None:
        """Note that a site has answered, with or without an error."""
        self._answered_at[site] = self.clock()

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Changed):
            self._learn(event.key.site, event.operation)
        with self.lock:
            self._take(event)

    def _learn(self, site: str, operation: Operation) -> None:
        page = (site, operation.operation_type)
        if self.estimates and page not in self._past:
            self._past[page] = tuple(self._history(site, operation))

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.Lost):
            now, patience = self.clock(), event.patience
            self.silent[event.site] = Silence(
                now - event.silent_for,
                event.reason,
                None if patience is None else now + patience,
            )
        elif isinstance(event, events.Regained):
            self.silent.pop(event.site, None)
        elif isinstance(event, events.Doubted):
            self.doubts.append(event.message)
        elif isinstance(event, events.Changed):
            self._changed(self._state(event.key), event)
        elif isinstance(event, events.Ended):
            self._state(event.key).ended = event
            self._ended.append(event.key.operation_id)

    def _state(self, key: events.Key) -> OperationState:
        return self._states.setdefault(key.operation_id, OperationState(key))

    def _changed(self, one: OperationState, event: events.Changed) -> None:
        one.key = event.key
        one.operation = event.operation
        one.seen = self.clock()
        self.records[event.key.operation_id] = (
            event.operation,
            event.key.site,
        )
        so_far = _so_far(event.operation)
        if event.previous is None:
            fresh = not event.operation.steps_completed
            one.step_began = 0.0 if fresh else None
        elif event.steps:
            if len(event.steps) == 1 and one.step_began is not None:
                seconds = max(0.0, so_far - one.step_began)
                one.taken[event.steps[0]] = seconds
                if self._step_times is not None:
                    kind = event.operation.operation_type
                    place = self._place(event.key.site)
                    self._step_times.note(place, kind, event.steps[0], seconds)
            one.step_began = so_far

    # How it ends

    @property
    def ends(self) -> list[events.Ended]:
        """Return the events of operations that ended, first one first."""
        found = (self._states[one].ended for one in self._ended)
        return [end for end in found if end is not None]

    @property
    def left(self) -> list[str]:
        """Return the ids of operations that have not ended, as far as is
        known."""
        return [
            identity
            for identity, one in self._states.items()
            if one.ended is None
        ]

    @property
    def any_ended(self) -> bool:
        """Return whether the outcome of at least one operation is known."""
        return any(_is_known(end) for end in self.ends)

    def keep_first(self) -> None:
        """Remove all operations but the first that ended, if one did."""
        for end in self.ends:
            if _is_known(end):
                identity = end.key.operation_id
                self._states = {identity: self._states[identity]}
                self._ended = [identity]
                return

    def end(self, identity: str) -> events.Ended | None:
        """Return the event with which an operation ended; None before that."""
        one = self._states.get(identity)
        return None if one is None else one.ended

    def outcome(self, identity: str) -> str:
        """Return the outcome of an operation, or its state when polling
        stopped."""
        end = self.end(identity)
        if end is not None:
            return end.outcome.name.lower()
        record, site = self.records[identity]
        outcome = events.Outcome.RUNNING
        if record.is_finished:
            outcome = events.outcome_of(record, None)
        elif self._is_silent(site):
            outcome = events.Outcome.UNKNOWN
        return outcome.name.lower()

    def errors(self) -> dict[str, exceptions.ProtectorError]:
        """Return the errors of operations that did not end well, by id."""
        found = {
            end.key.operation_id: results.error_for(end) for end in self.ends
        }
        return {name: error for name, error in found.items() if error}

    def standing(self) -> list[str]:
        """Describe the operations whose end has not been seen, in
        sentences."""
        found, going = [], []
        for identity in self.left:
            record, site = self.records.get(identity, (None, ""))
            if record is None:
                found.append(
                    f"whether there is an operation {identity} is not known"
                )
            elif site in self.silent or self._is_silent(site):
                # its last poll was lost: only what was seen can be said
                status = record.status.replace("_", " ")
                found.append(
                    f"{identity} was {status} when last seen"
                    f" {span(self._since_answer(site))} ago"
                )
            else:
                going.append(identity)
        if going:
            goes = "goes" if len(going) == 1 else "go"
            found.insert(0, f"{', '.join(going)} {goes} on")
        return found

    def _since_answer(self, site: str) -> float:
        return self.clock() - self._answered_at.get(site, 0.0)

    def _is_silent(self, site: str) -> bool:
        return silence.is_silent(self._since_answer(site))

    # How it goes

    def name(self, identity: str | None) -> str:
        """Return the name for an id of a group or site; the id if none is
        known."""
        return self.names.get(identity or "", identity or "")

    def silent_for(self, one: OperationState) -> float | None:
        """Return the seconds since its site answered; None if it answers."""
        if one.operation is None or one.operation.is_finished:
            return None
        if one.ended is not None:
            return one.ended.silent_for
        silence = self.silent.get(one.key.site)
        return None if silence is None else self.clock() - silence.since

    def elapsed(self, one: OperationState) -> float:
        """Return the seconds since an operation began, as far as is known."""
        operation = one.operation
        if operation is None:
            return 0.0
        if operation.is_finished:
            return eta.duration(operation) or _so_far(operation)
        silent_for = self.silent_for(one) or 0.0
        seen = max(0.0, self.clock() - one.seen - silent_for)
        known = _so_far(operation) + seen
        now = self._server_time(one.key.site)
        if now is None or operation.started_at is None:
            return known
        # a site's clock may be anywhere; it is never behind its own stamps
        since = (now - operation.started_at).total_seconds()
        return max(known, since - silent_for)

    def step_elapsed(self, one: OperationState) -> float | None:
        """Return the seconds since the running step began; None if unknown."""
        if one.step_began is None:
            return None
        return max(0.0, self.elapsed(one) - one.step_began)

    def slow(self, one: OperationState, step: str) -> Slow | None:
        """Return the usual limit where the running step is past it; else
        None."""
        seconds = self.step_elapsed(one)
        if (
            self._step_times is None
            or seconds is None
            or one.operation is None
        ):
            return None
        kind = one.operation.operation_type
        taken = self._step_times.taken(self._place(one.key.site), kind, step)
        limit = eta.usual_limit(taken)
        if limit is None or seconds <= limit:
            return None
        if self.silent_for(one) is not None:
            return None
        return Slow(limit, len(taken))

    def estimate(self, one: OperationState) -> eta.Estimate | None:
        """Estimate when it ends, from earlier operations of its site."""
        operation = one.operation
        if operation is None or phases.current(operation) is None:
            return None
        if self.silent_for(one) is not None:
            return None
        past = self._past.get((one.key.site, operation.operation_type), ())
        return eta.remaining(operation, past, self.elapsed(one))


def _so_far(operation: Operation) -> float:
    """Return the seconds from start to last change, by the site's clock."""
    began, changed = operation.started_at, operation.updated_at
    if began is None or changed is None:
        return 0.0
    return max(0.0, (changed - began).total_seconds())


def _is_known(end: events.Ended) -> bool:
    return end.outcome not in (events.Outcome.UNKNOWN, events.Outcome.RUNNING)
