"""Take the next step of a timer, where nobody else takes one."""

from __future__ import annotations

import hashlib
import pathlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions, user_paths
from protectorclient.drill import begin
from protectorclient.drill.schedule import step
from protectorclient.drill.schedule import window as windows
from protectorclient.drill.schedule.both_sites import TimerOptions, TimerSites
from protectorclient.drill.schedule.folder import JournalFolder
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.file import resolve
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.drill.schedule.window import Window
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.plan.execution.context import Tools
    from protectorclient.plan.execution.events import Event
    from protectorclient.plan.file.model import Plan
    from protectorclient.records.protection_group import ProtectionGroup

DAY = 86400.0
#: Where neither the command nor the plan says anything, in seconds.
EVERY = 90 * DAY
MAX_DURATION = 4 * 3600.0


def default_folder(plan: Plan) -> pathlib.Path:
    """Return where the journals of a plan's drills are.

    :raises PlanProblem: this user has no such folder.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "-", plan.name)[:60]
    tail = hashlib.sha256(plan.name.encode("utf-8")).hexdigest()[:8]
    try:
        return user_paths.state() / "drills" / f"{name}-{tail}"
    except FileNotFoundError as error:
        raise PlanProblem(
            f"there is no folder for journals: {error.strerror}; name one"
            " with --journal-dir"
        ) from error


def window_of(
    plan: Plan, text: str | None = None, zone: str | None = None
) -> Window:
    """Return the hours in which drills may begin: as given, else the plan's.

    :raises UsageProblem: they are none.
    """
    return windows.parse(
        text or plan.drills.window, zone or plan.drills.time_zone
    )


def take(
    pair: SitePair,
    plan: Plan,
    given: TimerOptions,
    *,
    window: Window,
    max_duration: float,
    folder: JournalFolder,
    tools: Callable[[], Tools | None] = lambda: None,
    now: journals.Now = journals.utc_now,
) -> Iterator[Event]:
    """Drill the next group that is due, or do nothing, and say why.

    :raises PlanProblem: the folder cannot be written.
    :raises UsageProblem: the options do not fit the plan.
    """
    begin.refuse_network_probes(plan, given.options)
    if given.options.keep_on_failure:
        raise exceptions.UsageProblem("a timer keeps no test")
    with folder.locked() as is_ours:
        if not is_ours:
            at = now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            why = "another timer of this plan is at work"
            yield step.Idle(at, {"why": why})
            return
        sites = TimerSites(pair, plan, given, folder, tools=tools, now=now)
        yield from step.take(sites, window, max_duration)


def limits(
    plan: Plan, groups: Sequence[ProtectionGroup], every: float | None = None
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return how old the last drill of each group of a plan may be.

    :param groups: those of the pair; what the plan does not name is left out.
    :param every: in place of the plan's own ``every``; a group's or a wave's
        ``drill_every`` comes before it.
    :returns: seconds, by the ids of the groups; and sentences: what in the
        plan no group fits.
    """
    whole = every or plan.drills.every or EVERY
    found = resolve.resolve(plan.of_use("drill"), groups)
    seconds = {
        one.group.id: one.entry.drill_every or one.wave.drill_every or whole
        for one in found.placed
    }
    return seconds, found.problems
