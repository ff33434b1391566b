"""Fill the record of a drill from its journal, and what both sites say."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.drill import of_lines
from protectorclient.evidence import judge, writing
from protectorclient.evidence import record as records
from protectorclient.evidence.sources import parts
from protectorclient.evidence.sources.sites import Sites, versions
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.fold import fold
from protectorclient.plan.execution.state import (
    GroupState,
    GroupStatus,
)
from protectorclient.records.operation import Operation

if TYPE_CHECKING:
    from protectorclient.evidence.signing.keys import Signer
    from protectorclient.evidence.writing import Report
    from protectorclient.pair.site_pair import SitePair


@dataclasses.dataclass(frozen=True)
class ReportOptions:
    """Where the report of a drill goes, and how it is written."""

    #: The directory of all reports.
    directory: pathlib.Path
    #: Signs the manifest.
    signer: Signer | None = None
    #: Whether values of attributes are written.
    values: bool = True
    #: The recovery time that is aimed at, in seconds.
    rto: float | None = None


def write(pair: SitePair, path: pathlib.Path, wanted: ReportOptions) -> Report:
    """Write the report of a drill into a folder of its own.

    :param path: the journal.
    :raises EvidenceProblem: it cannot be written.
    """
    found = dataclasses.replace(
        of_journal(pair, path), rto_objective_seconds=wanted.rto
    )
    return writing.write(
        found, wanted.directory, signer=wanted.signer, values=wanted.values
    )


def of_journal(pair: SitePair, path: pathlib.Path) -> records.Record:
    """Fill the record of a drill.

    :param pair: is asked for policies, and for the names of what was mapped;
        a site that does not answer leaves those unknown.
    :param path: the journal.
    """
    return judge.judged(_Filler(pair, path).record())


class _Filler:
    def __init__(self, pair: SitePair, path: pathlib.Path) -> None:
        self._path = path
        self._lines = list(journals.read(path))
        self._run = fold(iter(self._lines), str(path))
        self._sites = Sites(pair)
        with contextlib.suppress(exceptions.ProtectorError):
            first = next(iter(self._run.groups))
            located = pair.locate(first, unplanned=True)
            # the other site knows the id of one that does not answer
            self._sites.learn(located.site_ids)

    def record(self) -> records.Record:
        run, lines = self._run, self._lines
        drill = run.drill
        assert drill is not None
        scenario = records.Scenario.TEST
        if not run.options.get("retain_primary"):
            scenario = records.Scenario.QUIESCED_TEST
        elif drill.isolated:
            scenario = records.Scenario.ISOLATED_TEST
        began = parts.time(lines[0]["at"])
        assert began is not None
        return records.Record(
            kind=records.Kind.DRILL,
            id=run.run_id,
            name=run.plan.name,
            scenario_type=scenario,
            began_at=began,
            ended_at=parts.time(run.ended_at),
            groups=tuple(map(self._group, run.groups.values())),
            plan=parts.plan(run, self._path),
            sites=self._sites.records(),
            operator=run.began_by,
            reason=run.options.get("said"),
            versions=versions(),
            clock_skew_seconds=self._sites.skew,
            failures=tuple(self._failures()),
        )

    def _failures(self) -> Iterator[records.Failure]:
        """Yield what no group shows: a stop, and hooks that failed."""
        run = self._run
        if run.stop is not None:
            yield records.Failure(
                part=records.Part.RUN,
                subject=run.plan.name,
                message=f"nothing more was begun: {run.stop[0]}",
            )
        for line in self._lines:
            if line["event"] == "hook-ended" and line.get("error"):
                yield records.Failure(
                    part=records.Part.HOOK,
                    subject=line["hook"],
                    message=line["error"],
                )

    # -- a group

    def _group(self, one: GroupState) -> records.Group:
        drill, site = one.drill, self._sites.name(one.site)
        operations = [
            Operation.from_dict(line["record"])
            for line in drill.operations.values()
        ]
        test = next((o for o in operations if o.id == one.operation_id), None)
        began, time = of_lines.times(
            self._lines[0], one, is_alone=len(self._run.groups) == 1
        )
        return records.Group(
            name=one.name,
            id=one.id,
            source=self._sites.name(test.source_site_id) if test else None,
            target=self._sites.name(test.target_site_id) if test else None,
            wave=one.wave,
            began_at=began,
            ended_at=parts.time(one.ended_at),
            operations=tuple(
                parts.operation(self._sites, found, site)
                for found in operations
            ),
            instances=tuple(of_lines.instances(one, test)),
            checks=tuple(of_lines.checks(one)),
            steps=tuple(
                step for o in operations for step in self._steps(one, o)
            ),
            probes=tuple(of_lines.probes(drill.probed)),
            verify=tuple(map(of_lines.verify, drill.verified)),
            fidelity=of_lines.fidelity(one),
            mapped=tuple(parts.replacements(self._sites, test))
            if test
            else (),
            not_kept=parts.not_kept(test) if test else (),
            rto=time,
            rpo=parts.recovery_point(self._sites, test)
            if test
            else records.RecoveryPoint(
                objective_seconds=self._sites.objective(one.id)
            ),
            clean_up=of_lines.clean_up(one),
            failures=tuple(self._group_failures(one)),
            skipped=one.why if self._is_skipped(one) else None,
            not_known=one.why if one.status is GroupStatus.UNKNOWN else None,
        )

    def _is_skipped(self, one: GroupState) -> bool:
        """Return whether it was left out on purpose, by an order."""
        why = one.why or ""
        return one.status is GroupStatus.SKIPPED and why.startswith("skipped")

    def _group_failures(self, one: GroupState) -> Iterator[records.Failure]:
        """Yield what the other fields of a group do not show."""
        if self._is_skipped(one) or one.status is GroupStatus.UNKNOWN:
            return
        drill, why = one.drill, one.why or "it was not drilled"
        if one.status is GroupStatus.SKIPPED:
            yield records.Failure(
                part=records.Part.CHECK, subject=one.name, message=why
            )
        elif one.status is not GroupStatus.DONE and one.operation_id is None:
            part = records.Part.REFUSAL if one.why else records.Part.RUN
            yield records.Failure(part=part, subject=one.name, message=why)
        elif (
            one.status is GroupStatus.FAILED
            and drill.probed is None
            and one.outcome == "completed"
        ):
            yield records.Failure(
                part=records.Part.RUN, subject=one.name, message=why
            )
        if drill.probed is not None and drill.probed.get("error"):
            yield records.Failure(
                part=records.Part.PROBE,
                subject=one.name,
                message=drill.probed["error"],
            )

    def _steps(
        self, one: GroupState, found: Operation
    ) -> Iterator[records.Step]:
        drill, before = one.drill, found.started_at
        if found.id == one.operation_id and drill.started_at:
            # by the clock that the steps' ends are of
            before = parts.time(drill.started_at)
        site = self._sites.name(one.site)
        for name in found.steps_completed:
            at = parts.time(one.drill.steps.get((found.id, name)))
            yield records.Step(
                name=name,
                state=records.StepState.DONE,
                operation_id=found.id,
                site=site,
                began_at=before,
                ended_at=at,
            )
            before = at
        for name in found.steps_failed:
            yield records.Step(
                name=name,
                state=records.StepState.FAILED,
                operation_id=found.id,
                site=site,
                began_at=before,
                message=found.error_message,
            )
