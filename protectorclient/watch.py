"""Follow operations to a truthful end.

One pure loop: what fetches, tells the time and sleeps is handed in. A lost
request, a site that is away, an answer that cannot be read are just
another poll, told once and counted. What is not known is never said.
"""

from __future__ import annotations

import dataclasses
import enum
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.v1.operations import Operation

#: Refusals in a row after which asking again is pointless.
_REFUSALS = 3
#: Answers in a row without an operation that was there before.
_ABSENCES = 2

#: An answer that never came; the next poll may have more luck.
TRANSIENT = (
    exceptions.SiteUnreachable,
    exceptions.OutcomeUnknown,
    exceptions.ServerError,
)


class Outcome(enum.Enum):
    """How the following of an operation ended."""

    COMPLETED = "completed"
    #: A forced failover that could not rebuild every member.
    PARTIAL = "partial"
    ROLLED_BACK = "rolled back"
    #: Failed, and something is left behind.
    LEFTOVERS = "leftovers"
    #: Still running when the time was over.
    RUNNING = "running"
    #: Nobody who could know has answered for too long.
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Pace:
    """How often to ask, and when to stop."""

    #: Seconds between polls while things move.
    shortest: float = 1.0
    #: Seconds between polls when nothing has moved for a while.
    longest: float = 10.0
    growth: float = 1.5
    #: The most that a ``Retry-After`` is honoured.
    longest_rest: float = 60.0
    #: Seconds without any answer until it is called unknown.
    give_up_after: float = 300.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclasses.dataclass(frozen=True)
class Key:
    """An operation, and the only site that knows it."""

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regained(Event):
    """A site answers again."""

    site: str
    #: The polls that were lost.
    polls: int
    #: How long it was away.
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ended(Event):
    """The following of one operation is over."""

    key: Key
    outcome: Outcome
    #: The last record seen.
    operation: Operation | None = None
    #: Why it is not known.
    error: exceptions.ProtectorError | None = None


#: The records of some operations of one site; what it does not know is
#: left out.
Fetch = Callable[[str, Sequence[str]], Mapping[str, "Operation"]]
#: How a finished operation ended.
Settle = Callable[[str, "Operation"], Outcome]


def outcome_of(operation: Operation, group_status: str | None) -> Outcome:
    """How a finished operation ended, by its record and its group's."""
    if operation.status == "completed":
        forced = bool(operation.parameters.get("force"))
        if forced and group_status == "failed_over_partial":
            return Outcome.PARTIAL
        return Outcome.COMPLETED
    if operation.leftovers or group_status == "error":
        return Outcome.LEFTOVERS
    return Outcome.ROLLED_BACK


