"""Fill the record of a run of a plan, from its journal and both sites.

The journal has what was asked for, and when it was over; the operations that
it names are read at the sites that have run them.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill as fill_line
from protectorclient.evidence import record as records
from protectorclient.evidence.sources import parts
from protectorclient.evidence.sources.sites import Sites, mapping, versions
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.fold import fold
from protectorclient.plan.execution.state import (
    GroupState,
    GroupStatus,
    RunState,
)

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation

Line = Mapping[str, Any]

_SCENARIOS = {
    "failover": records.Scenario.PLANNED,
    "failback": records.Scenario.FAILBACK,
}

#: What was asked of a person, by the event that has the answer.
_ANSWERS = {"gate-answered": "gate", "rollback-answered": "rollback"}


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that is over."""

    path: pathlib.Path
    lines: tuple[Line, ...]
    state: RunState


def read(path: pathlib.Path) -> Run:
    """Read the journal of a run that is over.

    :raises PlanProblem: it cannot be read.
    :raises GuardRefused: the run is not over.
    """
    lines = list(journals.read(path))
    run = fold(iter(lines), str(path))
    if run.ended_at is None:
        raise exceptions.GuardRefused(
            f"the run {run.run_id} of plan {run.plan.name} is not over: only"
            " what has ended is reported"
        ).then(fill_line(commands.RESUME_PLAN, journal=str(path)))
    return Run(path, tuple(lines), run)


def fill(pair: SitePair, run: Run) -> records.Record:
    """Fill the record of a run.

    :param pair: is asked for the operations; a site that does not answer
        leaves gaps.
    """
    return _Filler(pair, run).record()


