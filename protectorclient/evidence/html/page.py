"""`drill.html`: one file for a browser, with nothing from elsewhere.

Every text of a record is hostile here: Jinja escapes it as HTML, and before
that what steers a terminal or reorders a line is spelt out.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Sequence
from typing import Any

import jinja2

from protectorclient.durations import span
from protectorclient.escape import escaped
from protectorclient.evidence import document
from protectorclient.evidence.html import palette, timeline
from protectorclient.evidence.record import (
    CheckState,
    Failure,
    Gap,
    Kind,
    Record,
    Scenario,
)

#: What each verdict is called; the page has a shape for each, too.
VERDICTS = {
    "passed": "Passed",
    "failed": "Failed",
    "not_known": "Not known",
    "skipped": "Skipped",
}
SCENARIOS = {
    Scenario.ISOLATED_TEST: "Test failover in isolated networks",
    Scenario.TEST: "Test failover, the primary went on",
    Scenario.QUIESCED_TEST: "Test failover, the primary was stopped",
    Scenario.PLANNED: "Planned failover",
    Scenario.UNPLANNED: "Unplanned failover",
    Scenario.FAILBACK: "Failback",
    Scenario.TEST_CLEANUP: "Clean-up of a test failover",
    Scenario.SYNC: "Replication of the volumes",
    Scenario.OTHER: "Another operation",
}
KINDS = {
    Kind.DRILL: "Drill of",
    Kind.OPERATION: "Operation on",
    Kind.PLAN: "Plan",
}
PARTS = {
    "check": "Check",
    "refusal": "Refused",
    "operation": "Operation",
    "step": "Step",
    "probe": "Probe",
    "verify": "Verify command",
    "fidelity": "Fidelity",
    "hook": "Hook",
    "clean_up": "Clean-up",
    "run": "Run",
}
#: A command of advice begins so; it is shown as one.
_COMMANDS = ("openstack ", "protector ", "export ")


def text(record: Record) -> str:
    """Return the page of a judged record."""
    template = environment().get_template("drill.html.j2")
    return template.render(
        record=record,
        drawings=timeline.charts(record),
        light=palette.LIGHT,
        dark=palette.DARK,
        kinds=KINDS,
        scenarios=SCENARIOS,
        parts=PARTS,
        verdicts=VERDICTS,
        failed=[one for one in record.groups if one.failures],
        gaps=_by_text(record.gaps),
        unclean=[
            one
            for one in record.groups
            if one.clean_up is not None and not one.clean_up.is_clean
        ],
        counted=_counted(record),
    )


@functools.cache
def environment() -> jinja2.Environment:
    """Return what renders the templates of this folder."""
    package = importlib.resources.files("protectorclient.evidence.html")

    def load(name: str) -> str:
        return (package / name).read_text(encoding="utf-8")

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=clean,
    )
    made.filters.update(
        span=span_of,
        moment=_moment,
        value=_value,
        lines=_lines,
        is_command=_is_command,
        unlike_ok=_unlike_ok,
        not_equal=_not_equal,
    )
    return made


def clean(value: Any) -> Any:
    """Spell out what steers a terminal or reorders a line."""
    if hasattr(value, "__html__"):
        # of our own templates
        return value
    if value is None:
        return ""
    return escaped(str(value))


def span_of(seconds: float | None) -> str:
    """Return a length of time for people."""
    if seconds is None:
        return "not known"
    if 0 < seconds < 1:
        return "under 1s"
    return span(seconds)


def _moment(when: Any) -> str:
    if when is None:
        return "not known"
    return document.moment(when).replace("T", " ").replace("Z", " UTC")


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _lines(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")


def _is_command(line: str) -> bool:
    return line.startswith(_COMMANDS)


def _unlike_ok(checks: Sequence[Any]) -> list[Any]:
    return [one for one in checks if one.state is not CheckState.OK]


def _not_equal(differences: Sequence[Any]) -> list[Any]:
    return [one for one in differences if one.verdict != "equal"]


@dataclasses.dataclass(frozen=True)
class _GapLine:
    """A gap, with all groups that have it."""

    message: str
    groups: tuple[str, ...]


def _by_text(gaps: Sequence[Gap]) -> list[_GapLine]:
    """Join the gaps of one text: sixty groups may have the same."""
    found: dict[str, list[str]] = {}
    for one in gaps:
        names = found.setdefault(one.message, [])
        if one.group is not None:
            names.append(one.group)
    return [_GapLine(text, tuple(names)) for text, names in found.items()]


def _counted(record: Record) -> str:
    """Return how many groups ended how, in words."""
    if not record.groups:
        return "No group was moved."
    counts: dict[str, int] = {}
    for one in record.groups:
        counts[one.verdict.value] = counts.get(one.verdict.value, 0) + 1
    told = ", ".join(
        f"{counts[name]} {word.lower()}"
        for name, word in VERDICTS.items()
        if name in counts
    )
    total = len(record.groups)
    return f"{total} {'group' if total == 1 else 'groups'}: {told}."


__all__ = ["Failure", "text"]
