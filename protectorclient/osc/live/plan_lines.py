"""Write the events of a plan's run as text, or as JSON for programs.

Who writes the text to a terminal escapes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from protectorclient.durations import span
from protectorclient.plan.execution import events

Names = Mapping[str, str]


#: writes the line of an event; None where the screen needs none
Writer = Callable[[Mapping[str, Any], Names], str | None]


def text(event: events.Event, names: Names) -> str | None:
    """Return the line of an event; None for one that nobody waits for.

    :param names: of groups, by their ids.
    """
    writer = _WRITERS.get(type(event))
    return writer(event.fields, names) if writer is not None else None


def as_json(event: events.Event) -> str:
    """Return an event as one line of JSON."""
    return json.dumps(event.to_dict(), ensure_ascii=True, default=str)


def _group(fields: Mapping[str, Any], names: Names) -> str:
    identity = str(fields.get("group"))
    return names.get(identity, identity)


def _run(fields: Mapping[str, Any], names: Names) -> str:
    count = len(fields["groups"])
    what = "1 group" if count == 1 else f"{count} groups"
    return f"run {fields['run_id']} begins: {fields['action']} of {what}"


def _resumed(fields: Mapping[str, Any], names: Names) -> str:
    return f"the run goes on, by {fields['by']}"


def _checked(fields: Mapping[str, Any], names: Names) -> str:
    said = f"wave '{fields['wave']}': checked"
    for name, why in fields["blocked"].items():
        said += f"; {name} is blocked: {why}"
    warnings = len(fields["warnings"])
    if warnings:
        said += f"; {warnings} warning{'s' * (warnings > 1)}:"
        said += f" {'; '.join(fields['warnings'])}"
    return said


def _gate_opened(fields: Mapping[str, Any], names: Names) -> str:
    return (
        f"wave '{fields['wave']}' waits at its gate, for"
        f" {span(fields['seconds'])} at most: {fields['question']}"
    )


def _answered(what: str) -> Writer:
    def line(fields: Mapping[str, Any], names: Names) -> str:
        answer = "approved" if fields["answer"] == "yes" else "not approved"
        return (
            f"the {what} of wave '{fields['wave']}' is {answer} by"
            f" {fields['by']}: {fields['reason']}"
        )

    return line


def _rollback_asked(fields: Mapping[str, Any], names: Names) -> str:
    return (
        f"wave '{fields['wave']}' had passed a gate; its rollback waits for"
        f" {span(fields['seconds'])} at most: {fields['question']}"
    )


def _wave_began(fields: Mapping[str, Any], names: Names) -> str:
    return f"wave '{fields['wave']}' begins"


def _wave_ended(fields: Mapping[str, Any], names: Names) -> str:
    return f"wave '{fields['wave']}' is over: {fields['phase']}"


def _hook_began(fields: Mapping[str, Any], names: Names) -> str:
    return f"hook ({fields['hook']}): {fields['run'][0]}"


def _hook_ended(fields: Mapping[str, Any], names: Names) -> str | None:
    if not fields.get("error"):
        return None
    return f"hook ({fields['hook']}): {fields['error']}"


def _started(fields: Mapping[str, Any], names: Names) -> str:
    return f"{_group(fields, names)}: {fields['operation_id']} runs"


def _progress(fields: Mapping[str, Any], names: Names) -> str | None:
    if not fields.get("step"):
        return None
    return f"{_group(fields, names)}: {fields['progress']} %, {fields['step']}"


def _group_ended(fields: Mapping[str, Any], names: Names) -> str:
    why = fields.get("why")
    said = f"{_group(fields, names)}: {fields['status']}"
    return f"{said}: {why}" if why else said


def _probed(fields: Mapping[str, Any], names: Names) -> str:
    if not fields.get("results") and fields["passed"]:
        return f"{_group(fields, names)}: its instances are ACTIVE"
    passed = "answer" if fields["passed"] else "do not answer"
    return f"{_group(fields, names)}: its applications {passed}"


def _retried(fields: Mapping[str, Any], names: Names) -> str:
    return f"{_group(fields, names)}: attempt {fields['attempt']}"


def _rolled_back(fields: Mapping[str, Any], names: Names) -> str:
    return f"{_group(fields, names)}: moved back: {fields['result']}"


def _ordered(fields: Mapping[str, Any], names: Names) -> str:
    subject = str(fields["subject"])
    return (
        f"order of {fields['by']}: {fields['verb']}"
        f" {names.get(subject, subject)}:"
        f" {fields['reason']}"
    )


def _stopped(fields: Mapping[str, Any], names: Names) -> str:
    return f"nothing more is begun: {fields['why']}"


def _lost(fields: Mapping[str, Any], names: Names) -> str:
    return f"a site does not answer: {fields['why']}; asking again"


def _regained(fields: Mapping[str, Any], names: Names) -> str:
    return f"the site answers again after {span(fields['seconds'])}"


def _examining(fields: Mapping[str, Any], names: Names) -> str:
    return f"{_group(fields, names)}: the test is examined"


def _compared(fields: Mapping[str, Any], names: Names) -> str:
    said = f"{_group(fields, names)}: compared with its source"
    if fields.get("error"):
        return f"{said}: {fields['error']}"
    return f"{said}: {fields['new']} attributes differ"


def _verified(fields: Mapping[str, Any], names: Names) -> str:
    said = f"{_group(fields, names)}: {fields['run'][0]}"
    return f"{said}: {'passes' if fields['passed'] else fields['error']}"


def _interrupted(fields: Mapping[str, Any], names: Names) -> str:
    return "interrupted: the drill removes its tests, and ends"


def _clean_started(fields: Mapping[str, Any], names: Names) -> str:
    return (
        f"{_group(fields, names)}: {fields['operation_id']} removes the test"
    )


def _clean_failed(fields: Mapping[str, Any], names: Names) -> str:
    return (
        f"{_group(fields, names)}: the test is not removed, trying again:"
        f" {fields['why']}"
    )


def _cleaned(fields: Mapping[str, Any], names: Names) -> str:
    said = _CLEANED[fields["result"]]
    if fields.get("why"):
        said += f": {fields['why']}"
    return f"{_group(fields, names)}: {said}"


_CLEANED = {
    "removed": "the test is removed",
    "nothing": "there is no test to remove",
    "kept": "the test is kept",
    "failed": "the test is NOT removed",
}


def _ended(fields: Mapping[str, Any], names: Names) -> str:
    counts = ", ".join(
        f"{count} {status}" for status, count in fields["counts"].items()
    )
    return f"the run is over: {counts}"


_WRITERS: Mapping[type, Writer] = {
    events.RunBegan: _run,
    events.RunResumed: _resumed,
    events.Checked: _checked,
    events.GateOpened: _gate_opened,
    events.GateAnswered: _answered("gate"),
    events.RollbackAsked: _rollback_asked,
    events.RollbackAnswered: _answered("rollback"),
    events.WaveBegan: _wave_began,
    events.WaveEnded: _wave_ended,
    events.HookBegan: _hook_began,
    events.HookEnded: _hook_ended,
    events.Started: _started,
    events.Progressed: _progress,
    events.GroupEnded: _group_ended,
    events.Probed: _probed,
    events.Retried: _retried,
    events.RolledBack: _rolled_back,
    events.Ordered: _ordered,
    events.Stopped: _stopped,
    events.SiteLost: _lost,
    events.SiteRegained: _regained,
    events.Examining: _examining,
    events.Compared: _compared,
    events.Verified: _verified,
    events.Interrupted: _interrupted,
    events.CleanUpStarted: _clean_started,
    events.CleanUpFailed: _clean_failed,
    events.Cleaned: _cleaned,
    events.RunEnded: _ended,
}
