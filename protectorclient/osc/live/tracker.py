"""What is known of operations that are followed, kept up from the events.

A screen reads it from a thread of its own, so that the seconds go on while
a site is being asked.
"""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from protectorclient.osc.live import lines
from protectorclient.polling import eta, events, phases, step_times

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

#: The time by a site's clock, where it is known.
ServerTime = Callable[[str], datetime.datetime | None]
#: Earlier operations of a site, of one type.
History = Callable[[str, "Operation"], Iterable["Operation"]]


@dataclasses.dataclass
class Tracked:
    """One operation as it is followed."""

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
    """A site that does not answer."""

    #: When it was last heard, by our clock.
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


class Tracker:
    """Takes events, answers questions.

    :param keys: what is followed, in the order in which it is shown.
    :param history: asked once for each site and type of operation.
    :param names: of groups and sites, by id.
    :param place: what a site is called in the notebook; two clouds of one
        name need not be the same.
    """

    def __init__(
        self,
        keys: Iterable[events.Key],
        *,
        history: History = lambda site, operation: (),
        server_time: ServerTime = lambda site: None,
        names: Mapping[str, str] | None = None,
        book: step_times.Notebook | None = None,
        place: Callable[[str], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.names = dict(names or {})
        self.silent: dict[str, Silence] = {}
        self._tracked = {key.operation_id: Tracked(key) for key in keys}
        self._history = history
        self._server_time = server_time
        self._book = book
        self._place = place
        self._past: dict[tuple[str, str], tuple[Operation, ...]] = {}

    @property
    def operations(self) -> list[Tracked]:
        """All that are followed, in order."""
        return list(self._tracked.values())

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Changed):
            self._learn(event.key.site, event.operation)
        with self.lock:
            self._take(event)

    def _learn(self, site: str, operation: Operation) -> None:
        page = (site, operation.operation_type)
        if page not in self._past:
            self._past[page] = tuple(self._history(site, operation))

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.Lost):
            now, patience = self.clock(), event.patience
            self.silent[event.site] = Silence(
                now - event.silent_for,
                lines.brief(event.error),
                None if patience is None else now + patience,
            )
        elif isinstance(event, events.Regained):
            self.silent.pop(event.site, None)
        elif isinstance(event, events.Changed):
            one = self._tracked.setdefault(
                event.key.operation_id, Tracked(event.key)
            )
            self._changed(one, event)
        elif isinstance(event, events.Ended):
            one = self._tracked.setdefault(
                event.key.operation_id, Tracked(event.key)
            )
            one.ended = event

    def _changed(self, one: Tracked, event: events.Changed) -> None:
        one.key = event.key
        one.operation = event.operation
        one.seen = self.clock()
        so_far = _so_far(event.operation)
        if event.previous is None:
            fresh = not event.operation.steps_completed
            one.step_began = 0.0 if fresh else None
        elif event.steps:
            if len(event.steps) == 1 and one.step_began is not None:
                seconds = max(0.0, so_far - one.step_began)
                one.taken[event.steps[0]] = seconds
                if self._book is not None:
                    kind = event.operation.operation_type
                    place = self._place(event.key.site)
                    self._book.note(place, kind, event.steps[0], seconds)
            one.step_began = so_far

    # Questions

    def name(self, identity: str | None) -> str:
        """What an id is called, as far as is known."""
        return self.names.get(identity or "", identity or "")

    def unheard(self, one: Tracked) -> float | None:
        """Seconds since its site was last heard; None where it answers."""
        if one.operation is None or one.operation.is_finished:
            return None
        if one.ended is not None:
            return one.ended.silent_for
        silence = self.silent.get(one.key.site)
        return None if silence is None else self.clock() - silence.since

    def elapsed(self, one: Tracked) -> float:
        """Seconds since an operation began, as far as it was seen."""
        operation = one.operation
        if operation is None:
            return 0.0
        if operation.is_finished:
            return eta.duration(operation) or _so_far(operation)
        unheard = self.unheard(one) or 0.0
        seen = max(0.0, self.clock() - one.seen - unheard)
        known = _so_far(operation) + seen
        now = self._server_time(one.key.site)
        if now is None or operation.started_at is None:
            return known
        # a site's clock may be anywhere; it is never behind its own stamps
        since = (now - operation.started_at).total_seconds()
        return max(known, since - unheard)

    def step_elapsed(self, one: Tracked) -> float | None:
        """Seconds since the step that runs began; None if unknown."""
        if one.step_began is None:
            return None
        return max(0.0, self.elapsed(one) - one.step_began)

    def slow(self, one: Tracked, step: str) -> Slow | None:
        """Whether the step that runs is slower than its own usual."""
        seconds = self.step_elapsed(one)
        if self._book is None or seconds is None or one.operation is None:
            return None
        kind = one.operation.operation_type
        taken = self._book.taken(self._place(one.key.site), kind, step)
        limit = eta.usual_limit(taken)
        if limit is None or seconds <= limit:
            return None
        if self.unheard(one) is not None:
            return None
        return Slow(limit, len(taken))

    def estimate(self, one: Tracked) -> eta.Estimate | None:
        """When it may end, by this site's own history."""
        operation = one.operation
        if operation is None or phases.current(operation) is None:
            return None
        if self.unheard(one) is not None:
            return None
        past = self._past.get((one.key.site, operation.operation_type), ())
        return eta.remaining(operation, past, self.elapsed(one))


def _so_far(operation: Operation) -> float:
    """From the beginning to the last change, by the site's own clock."""
    began, changed = operation.started_at, operation.updated_at
    if began is None or changed is None:
        return 0.0
    return max(0.0, (changed - began).total_seconds())
