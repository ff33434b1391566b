"""Check the groups of a wave before it begins."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.mapping.files import MappingFile
from protectorclient.plan.execution import history
from protectorclient.plan.execution.state import GroupState, RunState
from protectorclient.plan.file import model
from protectorclient.preflight import run
from protectorclient.preflight.findings import Report, Severity, Skip

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.preflight.context import Context


#: Checks without which nothing can be sent.
_NEEDED = ("reachable", "sign-in")


@dataclasses.dataclass(frozen=True)
class WaveCheck:
    """What the checks of a wave's groups found."""

    #: What blocks a group, by its name; a sentence.
    blocked: dict[str, str]
    #: What does not block: sentences.
    warnings: list[str]
    #: Of a drill: every finding, as data, by the ids of the groups.
    findings: dict[str, list[dict[str, Any]]] = dataclasses.field(
        default_factory=dict
    )


def purpose_of(action: str, unplanned: bool) -> str:
    """Return the purpose, as ``--for`` of ``check`` takes it."""
    if unplanned:
        return "unplanned"
    return action.replace("_", "-")


def mapping_of(state: RunState, group: GroupState) -> MappingFile | None:
    """Return the mappings of a group: its own over its wave's over the
    plan's.

    A failback gives each member what it had, and needs none.
    """
    if state.action == "failback":
        return None
    wave = next(one for one in state.plan.waves if one.name == group.wave)
    return merged(state.plan, wave, group.entry)


def merged(
    plan: model.Plan, wave: model.Wave, entry: model.Entry
) -> MappingFile:
    """Put the mappings of a plan, a wave and an entry over each other."""
    layers = [plan.mappings, wave.mappings, entry.mappings]
    given = [one for one in layers if one is not None]
    return MappingFile(
        **{
            part.name: {
                key: value
                for one in given
                for key, value in getattr(one, part.name).items()
            }
            for part in dataclasses.fields(MappingFile)
        }
    )


def check_wave(
    pair: SitePair,
    state: RunState,
    wave: model.Wave,
    groups: Sequence[GroupState],
    site_ids: Mapping[str, str],
) -> WaveCheck:
    """Check each group for the action of the run.

    :param pair: of which nothing is known from before the wave.

    A group whose operation the run has started already, by another runner
    of this journal, is not checked: it moves.
    """
    own = history.look(pair, site_ids, unplanned=state.unplanned).own(state)
    sides = run.open_sites(pair)
    purpose = purpose_of(state.action, state.unplanned)
    blocked: dict[str, str] = {}
    warnings: list[str] = []
    findings: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        ids = state.request_ids(group, history.sites_of(state))
        if any((group.id, one) in own for one in ids):
            continue
        wanted = run.Parameters(
            mapping_file=mapping_of(state, group),
            isolated=state.drill is not None and state.drill.isolated,
            retain_primary=bool(state.options.get("retain_primary")),
        )
        tests: list[str] = []
        try:
            report = run.run_checks(
                pair,
                group.id,
                purpose,
                wanted,
                sides=sides,
                alone=len(groups) == 1,
                seen=functools.partial(_note_tests, tests),
            )
        except exceptions.ProtectorError as error:
            blocked[group.name] = str(error)
            continue
        why = what_blocks(report)
        if state.drill is not None:
            findings[group.id] = [one.to_dict() for one in report.findings]
            if tests:
                # the clean-up would remove somebody else's test, too
                why = (
                    f"a test of it is not cleaned up: {', '.join(tests)}; run"
                    " test-cleanup first"
                )
        if why is not None:
            blocked[group.name] = why
        warnings += [
            f"{group.name}, {one.id}: {one.message}"
            for one in report.bad
            if not one.blocks
        ]
    return WaveCheck(blocked, warnings, findings)


def _note_tests(found: list[str], context: Context) -> None:
    """Note the operations whose tests of the group are not cleaned up."""
    with contextlib.suppress(Skip, exceptions.ProtectorError):
        tests = context.forecast.document.get("tests") or ()
        found += [str(one.get("operation_id")) for one in tests]


def what_blocks(report: Report) -> str | None:
    """Return what keeps a group from being moved, as a sentence."""
    found = [
        f"{one.id}: {one.message}"
        for one in report.findings
        if (one.blocks or one.id in _NEEDED)
        and one.severity is Severity.PROBLEM
    ]
    if found:
        return "; ".join(found)
    every = {one.severity for one in report.findings}
    if every == {Severity.SKIPPED}:
        return "nothing could be checked"
    return None
