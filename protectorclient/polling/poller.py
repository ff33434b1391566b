"""Poll operations until each has ended, and report what happens.

One pure loop: fetching, the clock and sleeping are parameters. A request
without a usable answer is a lost poll: it is counted, and the first of an
outage is reported. An outcome that is not known is reported as unknown.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient._http import deadline
from protectorclient.durations import REFUSED_AFTER
from protectorclient.polling.events import (
    Changed,
    Doubted,
    Ended,
    Event,
    Key,
    Lost,
    Outcome,
    Regained,
    Silent,
    outcome_of,
)
from protectorclient.polling.pace import Pace, check_seconds
from protectorclient.polling.silence import LOST_ANSWER, is_silent
from protectorclient.polling.targets import SiteState, Target

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

__all__ = [
    "Changed",
    "Doubted",
    "Ended",
    "Event",
    "Fetch",
    "Key",
    "Lost",
    "Outcome",
    "Pace",
    "Regained",
    "FindOutcome",
    "Silent",
    "follow",
    "outcome_of",
]

#: Refusals in a row after which a site is given up. At a site that has
#: answered before they must also have lasted for `REFUSED_AFTER`.
_REFUSALS = 3
#: Answers in a row without an operation that was there before.
_ABSENCES = 2
#: Seconds: with less time left than this there is no `Silent`.
_LEAST_TO_REPORT = 60.0

#: The records of some operations of one site; what it does not know is
#: left out.
Fetch = Callable[[str, Sequence[str]], Mapping[str, "Operation"]]
#: The keys of what runs, with their sites; those that are followed already
#: may be among them. It raises nothing.
FindNew = Callable[[], Iterable[Key]]
#: How a finished operation ended.
FindOutcome = Callable[[str, "Operation"], Outcome]


def follow(
    keys: Iterable[Key],
    fetch: Fetch,
    *,
    sites: Sequence[str] = (),
    timeout: float | None = None,
    pace: Pace | None = None,
    find_outcome: FindOutcome | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    find_new: FindNew | None = None,
) -> Iterator[Event]:
    """Poll operations until each of them has ended, and yield the events.

    Operations of one site share one `fetch` at each tick. There is one
    `Ended` for each key, and nothing after the last.

    :param find_new: asked every `Pace.longest` seconds, and when the last has
        ended, for operations that have begun meanwhile; they are followed
        too.
    :param sites: where an operation is looked for whose key has no site:
        at each, until one knows it or all have said that they do not.
    :param timeout: seconds after which polling stops; operations go on.
    :raises ValueError: the timeout is no length of time, or the pace has
        no pause.
    :param find_outcome: returns how a finished operation ended; when it
        raises, that is a lost poll too.
    :param cancelled: called at each tick; true ends it as the timeout does.
        A caller that cannot wait for a tick gives a `Pace.sleep` that wakes.
    """
    if timeout is not None:
        check_seconds("timeout", timeout)
    if pace is not None and not pace.shortest > 0:
        raise ValueError("between two polls there must be a pause")
    loop = _Loop(fetch, pace or Pace(), find_outcome or _by_record, timeout)
    return loop.run(keys, sites, cancelled, find_new)


def _by_record(site: str, operation: Operation) -> Outcome:
    return outcome_of(operation, None)


class _Loop:
    def __init__(
        self,
        fetch: Fetch,
        pace: Pace,
        find_outcome: FindOutcome,
        timeout: float | None,
    ) -> None:
        self._fetch = fetch
        self._pace = pace
        self._find_outcome = find_outcome
        self._timeout = timeout
        self._sites: dict[str, SiteState] = {}
        self._followed: set[str] = set()
        self._deadline = math.inf

    def run(
        self,
        keys: Iterable[Key],
        everywhere: Sequence[str],
        cancelled: Callable[[], bool],
        find_new: FindNew | None = None,
    ) -> Iterator[Event]:
        now = self._pace.clock()
        if self._timeout is not None:
            self._deadline = now + self._timeout
        deadline = self._deadline
        for key in dict.fromkeys(keys):
            self._add(key, (key.site,) if key.site else everywhere, now)
        look = math.inf if find_new is None else now + self._pace.longest
        while True:
            waiting = self._waiting()
            if not waiting:
                over = cancelled() or self._pace.clock() >= deadline
                if find_new is None or over or not self._follow_new(find_new):
                    return
                look = self._pace.clock() + self._pace.longest
                continue
            site = min(waiting, key=lambda one: one.due)
            rest = min(site.due, look, deadline) - self._pace.clock()
            if rest > 0 and not cancelled():
                self._pace.sleep(rest)
            if cancelled():
                yield from self._stop()
            elif self._pace.clock() >= deadline:
                yield from self._last_polls(deadline)
                yield from self._stop()
            elif find_new is not None and self._pace.clock() >= look:
                self._follow_new(find_new)
                look = self._pace.clock() + self._pace.longest
            else:
                yield from self._poll(site)

    def _follow_new(self, find_new: FindNew) -> bool:
        """Add the operations that began since; return whether there were
        any."""
        now = self._pace.clock()
        fresh = [
            key
            for key in dict.fromkeys(find_new())
            if key.operation_id not in self._followed
        ]
        for key in fresh:
            self._add(key, (key.site,), now)
        return bool(fresh)

    def _add(self, key: Key, names: Sequence[str], now: float) -> None:
        if not names:
            raise ValueError(f"no site to ask for {key.operation_id}")
        one = Target(key)
        self._followed.add(key.operation_id)
        for name in names:
            site = self._sites.setdefault(
                name, SiteState(name, now, self._pace.shortest, now)
            )
            if not site.watched:
                # it may not have been polled for a long time
                site.due, site.answered_at = now, max(site.answered_at, now)
            site.watched.append(one)
            one.sites.append(site)

    def _waiting(self) -> list[SiteState]:
        return [site for site in self._sites.values() if site.watched]

    def _last_polls(self, deadline: float) -> Iterator[Event]:
        """Poll once more each site that was not polled a moment ago."""
        for site in self._waiting():
            fresh = deadline - self._pace.shortest
            if site.asked is None or site.asked < fresh:
                yield from self._poll(site)

    def _poll(self, site: SiteState) -> Iterator[Event]:
        wanted = [one.key.operation_id for one in site.watched]
        outcomes: dict[str, Outcome] = {}
        failure: exceptions.ProtectorError | None = None
        records: Mapping[str, Operation] = {}
        try:
            with self._deadline_for_poll():
                records = self._fetch(site.name, wanted)
                for one in site.watched:
                    identity = one.key.operation_id
                    record = records.get(identity)
                    if record is not None and one.has_ended(record):
                        outcomes[identity] = self._find_outcome(
                            site.name, record
                        )
        except exceptions.ProtectorError as error:
            failure = error
        site.asked = self._pace.clock()
        if failure is None:
            yield from self._report_regained(site)
        moved = yield from self._changes(site, records)
        if failure is not None:
            yield from self._note_failure(site, failure)
            return
        self._note_answer(site, moved)
        for one in list(site.watched):
            identity = one.key.operation_id
            if identity not in records:
                yield from self._note_absence(site, one)
            elif identity in outcomes:
                yield self._end(one, outcomes[identity])

    def _deadline_for_poll(self) -> contextlib.AbstractContextManager[None]:
        """Limit a poll to little more than the time that is left."""
        if math.isinf(self._deadline):
            return contextlib.nullcontext()
        left = self._deadline - self._pace.clock()
        return deadline.within(max(left, self._pace.last_answer))

    def _changes(
        self, site: SiteState, records: Mapping[str, Operation]
    ) -> Generator[Event, None, bool]:
        moved = False
        for one in site.watched:
            record = records.get(one.key.operation_id)
            if record is None:
                continue
            one.absences = 0
            if not one.key.site:
                self._assign_site(one, site)
            if record != one.operation:
                moved = True
                previous, one.operation = one.operation, record
                yield Changed(
                    at=self._pace.clock(),
                    key=one.key,
                    operation=record,
                    previous=previous,
                )
            if one.is_first_contradiction(record):
                yield Doubted(
                    at=self._pace.clock(),
                    key=one.key,
                    operation=record,
                    message=f"{record.id} is {record.status}, but has a"
                    " completed_at; polling continues",
                )
        return moved

    def _assign_site(self, one: Target, home: SiteState) -> None:
        """Keep the only site that knows an operation, and drop the others."""
        one.key = Key(home.name, one.key.operation_id)
        for site in one.sites:
            if site is not home:
                site.watched.remove(one)
        one.sites = [home]

    def _report_regained(self, site: SiteState) -> Iterator[Event]:
        if site.lost_since is None:
            return
        now = self._pace.clock()
        yield Regained(
            at=now,
            site=site.name,
            polls=site.lost_polls,
            seconds=now - site.lost_since,
        )

    def _note_answer(self, site: SiteState, moved: bool) -> None:
        back = site.lost_since is not None
        site.known = True
        site.answered_at = self._pace.clock()
        site.lost_since = None
        site.lost_polls = site.refusals = 0
        site.error = None
        if moved or back:
            site.delay = self._pace.shortest
        else:
            site.delay = min(
                site.delay * self._pace.growth, self._pace.longest
            )
        site.due = site.answered_at + site.delay

    def _note_failure(
        self, site: SiteState, error: exceptions.ProtectorError
    ) -> Iterator[Event]:
        now = self._pace.clock()
        site.error = error
        site.lost_polls += 1
        for one in site.watched:
            one.lost += 1
        if site.lost_since is None:
            site.lost_since = now
            # it may have been this one request only: poll again soon
            site.delay = self._pace.shortest / self._pace.growth
            left = self._time_left(site, now)
            site.half = (
                now + left / 2 if left >= _LEAST_TO_REPORT else math.inf
            )
            yield Lost(
                at=now,
                site=site.name,
                error=error,
                silent_for=now - site.answered_at,
                patience=left,
            )
        if isinstance(error, LOST_ANSWER):
            site.refusals = 0
        else:
            if not site.refusals:
                site.refused_since = now
            site.refusals += 1
        if self._must_give_up(site, now):
            for one in list(site.watched):
                yield from self._give_up(site, one)
            return
        if now >= site.half:
            site.half = math.inf
            yield Silent(
                at=now,
                site=site.name,
                error=error,
                silent_for=now - site.answered_at,
                patience=self._time_left(site, now),
            )
        asked = getattr(error, "retry_after", None) or 0.0
        site.delay = min(site.delay * self._pace.growth, self._pace.longest)
        rest = max(site.delay, min(asked, self._pace.longest_rest))
        if not asked and now + self._pace.longest >= self._deadline:
            # the deadline is near: poll more often until then
            rest = self._pace.shortest
        site.due = min(now + rest, site.answered_at + self._pace.give_up_after)

    def _time_left(self, site: SiteState, now: float) -> float:
        end = min(site.answered_at + self._pace.give_up_after, self._deadline)
        return max(0.0, end - now)

    def _must_give_up(self, site: SiteState, now: float) -> bool:
        if now - site.answered_at >= self._pace.give_up_after:
            return True
        if site.refusals < _REFUSALS:
            return False
        return not site.known or now - site.refused_since >= REFUSED_AFTER

    def _give_up(self, site: SiteState, one: Target) -> Iterator[Event]:
        record = one.operation
        one.error = site.error
        if record is not None and record.is_finished:
            yield self._end(one, outcome_of(record, None))
        else:
            yield from self._remove_site(site, one)

    def _remove_site(self, site: SiteState, one: Target) -> Iterator[Event]:
        """Remove a site that could know it; end it when no site is left."""
        if len(one.sites) == 1:
            yield self._end(one, Outcome.UNKNOWN)
            return
        one.sites.remove(site)
        site.watched.remove(one)

    def _note_absence(self, site: SiteState, one: Target) -> Iterator[Event]:
        one.absences += 1
        seen = one.operation is not None
        if seen and one.absences < _ABSENCES:
            return
        if one.error is None and len(one.sites) == 1:
            one.error = exceptions.NotFound(
                f"no operation has the id '{one.key.operation_id}'"
                if one.key.site
                else f"no site knows an operation '{one.key.operation_id}'",
                site=one.key.site or None,
            )
        yield from self._remove_site(site, one)

    def _stop(self) -> Iterator[Event]:
        watched = dict.fromkeys(
            one for site in self._waiting() for one in site.watched
        )
        for one in watched:
            record = one.operation
            silent = [site for site in one.sites if self._is_silent(site)]
            errors = [site.error for site in one.sites if site.error]
            one.error = errors[0] if errors else one.error
            if record is not None and record.is_finished:
                yield self._end(one, outcome_of(record, None))
            elif silent or record is None:
                yield self._end(one, Outcome.UNKNOWN)
            else:
                yield self._end(one, Outcome.RUNNING)

    def _is_silent(self, site: SiteState) -> bool:
        silent_for = self._pace.clock() - site.answered_at
        return is_silent(silent_for, self._pace.silent_after)

    def _end(self, one: Target, outcome: Outcome) -> Ended:
        for site in one.sites:
            site.watched.remove(one)
        known = outcome not in (Outcome.UNKNOWN, Outcome.RUNNING)
        silent = [site for site in one.sites if site.lost_since is not None]
        answered_at = max((site.answered_at for site in silent), default=None)
        now = self._pace.clock()
        return Ended(
            at=now,
            key=one.key,
            outcome=outcome,
            operation=one.operation,
            error=None if known else one.error,
            lost=one.lost,
            silent_for=None
            if known or answered_at is None
            else now - answered_at,
        )
