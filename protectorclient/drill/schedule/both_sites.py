"""What a timer knows of both sites, and does there."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.drill import begin, history, one_group
from protectorclient.drill.schedule import room
from protectorclient.drill.schedule.choice import (
    Candidate,
    LeftTest,
    Situation,
)
from protectorclient.drill.schedule.folder import Entry, JournalFolder
from protectorclient.drill.schedule.step import JournalOpened
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.drills.options import DrillOptions, reason
from protectorclient.plan.execution.preflight import merged
from protectorclient.plan.execution.state import request_id_of
from protectorclient.plan.file import resolve
from protectorclient.records.operation import UNFINISHED

if TYPE_CHECKING:
    from protectorclient.drill.history import PastDrill
    from protectorclient.drill.record import ReportOptions
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.plan.execution.context import Tools
    from protectorclient.plan.execution.events import Event
    from protectorclient.plan.file.model import Plan
    from protectorclient.plan.file.resolve import Placement
    from protectorclient.records.protection_group import ProtectionGroup

#: So many drills of each site are looked at; of a group that is not among
#: them, its own are asked for.
_NEWEST = 2000
#: A change within so many seconds of the clean-up is the drill's own.
_OWN = 60.0
#: Attempts whose request ids are taken for a drill's own.
_ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class TimerOptions:
    """How a timer drills."""

    #: A drill must not be older, in seconds, where the plan says nothing.
    every: float
    options: DrillOptions
    report: ReportOptions | None = None


class TimerSites:
    """Both sites, as a step of a timer sees them.

    :param folder: has the journals of earlier steps.
    :param tools: returns what a runner uses of the world outside.
    """

    def __init__(
        self,
        pair: SitePair,
        plan: Plan,
        given: TimerOptions,
        folder: JournalFolder,
        *,
        tools: Callable[[], Tools | None] = lambda: None,
        now: journals.Now = journals.utc_now,
    ) -> None:
        self._pair, self._plan, self._given = pair, plan, given
        self._folder, self._tools, self._now = folder, tools, now
        self._places: dict[str, Placement] = {}
        self._newest: dict[str, PastDrill] = {}
        self._drills: dict[str, PastDrill] = {}
        self._cut: dict[str, Entry] = {}

    # -- what is known

    def look(self) -> Situation:
        now = self._now()
        try:
            obstacles, groups = self._obstacles()
        except exceptions.SiteUnreachable as error:
            return Situation(now, (), obstacles=(str(error),))
        if obstacles:
            return Situation(now, (), obstacles=tuple(obstacles))
        found = resolve.resolve(self._plan.of_use("drill"), groups)
        self._places = {one.group.id: one for one in found.placed}
        past = history.look(self._pair, limit=_NEWEST)
        tried: dict[str, datetime.datetime] = {}
        for entry in self._folder.entries():
            tried.setdefault(entry.group_id, entry.at)
        last = self._last(past.drills)
        names = {one.id: one.name for one in groups}
        return Situation(
            now,
            tuple(
                self._candidate(one, last.get(one.group.id), tried)
                for one in found.placed
            ),
            tuple(self._tests(past.drills, names)),
        )

    def _obstacles(self) -> tuple[list[str], list[ProtectionGroup]]:
        """Return why nothing may be done, and the groups of the pair."""
        for status in sorted(UNFINISHED):
            answer = self._pair.operations(status=status, limit=1)
            for name, error in answer.errors.items():
                return [f"{name} does not answer: {error}"], []
            for operation, site in answer.items:
                what = f"{operation.operation_type} {operation.id}"
                return [f"{what} is {operation.status} at {site.name}"], []
        groups = self._pair.reads.groups()
        if groups.warnings:
            return [groups.warnings[0]], []
        found = [
            f"group {one.name} is {one.status}"
            for one in groups.value
            if one.status != "active"
        ]
        return found, list(groups.value)

    def _last(self, drills: tuple[PastDrill, ...]) -> Mapping[str, PastDrill]:
        """Return the last drill of each group that has completed."""
        last: dict[str, PastDrill] = {}
        self._newest = {}
        for one in drills:
            group = one.operation.protection_group_id or ""
            self._newest.setdefault(group, one)
            self._drills[one.operation.id] = one
            if one.operation.state == "completed":
                last.setdefault(group, one)
        if len(drills) < _NEWEST:
            return last
        for group in self._places:
            if group not in last:
                older = history.look(self._pair, [group], limit=10).drills
                done = [o for o in older if o.operation.state == "completed"]
                if older:
                    self._newest.setdefault(group, older[0])
                if done:
                    last[group] = done[0]
        return last

    def _candidate(
        self,
        place: Placement,
        last: PastDrill | None,
        tried: Mapping[str, datetime.datetime],
    ) -> Candidate:
        group, entry = place.group, place.entry
        every = entry.drill_every or place.wave.drill_every
        return Candidate(
            id=group.id,
            name=group.name,
            every=every or self._given.every,
            is_critical=place.wave.critical and entry.critical,
            last=last.operation.completed_at if last else None,
            has_changed=_has_changed(group, last),
            tried=tried.get(group.id),
        )

    def _tests(
        self, drills: tuple[PastDrill, ...], names: Mapping[str, str]
    ) -> Iterator[LeftTest]:
        """Yield the tests that are not cleaned up, and whose they are."""
        self._cut = {
            one.operation_id: entry
            for entry, state in self._folder.unfinished()
            for one in state.groups.values()
            if one.operation_id is not None
        }
        for one in drills:
            operation = one.operation
            if one.is_clean is not False or operation.started_at is None:
                continue
            group = operation.protection_group_id or ""
            entry = self._cut.get(operation.id)
            yield LeftTest(
                group,
                names.get(group, group),
                operation.id,
                operation.started_at,
                entry.run_id if entry else self._run_of(one),
            )

    def _run_of(self, one: PastDrill) -> str | None:
        """Return the run of the drill that has made a test: its request id
        has to be the one of that run."""
        operation, run_id = one.operation, one.run_id
        if run_id is None:
            return None
        group = operation.protection_group_id or ""
        sites = (operation.source_site_id, operation.target_site_id)
        own = {
            request_id_of(run_id, group, begin.ACTION, site or "", attempt)
            for site in sites
            for attempt in range(1, _ATTEMPTS + 1)
        }
        return run_id if operation.request_id in own else None

    def lacks(self, one: Candidate) -> str | None:
        place = self._places[one.id]
        return room.lacks(
            self._pair.anew(),
            one.id,
            merged(self._plan, place.wave, place.entry),
            isolated=self._given.options.isolated,
        )

    # -- what is done

    def drill(self, one: Candidate) -> Iterator[Event]:
        place = self._places[one.id]
        plan = one_group.of_placement(self._plan, place)
        run_id = self._run_id(one.id)
        path = self._folder.new(one.id, run_id, self._now())
        yield self._opened(path)
        yield from begin.begin(
            self._pair.anew(),
            None,
            plan=plan,
            journal=path,
            options=dataclasses.replace(
                self._given.options, keep_on_failure=False
            ),
            retain_primary=True,
            mappings=one_group.Mappings({}, {}),
            reason=f"plan {self._plan.name}",
            report=self._given.report,
            run_id=run_id,
            tools=self._tools(),
            now=self._now,
        )
        self._folder.prune()

    def _opened(self, path: pathlib.Path) -> Event:
        at = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return JournalOpened(at, {"path": str(path)})

    def _run_id(self, group_id: str) -> str:
        """Return the id of the next drill of a group.

        It follows from the last one: two timers on two machines send the
        same request, and the service begins one operation.
        """
        newest = self._newest.get(group_id)
        last = newest.operation.id if newest else "none"
        text = f"{self._plan.name}/{group_id}/{last}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def remove(self, test: LeftTest) -> Iterator[Event]:
        entry = self._cut.get(test.operation_id)
        path = entry.path if entry else self._taken_up(test)
        yield self._opened(path)
        yield from begin.resume(
            self._pair.anew(),
            path,
            report=self._given.report,
            only_clean=True,
            adopt=True,
            tools=self._tools(),
            now=self._now,
        )

    def _taken_up(self, test: LeftTest) -> pathlib.Path:
        """Write a journal for a drill whose own one is not here."""
        assert test.run_id is not None
        pair = self._pair.anew()
        located = pair.locate(test.group_id)
        group = located.group
        plan = one_group.of_group(group, one_group.Mappings({}, {}))
        path = self._folder.new(group.id, test.run_id, self._now())
        operation = self._drills[test.operation_id].operation
        site = operation.source_site_id or ""
        with journals.Journal.create(path, now=self._now) as file:
            file.add(
                "run",
                **journals.first_line(
                    plan,
                    test.run_id,
                    begin.ACTION,
                    False,
                    {
                        "reason": reason(test.run_id),
                        "retain_primary": True,
                        "drill": DrillOptions().to_dict(),
                        "sites": sorted(located.site_ids.values()),
                    },
                    [(group.id, group.name, "drill", 0)],
                    by=file.by,
                ),
            )
            file.add(
                "posting",
                group=group.id,
                attempt=1,
                request_id=operation.request_id,
                site=site,
                action=begin.ACTION,
                found=True,
            )
            file.add(
                "started",
                group=group.id,
                operation_id=operation.id,
                site=site,
            )
        return path


def _has_changed(group: ProtectionGroup, last: PastDrill | None) -> bool:
    """Return whether the metadata have changed since the last drill."""
    if last is None or group.updated_at is None:
        return False
    ends = [
        one.completed_at
        for one in (last.operation, last.clean_up)
        if one is not None and one.completed_at is not None
    ]
    if not ends:
        return False
    return (group.updated_at - max(ends)).total_seconds() > _OWN
