"""Check a plan, and remember the plan that was checked."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import difflib
import json
import os
import pathlib
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import stamp
from protectorclient.exit_codes import ExitCode
from protectorclient.plan.execution import begin, journal, preflight
from protectorclient.plan.file import model
from protectorclient.preflight import run as checks
from protectorclient.preflight.context import Context
from protectorclient.preflight.drift import capacity
from protectorclient.preflight.findings import Report, Skip

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair


@dataclasses.dataclass(frozen=True)
class PlanReport:
    """What the checks of a plan's groups found."""

    plan: model.Plan
    #: The groups by wave: name of the wave, and reports in order.
    waves: tuple[tuple[str, tuple[Report, ...]], ...]
    #: Names and patterns without a group, and other sentences.
    problems: tuple[str, ...] = ()

    @property
    def reports(self) -> tuple[Report, ...]:
        """Return the reports of all groups."""
        return tuple(one for _, every in self.waves for one in every)

    @property
    def exit_code(self) -> ExitCode:
        """Return what the checks amount to."""
        if self.problems:
            return ExitCode.PROBLEM
        codes = {checks.exit_code(one.findings) for one in self.reports}
        return max(codes, default=ExitCode.OK)


def check(
    pair: SitePair,
    plan: model.Plan,
    *,
    action: str = "failover",
    unplanned: bool = False,
) -> PlanReport:
    """Check all groups of a plan; each question is asked of a site once."""
    problems = list(_contradictions(plan, unplanned))
    found = begin.place(pair, plan, action)
    problems += found.problems
    sides = checks.open_sites(pair)
    purpose = preflight.purpose_of(action, unplanned)
    waves: dict[str, list[Report]] = {}
    needs = _Needs()
    for one in found.placed:
        wanted = checks.Parameters()
        if action != "failback":
            mapping = preflight.merged(plan, one.wave, one.entry)
            wanted = checks.Parameters(mapping_file=mapping)
        try:
            report = checks.run_checks(
                pair,
                one.group.id,
                purpose,
                wanted,
                sides=sides,
                alone=False,
                seen=needs.add,
            )
        except exceptions.ProtectorError as error:
            problems.append(f"{one.group.name}: {error}")
            continue
        waves.setdefault(one.wave.name, []).append(report)
    problems += needs.problems()
    return PlanReport(
        plan,
        tuple((name, tuple(every)) for name, every in waves.items()),
        tuple(problems),
    )


class _Needs:
    """What all groups of a plan need of each site's quotas, in sum."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[str, str], capacity.Room] = {}

    def add(self, context: Context) -> None:
        """Add what one group needs, as far as the sites say it."""
        for question in (
            capacity.compute,
            capacity.storage,
            capacity.network,
        ):
            with contextlib.suppress(Skip, exceptions.ProtectorError):
                site = context.open_target().name
                for room in question(context.subject):
                    key = (site, room.resource)
                    before = self._rooms.get(key)
                    more = room.more + (before.more if before else 0)
                    self._rooms[key] = dataclasses.replace(room, more=more)

    def problems(self) -> list[str]:
        """Say where the groups together need more than there is."""
        return [
            f"{site}: all groups of the plan together need {room}"
            for (site, _), room in self._rooms.items()
            if room.short
        ]


def _contradictions(plan: model.Plan, unplanned: bool) -> list[str]:
    if unplanned and plan.form(True).on_failure == "rollback":
        return [
            "on_failure: rollback is for planned runs; an unplanned run has"
            " no site to go back to"
        ]
    return []


# -- what was verified


def path_of(plan_file: str | os.PathLike[str]) -> pathlib.Path:
    """Return the file that remembers a verified plan."""
    file = pathlib.Path(plan_file)
    return file.with_name(f"{file.name}.verified")


def mark(plan_file: str | os.PathLike[str], plan: model.Plan) -> None:
    """Remember that a plan was checked and has no problem.

    :raises OSError: it cannot be written.
    """
    path = path_of(plan_file)
    now = datetime.datetime.now(datetime.UTC)
    text = json.dumps(
        {
            "at": stamp(now),
            "by": journal.who(),
            "hashes": plan.hashes(),
            "plan": plan.text,
            "mapping_files": dict(plan.files),
        },
        ensure_ascii=False,
    )
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


@dataclasses.dataclass(frozen=True)
class Verification:
    """Whether a plan is the one that was checked."""

    #: ``verified``, ``changed since verified`` or ``never verified``.
    state: str
    at: str | None = None
    by: str | None = None
    #: The lines that differ, as ``diff -u`` has them.
    difference: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.at is None:
            return self.state
        return f"{self.state} ({self.at}, {self.by})"


def verification(
    plan_file: str | os.PathLike[str], plan: model.Plan
) -> Verification:
    """Compare a plan with the one that was checked last."""
    try:
        found: dict[str, Any] = json.loads(
            path_of(plan_file).read_text(encoding="utf-8")
        )
        at, by = str(found["at"]), str(found["by"])
        same = found["hashes"] == plan.hashes()
        before = {"plan": found["plan"], **found["mapping_files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Verification("never verified")
    if same:
        return Verification("verified", at, by)
    after = {"plan": plan.text, **dict(plan.files)}
    lines: list[str] = []
    for name in sorted({*before, *after}):
        lines += difflib.unified_diff(
            str(before.get(name, "")).splitlines(),
            after.get(name, "").splitlines(),
            f"{name}, verified",
            name,
            lineterm="",
        )
    return Verification("changed since verified", at, by, tuple(lines))
