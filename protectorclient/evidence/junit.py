"""`drill.junit.xml`: one test case a check, step, probe and verdict."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from protectorclient.escape import escaped
from protectorclient.evidence.document import moment
from protectorclient.evidence.record import (
    CheckState,
    Failure,
    Group,
    Part,
    ProbeState,
    Record,
    StepState,
    Verdict,
)

#: Characters that XML 1.0 has not, and `escaped` leaves.
_NO_XML = re.compile("[\ufffe\uffff]")
#: Returns the text of a failure of a part and subject.
_Failed = Callable[[Part, str, str], str]
#: The suite of what belongs to no group.
WHOLE = "the whole"


@dataclasses.dataclass(frozen=True)
class Case:
    """A test case: it passes unless one of the three says otherwise."""

    part: str
    name: str
    seconds: float | None = None
    failure: str | None = None
    #: Not known whether it would pass.
    error: str | None = None
    skipped: str | None = None
    #: What is worth reading though it passes.
    output: str = ""


def text(record: Record) -> str:
    """Return the file.

    A failure is a ``failure``; what nobody knows is an ``error``; what was
    not reached, or left out, is ``skipped``.
    """
    suites = [
        (WHOLE, record.rto.achieved_seconds, list(_whole(record))),
        *(
            (one.name, one.rto.achieved_seconds, list(_group(one)))
            for one in record.groups
        ),
    ]
    root = ElementTree.Element("testsuites", name=_clean(record.name))
    for name, seconds, cases in suites:
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(name))
        _count(suite, cases, seconds)
        suite.set("timestamp", moment(record.began_at).removesuffix("Z"))
        if name == WHOLE:
            _properties(suite, record)
        for case in cases:
            _write(suite, case, name)
    _count(root, [one for _, _, cases in suites for one in cases], None)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _properties(suite: ElementTree.Element, record: Record) -> None:
    found = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("kind", record.kind),
        ("id", record.id),
        ("scenario_type", record.scenario_type),
        ("operator", record.operator or ""),
        *record.versions.items(),
    ):
        ElementTree.SubElement(
            found, "property", name=_clean(name), value=_clean(str(value))
        )


def _count(
    element: ElementTree.Element, cases: list[Case], seconds: float | None
) -> None:
    for name, count in (
        ("tests", len(cases)),
        ("failures", sum(one.failure is not None for one in cases)),
        ("errors", sum(one.error is not None for one in cases)),
        ("skipped", sum(one.skipped is not None for one in cases)),
    ):
        element.set(name, str(count))
    if seconds is not None:
        element.set("time", f"{seconds:.3f}")


def _write(suite: ElementTree.Element, case: Case, name: str) -> None:
    found = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(f"{name}.{case.part}"),
        name=_clean(case.name),
    )
    if case.seconds is not None:
        found.set("time", f"{case.seconds:.3f}")
    for tag, said in (
        ("failure", case.failure),
        ("error", case.error),
        ("skipped", case.skipped),
    ):
        if said is not None:
            inner = ElementTree.SubElement(
                found, tag, message=_clean(said.partition("\n")[0])
            )
            if tag != "skipped":
                inner.set("type", _clean(case.part))
                inner.text = _clean(said)
    if case.output:
        out = ElementTree.SubElement(found, "system-out")
        out.text = _clean(case.output)


# -- cases


def _whole(record: Record) -> Iterator[Case]:
    for one in record.failures:
        yield Case(str(one.part), one.subject, failure=_said(one))
    yield _verdict(record.verdict, "\n".join(_sums(record)))
    if record.attestation is not None:
        note = f"{record.attestation.by}: {record.attestation.note}"
        bad = record.attestation.result != "pass"
        yield Case(
            "attestation",
            "attestation",
            failure=note if bad else None,
            output="" if bad else note,
        )


def _sums(record: Record) -> Iterator[str]:
    for one in record.failures:
        yield one.message
    for group in record.groups:
        if group.verdict is not Verdict.PASSED:
            yield f"{group.name}: {group.verdict.replace('_', ' ')}"


def _verdict(verdict: Verdict, why: str) -> Case:
    return Case(
        "verdict",
        "verdict",
        failure=why or "failed" if verdict is Verdict.FAILED else None,
        error=why or "not known" if verdict is Verdict.NOT_KNOWN else None,
        skipped=why or "skipped" if verdict is Verdict.SKIPPED else None,
    )


def _group(group: Group) -> Iterator[Case]:
    failures = {(one.part, one.subject): one for one in group.failures}

    def failed(part: Part, subject: str, otherwise: str) -> str:
        found = failures.pop((part, subject), None)
        return _said(found) if found is not None else otherwise

    yield from _checks(group, failed)
    yield from _steps(group, failed)
    yield from _probes(group, failed)
    for one in group.verify:
        subject = " ".join(one.command)
        yield Case(
            Part.VERIFY,
            subject,
            one.seconds,
            failure=None
            if one.passed
            else failed(Part.VERIFY, subject, one.error or ""),
            output=one.output,
        )
    if group.fidelity is not None:
        told = [one for one in failures.values() if one.part is Part.FIDELITY]
        if not told:
            yield Case(Part.FIDELITY, "comparison")
    if group.clean_up is not None and group.clean_up.is_clean:
        yield Case(Part.CLEAN_UP, group.clean_up.operation_id or "clean-up")
    for left in list(failures.values()):
        yield Case(str(left.part), left.subject, failure=_said(left))
    why = [one.message for one in group.failures]
    why += [one for one in (group.not_known, group.skipped) if one]
    yield _verdict(group.verdict, "\n".join(why))


def _checks(group: Group, failed: _Failed) -> Iterator[Case]:
    for one in group.checks:
        bad = one.blocks or one.state is CheckState.PROBLEM
        yield Case(
            Part.CHECK,
            one.name,
            failure=failed(Part.CHECK, one.name, one.message) if bad else None,
            error=one.message or "not known"
            if one.state is CheckState.NOT_KNOWN and not bad
            else None,
            output=f"{one.state}: {one.message}"
            if one.state is CheckState.WARNING and not bad
            else "",
        )


def _steps(group: Group, failed: _Failed) -> Iterator[Case]:
    for one in group.steps:
        bad = one.state is StepState.FAILED
        yield Case(
            Part.STEP,
            one.name,
            one.seconds,
            failure=failed(Part.STEP, one.name, one.message or "")
            if bad
            else None,
            error="its end is not known"
            if one.state is StepState.RUNNING
            else None,
            skipped="not reached"
            if one.state is StepState.NOT_REACHED
            else None,
        )


def _probes(group: Group, failed: _Failed) -> Iterator[Case]:
    for one in group.probes:
        subject = f"{one.member} {one.probe}".strip()
        good = one.state is ProbeState.ANSWERS
        yield Case(
            Part.PROBE,
            subject,
            one.seconds,
            failure=None if good else failed(Part.PROBE, subject, one.detail),
        )


def _said(failure: Failure) -> str:
    return "\n".join([failure.message, *failure.advice])


def _clean(text: str) -> str:
    """Spell out what XML has not, and what steers a terminal."""
    return _NO_XML.sub(
        lambda one: f"\\u{ord(one.group()):04x}", escaped(text, keep="\n")
    )
