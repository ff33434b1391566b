"""Decide what the facts of a record amount to, in one place.

Who fills a record states what happened. `judged` adds a `Failure` for each
fact for which a drill does not pass, and a `Gap` for each thing that the
drill has not shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from protectorclient.durations import span
from protectorclient.evidence.record import (
    CheckState,
    Failure,
    Gap,
    Group,
    Kind,
    Objective,
    Part,
    ProbeState,
    Record,
    RecoveryPoint,
    RecoveryTime,
    StepState,
)

#: Two sites whose clocks differ by more get a sentence of their own.
MOST_SKEW = 30.0


def judged(record: Record) -> Record:
    """Add the failures and the gaps that follow from the facts.

    A fact whose failure is there already adds none: what is judged twice
    stays as it is.
    """
    if len(record.groups) == 1:
        record = _one_group(record)
    groups = tuple(
        dataclasses.replace(
            one,
            failures=_added(one.failures, _failures(record.kind, one)),
            rto=_recovery_time(one),
        )
        for one in record.groups
    )
    found = dataclasses.replace(record, groups=groups)
    gaps = dict.fromkeys((*record.gaps, *_gaps(found)))
    return dataclasses.replace(found, gaps=tuple(gaps))


def _one_group(record: Record) -> Record:
    """Give a single group the objective of the whole, where it has none."""
    (group,) = record.groups
    if group.rto.objective_seconds is not None:
        return record
    time = dataclasses.replace(
        group.rto, objective_seconds=record.rto_objective_seconds
    )
    return dataclasses.replace(
        record, groups=(dataclasses.replace(group, rto=time),)
    )


def _recovery_time(group: Group) -> RecoveryTime:
    if not _is_back(group):
        return _never(group.rto)
    if not group.probes:
        return group.rto
    answers = all(one.state is ProbeState.ANSWERS for one in group.probes)
    return dataclasses.replace(group.rto, all_answer=answers)


def _is_back(group: Group) -> bool:
    """Return whether a group came back: what failed has no recovery time."""
    states = [
        (one.status or "").strip().lower()
        for one in group.operations
        if one.type in _FROM_POINT
    ]
    return "completed" in states if states else not group.operations


def _never(time: RecoveryTime) -> RecoveryTime:
    return RecoveryTime(
        objective_seconds=time.objective_seconds, measured_by=time.measured_by
    )


def _added(
    known: tuple[Failure, ...], more: Iterator[Failure]
) -> tuple[Failure, ...]:
    """Add failures of facts that no known one is about."""
    about = {(one.part, one.subject) for one in known}
    return (
        *known,
        *(one for one in more if (one.part, one.subject) not in about),
    )


# -- failures


def _failures(kind: Kind, group: Group) -> Iterator[Failure]:
    for rule in _RULES:
        yield from rule(group)
    if kind is Kind.DRILL:
        # a real move stands, however its instances differ: that is a gap
        yield from _fidelity(group)


def _checks(group: Group) -> Iterator[Failure]:
    for one in group.checks:
        if one.blocks or one.state is CheckState.PROBLEM:
            yield Failure(
                part=Part.CHECK,
                subject=one.name,
                message=one.message or "the check found a problem",
                advice=one.advice,
            )


def _operations(group: Group) -> Iterator[Failure]:
    for one in group.operations:
        ended = one.completed_at is not None
        status = (one.status or "").strip().lower()
        if status == "failed" or (ended and status != "completed"):
            said = f": {one.error_message}" if one.error_message else ""
            yield Failure(
                part=Part.OPERATION,
                subject=one.id or one.type,
                message=f"{one.type} is {one.status}{said}",
            )


def _steps(group: Group) -> Iterator[Failure]:
    for one in group.steps:
        if one.state is StepState.FAILED:
            where = f" at {one.site}" if one.site else ""
            yield Failure(
                part=Part.STEP,
                subject=one.name,
                message=one.message or f"the step failed{where}",
            )


def _probes(group: Group) -> Iterator[Failure]:
    for one in group.probes:
        if one.state is not ProbeState.ANSWERS:
            what = "no answer"
            if one.state is ProbeState.NOT_KNOWN:
                what = "whether it answers is not known"
            yield Failure(
                part=Part.PROBE,
                subject=f"{one.member} {one.probe}".strip(),
                message=f"{what}: {one.detail}" if one.detail else what,
            )


def _verify(group: Group) -> Iterator[Failure]:
    for one in group.verify:
        if not one.passed:
            why = one.error or f"exit status {one.status}"
            yield Failure(
                part=Part.VERIFY, subject=" ".join(one.command), message=why
            )


def _fidelity(group: Group) -> Iterator[Failure]:
    if group.fidelity is None:
        return
    if group.fidelity.error is not None:
        yield Failure(
            part=Part.FIDELITY,
            subject="comparison",
            message=f"nothing was compared: {group.fidelity.error}",
        )
    for one in group.fidelity.differences:
        if one.verdict == "differs" and not one.is_accepted:
            why = f": {one.reason}" if one.reason else ""
            yield Failure(
                part=Part.FIDELITY,
                subject=f"{one.member} {one.attribute}",
                message=f"it differs from the source{why}",
            )


def _clean_up(group: Group) -> Iterator[Failure]:
    found = group.clean_up
    if found is not None and not found.is_clean:
        left = f"; left: {', '.join(found.left)}" if found.left else ""
        yield Failure(
            part=Part.CLEAN_UP,
            subject=found.operation_id or "test_cleanup",
            message=f"{found.error or 'the test is not removed'}{left}",
            advice=found.advice,
        )


_RULES: tuple[Callable[[Group], Iterator[Failure]], ...] = (
    _checks,
    _operations,
    _steps,
    _probes,
    _verify,
    _clean_up,
)
#: Operations that start from a recovery point.
_FROM_POINT = frozenset({"failover", "failback", "test_failover"})


# -- gaps


def _gaps(record: Record) -> Iterator[Gap]:
    for site in record.sites:
        if site.error is not None:
            yield Gap(
                message=f"{site.name} did not answer when the report was"
                f" written: {site.error}."
            )
    skew = record.clock_skew_seconds
    if skew is not None and abs(skew) > MOST_SKEW:
        yield Gap(
            message=f"The clocks of the two sites differ by {span(abs(skew))}:"
            " moments of different sites cannot be compared."
        )
    whole = record.rto
    if whole.is_met is False:
        yield _missed("Recovery time", whole, None)
    for one in record.groups:
        yield from _group_gaps(record, one)


def _missed(
    what: str,
    found: Objective | RecoveryTime | RecoveryPoint,
    group: str | None,
) -> Gap:
    assert found.achieved_seconds is not None
    assert found.objective_seconds is not None
    return Gap(
        message=f"{what} {span(found.achieved_seconds)} is above the"
        f" objective, {span(found.objective_seconds)}.",
        group=group,
    )


def _group_gaps(record: Record, group: Group) -> Iterator[Gap]:
    def gap(message: str) -> Gap:
        return Gap(message=message, group=group.name)

    if group.skipped is not None:
        yield gap(f"Skipped: {group.skipped}.")
        return
    if group.rto.is_met is False:
        yield _missed("Recovery time", group.rto, group.name)
    if group.rpo.is_met is False:
        yield _missed("Recovery point age", group.rpo, group.name)
    if not any(one.type in _FROM_POINT for one in group.operations):
        return
    if group.rpo.age_seconds is None:
        yield gap("The age of its recovery point is not known.")
    elif group.rpo.objective_seconds is None:
        yield gap("Its policy states no recovery point objective.")
    if not group.probes and not group.verify:
        yield gap("No application was asked whether it answers.")
    if group.fidelity is None:
        yield gap("The rebuilt instances were not compared with the sources.")
    else:
        if record.kind is not Kind.DRILL:
            for one in _fidelity(group):
                yield gap(f"{one.subject}: {one.message}.")
        count = group.fidelity.counts.get("not_comparable", 0)
        if count:
            nouns = "attribute" if count == 1 else "attributes"
            yield gap(f"{count} {nouns} could not be compared.")
    if group.not_kept:
        count = len(group.not_kept)
        nouns = "attribute was" if count == 1 else "attributes were"
        yield gap(f"{count} {nouns} not kept.")
