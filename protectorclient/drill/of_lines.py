"""Read the parts of a record from the lines of a drill's journal."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.evidence import record as records
from protectorclient.evidence.sources import parts
from protectorclient.pair.reads import rebuilt
from protectorclient.plan.execution import hooks
from protectorclient.plan.execution.state import GroupState
from protectorclient.records.operation import Operation

Line = Mapping[str, Any]

_CHECKS = {
    "ok": records.CheckState.OK,
    "warning": records.CheckState.WARNING,
    "problem": records.CheckState.PROBLEM,
}


def checks(one: GroupState) -> Iterator[records.Check]:
    """Yield the findings of the last checks before the test."""
    for row in one.drill.findings:
        yield records.Check(
            name=row["id"],
            state=_CHECKS.get(
                str(row["severity"]), records.CheckState.NOT_KNOWN
            ),
            site=row.get("site"),
            message=row.get("message") or "",
            advice=tuple((row.get("fix") or "").splitlines()),
            blocks=bool(row.get("blocks")),
        )


def fidelity(one: GroupState) -> records.Fidelity | None:
    """Return what the comparison with the sources found."""
    line = one.drill.compared
    if line is None:
        return None
    return records.Fidelity(
        counts=line.get("counts") or {},
        differences=tuple(
            records.Difference(
                member=row["member"],
                attribute=row["attribute"],
                service=row["service"],
                verdict=row["verdict"],
                source=row.get("source"),
                target=row.get("target"),
                reason=row.get("reason"),
                is_accepted=bool(row.get("is_accepted")),
            )
            for row in line.get("comparisons") or ()
        ),
        error=line.get("error"),
    )


def times(
    first: Line, one: GroupState, *, is_alone: bool
) -> tuple[datetime.datetime | None, records.RecoveryTime]:
    """Return when the command for a group began, and how long it took.

    :param first: the first line of the journal.

    Of a single group that is the command of the drill; of a plan, whose
    groups wait for each other, the request of the group.
    """
    posting = one.drill.posting
    if posting is None:
        return None, records.RecoveryTime()
    first = first if is_alone else posting
    began = parts.time(first["at"])
    line = one.drill.operations.get(one.operation_id or "") or {}
    took = _between(first, line)
    by = records.Clock.CLIENT
    if took is None:
        test = line.get("record")
        if test and test.get("completed_at") and test.get("started_at"):
            by = records.Clock.SERVICE
            ended = parts.time(test["completed_at"])
            started = parts.time(test["started_at"])
            assert ended is not None
            assert started is not None
            took = (ended - started).total_seconds()
            began = started
    before = _between(first, posting) or 0.0
    probed: Mapping[str, Any] = one.drill.probed or {}
    same = probed.get("boot") == posting.get("boot")

    def since(name: str) -> float | None:
        found = probed.get(name)
        if found is None or not same:
            return None
        return round(float(found) + before, 3)

    return began, records.RecoveryTime(
        operation_seconds=took,
        active_seconds=since("active_seconds"),
        answered_seconds=since("answered_seconds"),
        measured_by=by,
    )


def clean_up(one: GroupState) -> records.CleanUp | None:
    """Return how what was built for a group was removed."""
    drill = one.drill
    if one.request_id is None:
        return None
    kept = drill.result == "kept"
    error = drill.error
    if drill.result is None:
        error = error or "the drill ended before it"
    return records.CleanUp(
        is_clean=drill.is_clean,
        operation_id=drill.operation_id,
        at=parts.time(drill.cleaned_at),
        left=drill.left,
        networks=_networks(one) if drill.is_clean else (),
        error="the test is kept, as --keep-on-failure asks" if kept else error,
        advice=()
        if drill.is_clean
        else (str(fill(commands.TEST_CLEANUP, group=one.name)),),
    )


def _networks(one: GroupState) -> tuple[str, ...]:
    """Return the names of the networks that were made for a test."""
    line = one.drill.operations.get(one.operation_id or "") or {}
    result = (line.get("record") or {}).get("result_data") or {}
    return tuple(str(each["name"]) for each in result.get("networks") or ())


def _between(first: Line, last: Line) -> float | None:
    """Return the seconds between two lines, by the monotonic clock."""
    if first.get("clock") is None or last.get("clock") is None:
        return None
    if first.get("boot") != last.get("boot"):
        return None
    return round(float(last["clock"]) - float(first["clock"]), 3)


def probes(line: Line | None) -> Iterator[records.Probe]:
    """Yield how each probe of a group has ended."""
    for one in (line or {}).get("results") or ():
        state = one.get("result")
        if state not in set(records.ProbeState):
            state = records.ProbeState.FAILS
        yield records.Probe(
            member=str(one.get("member") or ""),
            probe=str(one.get("probe") or "ACTIVE"),
            state=records.ProbeState(state),
            detail=str(one.get("detail") or ""),
            seconds=one.get("seconds"),
        )


def verify(line: Line) -> records.Verify:
    """Return the verdict of a command."""
    return records.Verify(
        command=hooks.masked_words(line["run"]),
        passed=bool(line["passed"]),
        status=line.get("status"),
        error=line.get("error"),
        output=line.get("output") or "",
        seconds=line.get("seconds"),
    )


def instances(
    one: GroupState, test: Operation | None
) -> Iterator[records.Instance]:
    """Yield what was built; without their members where the drill ended
    before it looked at them."""
    found = (one.drill.probed or {}).get("instances") or ()
    for member, source, target in found:
        yield records.Instance(
            member=member, source_id=source, target_id=target
        )
    if not found and test is not None:
        for identity in rebuilt.named(test):
            yield records.Instance(member="", target_id=identity)