class _Filler:
    def __init__(self, pair: SitePair, run: Run) -> None:
        self._path, self._lines, self._run = run.path, run.lines, run.state
        self._sites = Sites(pair)
        self._operations = self._fetch()

    def _fetch(self) -> dict[str, Operation]:
        """Return the operations of the run, of the sites that answer."""
        wanted: dict[str, set[str]] = {}
        for line in self._lines:
            identity = line.get("operation_id")
            group = self._run.groups.get(str(line.get("group")))
            site = line.get("site") or (group.site if group else None)
            if identity and site:
                wanted.setdefault(str(site), set()).add(str(identity))
        found: dict[str, Operation] = {}
        for site, ids in wanted.items():
            facts = self._sites.facts(site)
            if facts is not None:
                try:
                    found |= facts.client.operations.fetch(sorted(ids))
                except exceptions.ProtectorError:
                    continue
        return found

    def record(self) -> records.Record:
        run = self._run
        began = parts.time(run.began_at)
        assert began is not None
        reason = run.options.get("reason")
        return records.Record(
            kind=records.Kind.PLAN,
            id=run.run_id,
            name=run.plan.name,
            scenario_type=self._scenario(),
            began_at=began,
            ended_at=parts.time(run.ended_at),
            groups=tuple(map(self._group, run.groups.values())),
            plan=parts.plan(run, self._path),
            decisions=tuple(self._decisions()),
            rto_objective_seconds=run.form.timeout,
            sites=self._sites.records(),
            operator=run.began_by,
            reason=str(reason) if reason else None,
            versions=versions(),
            clock_skew_seconds=self._sites.skew,
            failures=tuple(self._failures()),
            gaps=tuple(self._gaps()),
        )

    def _scenario(self) -> records.Scenario:
        run = self._run
        if run.unplanned:
            return records.Scenario.UNPLANNED
        if run.action != "test_failover":
            return _SCENARIOS.get(run.action, records.Scenario.OTHER)
        if run.options.get("retain_primary"):
            return records.Scenario.TEST
        return records.Scenario.QUIESCED_TEST

    # -- the run

    def _failures(self) -> Iterator[records.Failure]:
        run = self._run
        if run.stop is not None:
            yield records.Failure(
                part=records.Part.RUN,
                subject=run.plan.name,
                message=f"nothing more was begun: {run.stop[0]}",
                advice=(
                    fill_line(commands.RESUME_PLAN, journal=str(self._path)),
                ),
            )

    def _gaps(self) -> Iterator[records.Gap]:
        for line in self._lines:
            if line["event"] == "hook-ended" and line.get("status") != 0:
                why = line.get("error") or f"exit status {line.get('status')}"
                yield records.Gap(message=f"Hook {line['hook']}: {why}.")

    def _decisions(self) -> Iterator[records.Decision]:
        """Yield who has decided what while the plan ran."""
        for line in self._lines:
            at = parts.time(line.get("at"))
            event = line["event"]
            what, subject = None, line.get("wave")
            if event in _ANSWERS:
                agreed = line.get("answer") == "yes"
                what = "approved" if agreed else "not approved"
                what = f"{_ANSWERS[event]} {what}"
            elif event == "order":
                what, subject = str(line.get("verb")), line.get("subject")
            elif event == "resumed":
                what = "resumed"
            if what is None or at is None:
                continue
            group = self._run.groups.get(str(subject))
            yield records.Decision(
                at=at,
                what=what,
                subject=group.name if group else subject,
                by=line.get("by"),
                reason=line.get("reason"),
            )

    # -- a group

    def _of(self, group: GroupState, event: str) -> list[Line]:
        return [
            line
            for line in self._lines
            if line["event"] == event and line.get("group") == group.id
        ]

    def _last(self, group: GroupState, event: str) -> Line | None:
        found = self._of(group, event)
        return found[-1] if found else None

    def _group(self, one: GroupState) -> records.Group:
        ids = [
            str(line["operation_id"])
            for event in ("started", "rolled-back")
            for line in self._of(one, event)
            if line.get("operation_id")
        ]
        ids = list(dict.fromkeys(ids))
        last = self._operations.get(one.operation_id or "")
        site = self._sites.name(one.site)
        probed = self._last(one, "probed")
        return records.Group(
            name=one.name,
            id=one.id,
            source=self._sites.name(last.source_site_id) if last else None,
            target=self._sites.name(last.target_site_id) if last else None,
            wave=one.wave,
            began_at=parts.time(one.began_at),
            ended_at=parts.time(one.ended_at),
            operations=tuple(
                self._operation(one, identity, site) for identity in ids
            ),
            instances=parts.instances(self._sites, last, site)
            if last and site and self._sites.facts(one.site)
            else (),
            steps=tuple(parts.steps(last, site)) if last else (),
            probes=tuple(_probes(probed)),
            mapped=tuple(parts.replacements(self._sites, last))
            if last
            else (),
            not_kept=parts.not_kept(last) if last else (),
            rto=self._rto(one, last, probed),
            rpo=parts.recovery_point(self._sites, last)
            if last
            else records.RecoveryPoint(),
            clean_up=self._clean_up(one),
            failures=tuple(self._group_failures(one)),
            skipped=one.why or "an order"
            if one.status is GroupStatus.SKIPPED
            else None,
            not_known=one.why or "nobody who knows it answers"
            if one.status is GroupStatus.UNKNOWN
            else None,
        )

    def _operation(
        self, one: GroupState, identity: str, site: str | None
    ) -> records.Operation:
        found = self._operations.get(identity)
        if found is not None:
            return parts.operation(self._sites, found, site)
        return records.Operation(
            type=self._run.action,
            id=identity,
            request_id=one.request_id
            if identity == one.operation_id
            else None,
            site=site,
            status=one.outcome if identity == one.operation_id else None,
        )

    def _rto(
        self, one: GroupState, last: Operation | None, probed: Line | None
    ) -> records.RecoveryTime:
        """Return how long the group took, from its first request on.

        By the moments of the journal; where the answer came when somebody
        had taken the run up again, by the stamps of the service.
        """
        wave = next(w for w in self._run.plan.waves if w.name == one.wave)
        objective = one.entry.timeout or wave.timeout
        began = parts.time(one.began_at)
        moved = self._last(one, "moved")
        ended = parts.time(moved["at"]) if moved else None
        if began is None or ended is None or self._run.resumed:
            return records.RecoveryTime(
                objective_seconds=objective,
                operation_seconds=parts.took(last) if last else None,
                measured_by=records.Clock.SERVICE,
            )
        answered = None
        if probed is not None and probed.get("passed"):
            at = parts.time(probed["at"])
            if at is not None:
                answered = round((at - began).total_seconds(), 3)
        return records.RecoveryTime(
            objective_seconds=objective,
            operation_seconds=round((ended - began).total_seconds(), 3),
            answered_seconds=answered,
        )

    def _clean_up(self, one: GroupState) -> records.CleanUp | None:
        """Return how a test was removed; a plan does not remove it unless it
        is rolled back."""
        if self._run.action != "test_failover" or one.outcome != "completed":
            return None
        return records.CleanUp(
            is_clean=one.back == "completed",
            error=one.back or "the plan does not remove its tests",
            advice=(fill_line(commands.TEST_CLEANUP, group=one.name),),
        )

    def _group_failures(self, one: GroupState) -> Iterator[records.Failure]:
        """Yield what the other fields of a group do not show."""
        if one.status is GroupStatus.FAILED:
            lines = self._of(one, "probed")
            if (
                one.outcome == "completed"
                and lines
                and (not lines[-1].get("passed"))
            ):
                # its probes say why
                pass
            else:
                begun = one.operation_id is not None
                yield records.Failure(
                    part=records.Part.OPERATION
                    if begun
                    else records.Part.REFUSAL,
                    subject=one.operation_id or one.name,
                    message=one.why or "it failed",
                    advice=self._advice(one),
                )
        elif not one.status.is_over:
            blocked = self._blocked(one)
            yield records.Failure(
                part=records.Part.CHECK if blocked else records.Part.RUN,
                subject=one.name,
                message=blocked or "the run ended before it was moved",
                advice=self._advice(one),
            )
        if one.back is not None:
            yield records.Failure(
                part=records.Part.RUN,
                subject=one.name,
                message=f"it was rolled back: {one.back}",
            )

    def _blocked(self, one: GroupState) -> str | None:
        """Return what the last checks have found that blocks a group."""
        found = [
            mapping(line.get("blocked")).get(one.name)
            for line in self._lines
            if line["event"] == "checked" and line.get("wave") == one.wave
        ]
        return str(found[-1]) if found and found[-1] else None

    def _advice(self, one: GroupState) -> tuple[str, ...]:
        lines: list[str] = []
        if one.operation_id is not None:
            lines.append(
                fill_line(commands.DIAGNOSE, operation=one.operation_id)
            )
        names = {"journal": str(self._path), "group": one.name}
        if one.status is GroupStatus.FAILED:
            lines.append(fill_line(commands.RETRY_PLAN, **names))
        elif one.operation_id is None and self._blocked(one):
            lines.append(fill_line(commands.CHECK, group=one.name))
        lines.append(fill_line(commands.RESUME_PLAN, **names))
        return tuple(lines)


def _probes(line: Line | None) -> Iterator[records.Probe]:
    """Yield how each probe of a group has ended."""
    known = set(records.ProbeState)
    for one in (line or {}).get("results") or ():
        state = one.get("result")
        if state not in known:
            state = "answers" if one.get("passed") else "fails"
        yield records.Probe(
            member=str(one.get("member") or ""),
            probe=str(one.get("probe") or ""),
            state=records.ProbeState(state),
            detail=str(one.get("detail") or ""),
        )