def follow(
    keys: Iterable[Key],
    fetch: Fetch,
    *,
    timeout: float | None = None,
    pace: Pace | None = None,
    settle: Settle | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Follow operations until each of them has ended, one way or another.

    Operations of one site share one `fetch` at each tick. There is one
    `Ended` for each key, and nothing after the last.

    :param timeout: seconds after which what still runs is left running.
    :param settle: says how a finished operation ended; when it raises,
        that was a lost poll too.
    :param cancelled: asked at each tick; true is as good as the timeout.
    """
    loop = _Loop(fetch, pace or Pace(), settle or _by_record, timeout)
    return loop.run(keys, cancelled)


def _by_record(site: str, operation: Operation) -> Outcome:
    return outcome_of(operation, None)


@dataclasses.dataclass
class _Watched:
    key: Key
    operation: Operation | None = None
    absences: int = 0


@dataclasses.dataclass
class _Site:
    name: str
    watched: list[_Watched]
    due: float
    delay: float
    heard: float
    lost_since: float | None = None
    lost_polls: int = 0
    refusals: int = 0
    error: exceptions.ProtectorError | None = None


class _Loop:
    def __init__(
        self,
        fetch: Fetch,
        pace: Pace,
        settle: Settle,
        timeout: float | None,
    ) -> None:
        self._fetch = fetch
        self._pace = pace
        self._settle = settle
        self._timeout = timeout

    def run(
        self, keys: Iterable[Key], cancelled: Callable[[], bool]
    ) -> Iterator[Event]:
        now = self._pace.clock()
        deadline = None if self._timeout is None else now + self._timeout
        sites: dict[str, _Site] = {}
        for key in dict.fromkeys(keys):
            site = sites.setdefault(
                key.site,
                _Site(key.site, [], now, self._pace.shortest, now),
            )
            site.watched.append(_Watched(key))
        while waiting := [site for site in sites.values() if site.watched]:
            site = min(waiting, key=lambda one: one.due)
            stop = site.due if deadline is None else min(site.due, deadline)
            rest = stop - self._pace.clock()
            if rest > 0:
                self._pace.sleep(rest)
            if cancelled():
                yield from self._stop(waiting)
                return
            yield from self._poll(site)
            if deadline is not None and self._pace.clock() >= deadline:
                yield from self._stop(waiting)
                return

    def _poll(self, site: _Site) -> Iterator[Event]:
        wanted = [one.key.operation_id for one in site.watched]
        try:
            records = self._fetch(site.name, wanted)
        except exceptions.ProtectorError as error:
            yield from self._missed(site, error)
            return
        moved = False
        for one in list(site.watched):
            record = records.get(one.key.operation_id)
            if record is None:
                yield from self._absent(site, one)
                continue
            one.absences = 0
            if record != one.operation:
                moved = True
                previous, one.operation = one.operation, record
                yield Changed(
                    at=self._pace.clock(),
                    key=one.key,
                    operation=record,
                    previous=previous,
                )
            if record.is_finished:
                try:
                    outcome = self._settle(site.name, record)
                except exceptions.ProtectorError as error:
                    yield from self._missed(site, error)
                    return
                yield self._end(site, one, outcome)
        yield from self._heard(site, moved)

    def _heard(self, site: _Site, moved: bool) -> Iterator[Event]:
        now = self._pace.clock()
        if site.lost_since is not None:
            yield Regained(
                at=now,
                site=site.name,
                polls=site.lost_polls,
                seconds=now - site.lost_since,
            )
            moved = True
        site.heard = now
        site.lost_since = None
        site.lost_polls = site.refusals = 0
        site.error = None
        if moved:
            site.delay = self._pace.shortest
        else:
            site.delay = min(
                site.delay * self._pace.growth, self._pace.longest
            )
        site.due = now + site.delay

    def _missed(
        self, site: _Site, error: exceptions.ProtectorError
    ) -> Iterator[Event]:
        now = self._pace.clock()
        site.error = error
        site.lost_polls += 1
        if site.lost_since is None:
            site.lost_since = now
            yield Lost(at=now, site=site.name, error=error)
        if isinstance(error, TRANSIENT):
            site.refusals = 0
        else:
            site.refusals += 1
        given_up = now - site.heard >= self._pace.give_up_after
        if given_up or site.refusals >= _REFUSALS:
            yield from self._give_up(site)
            return
        asked = getattr(error, "retry_after", None) or 0.0
        site.delay = min(site.delay * self._pace.growth, self._pace.longest)
        rest = max(site.delay, min(asked, self._pace.longest_rest))
        site.due = min(now + rest, site.heard + self._pace.give_up_after)

    def _give_up(self, site: _Site) -> Iterator[Event]:
        for one in list(site.watched):
            record = one.operation
            if record is not None and record.is_finished:
                yield self._end(site, one, outcome_of(record, None))
            else:
                yield self._end(site, one, Outcome.UNKNOWN, site.error)

    def _absent(self, site: _Site, one: _Watched) -> Iterator[Event]:
        one.absences += 1
        if one.operation is None or one.absences >= _ABSENCES:
            error = exceptions.NotFound(
                f"no operation has the id '{one.key.operation_id}'",
                site=site.name,
            )
            yield self._end(site, one, Outcome.UNKNOWN, error)

    def _stop(self, sites: Iterable[_Site]) -> Iterator[Event]:
        patience = 3 * self._pace.longest
        for site in sites:
            silent = site.lost_since is not None and (
                self._pace.clock() - site.heard > patience
            )
            for one in list(site.watched):
                if silent or one.operation is None:
                    outcome = Outcome.UNKNOWN
                else:
                    outcome = Outcome.RUNNING
                yield self._end(site, one, outcome, site.error)

    def _end(
        self,
        site: _Site,
        one: _Watched,
        outcome: Outcome,
        error: exceptions.ProtectorError | None = None,
    ) -> Ended:
        site.watched.remove(one)
        return Ended(
            at=self._pace.clock(),
            key=one.key,
            outcome=outcome,
            operation=one.operation,
            error=error,
        )
