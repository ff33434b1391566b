"""Begin a run of a plan, or take one up from its journal."""

from __future__ import annotations

import dataclasses
import pathlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import stamp
from protectorclient.plan.execution import events, history
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.context import Tools, mark
from protectorclient.plan.execution.fold import fold
from protectorclient.plan.execution.runner import Runner
from protectorclient.plan.execution.state import (
    RunState,
)
from protectorclient.plan.file import model, resolve
from protectorclient.plan.file.problem import PlanDoesNotFit, PlanProblem

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair

#: What is done to both sites' names before a run can be begun.
Confirm = Callable[[RunState], object]


def default_path(plan_file: str, run_id: str) -> pathlib.Path:
    """Return where the journal of a run is, where nobody names a file."""
    return pathlib.Path(f"{plan_file}.{run_id}.jsonl")


def place(pair: SitePair, plan: model.Plan, action: str) -> resolve.Resolution:
    """Find the groups of a plan for an action, at both sites.

    :raises PlanProblem: a group is in two places, or nothing is to be
        moved.
    """
    waves = plan.of_use(model.USES[action])
    found = resolve.resolve(waves, pair.reads.groups().value)
    if not found.placed and not found.problems:
        raise PlanDoesNotFit(
            f"the plan has no group for a {action.replace('_', ' ')}"
        )
    return found


def begin(
    pair: SitePair,
    plan: model.Plan,
    *,
    action: str,
    unplanned: bool = False,
    journal: pathlib.Path,
    run_id: str | None = None,
    options: Mapping[str, Any] | None = None,
    tools: Tools | None = None,
    confirm: Confirm | None = None,
    now: journals.Now = journals.utc_now,
) -> Iterator[events.Event]:
    """Run a plan, and yield what happens.

    :param action: ``failover``, ``failback`` or ``test_failover``.
    :param journal: a file that is not there yet.
    :param options: ``reason``, ``retain_primary``, ``reverse_replication``.
    :param now: returns the time of the journal's lines.
    :param confirm: is called before anything is begun; what it raises ends
        the run.
    :raises PlanDoesNotFit: the plan names groups that do not exist.
    :raises PlanProblem: the journal cannot be written; nothing is begun.
    """
    if action not in model.USES:
        raise exceptions.BadArgument(
            f"a plan runs {', '.join(model.USES)}, not '{action}'"
        )
    if unplanned and action != "failover":
        raise exceptions.UsageProblem(
            f"only a failover can be unplanned, not a {action}"
        )
    if unplanned and plan.form(True).on_failure == "rollback":
        raise PlanDoesNotFit(
            "on_failure: rollback is for planned runs; an unplanned run has"
            " no site to go back to. Give 'unplanned' an on_failure of its"
            " own"
        )
    found = place(pair, plan, action)
    if found.problems:
        raise PlanDoesNotFit(found.problems[0], problems=found.problems)
    first = found.placed[0].group
    located = pair.locate(first.id, unplanned=unplanned)
    seen = history.look(pair, located.site_ids, unplanned=unplanned)
    identity = run_id or uuid.uuid4().hex[:12]
    fields = journals.first_line(
        plan,
        identity,
        action,
        unplanned,
        {**(options or {}), "sites": sorted(located.site_ids.values())},
        (
            (one.group.id, one.group.name, one.wave.name, one.index)
            for one in found.placed
        ),
        horizon=seen.horizon(),
        by=journals.who(),
        folder=(tools or Tools()).folder,
        **(mark(tools or Tools()) if (options or {}).get("drill") else {}),
    )
    if confirm is not None:
        confirm(_preview(fields))
    with journals.Journal.create(journal, now=now) as file:
        entry = file.add("run", **fields)
        state = fold(iter([entry]), str(journal))
        yield events.of(
            {
                key: value
                for key, value in entry.items()
                if key not in ("plan", "mapping_files")
            }
        )
        yield from Runner(pair, file, state, located.site_ids, tools).run()


def _preview(fields: Mapping[str, Any]) -> RunState:
    now = journals.utc_now().isoformat()
    return fold(iter([{"event": "run", "at": now, **fields}]), "the run")


def resume(
    pair: SitePair,
    journal: pathlib.Path,
    *,
    adopt: bool = False,
    tools: Tools | None = None,
    now: journals.Now = journals.utc_now,
    only_clean: bool = False,
) -> Iterator[events.Event]:
    """Go on with a run from its journal, or from a copy of it.

    Both sites are read first. An operation on one of the groups that is
    newer than the run and not its own stops it.

    :param adopt: go on all the same; such an operation of the run's action
        is taken for the group's own.
    :param now: returns the time of the journal's lines.
    :param only_clean: of a drill: examine nothing more, remove its tests.
    :raises GuardRefused: there is such an operation, or another runner on
        this machine has the journal.
    :raises PlanProblem: the file is no journal, or cannot be written.
    """
    with journals.Journal.reopen(journal, now=now) as file:
        state = fold(journals.read(journal), str(journal))
        first = next(iter(state.groups.values()))
        located = pair.locate(first.id, unplanned=state.unplanned)
        _same_sites(state, located.site_ids, str(journal))
        seen = history.look(pair, located.site_ids, unplanned=state.unplanned)
        strange = seen.strange(state)
        if strange and not adopt:
            raise _refusal(state, strange)
        tools = _at_home(tools or Tools(), state)
        runner = Runner(pair, file, state, located.site_ids, tools)
        runner.write(
            "resumed",
            by=file.by,
            adopted=[one.operation.id for one in strange],
        )
        _adopt(runner, strange)
        if only_clean and state.drill is not None:
            runner.interrupt()
        yield from runner.run()


def _at_home(tools: Tools, state: RunState) -> Tools:
    """Have hooks run beside the plan's file, where this machine has it."""
    if state.folder and pathlib.Path(state.folder).is_dir():
        return dataclasses.replace(tools, folder=state.folder)
    return tools


def _same_sites(
    state: RunState, site_ids: Mapping[str, str], where: str
) -> None:
    # the id of a site that is down is not known, at the beginning or now
    ours = set(site_ids.values()) - {""}
    theirs = set(history.sites_of(state)) - {""}
    if not ours & theirs or (len(theirs) > 1 and ours - theirs):
        raise PlanProblem(
            f"{where} is of other sites: {', '.join(sorted(theirs))}; the"
            f" clouds here are {', '.join(sorted(ours))}"
        )


def _refusal(
    state: RunState, strange: list[history.SiteOperation]
) -> exceptions.GuardRefused:
    one = strange[0].operation
    group = state.groups[one.protection_group_id or ""]
    when = stamp(one.started_at) if one.started_at else "an unknown time"
    reason = one.parameters.get("reason")
    why = f", reason: {reason}" if reason else ""
    more = f" ({len(strange) - 1} more)" if len(strange) > 1 else ""
    return exceptions.GuardRefused(
        f"group {group.name} is not as the journal has it: {one.id}"
        f" ({one.operation_type}, {one.status}) began at {when} with the"
        f" request {one.request_id or 'of an unknown id'}{why}, and is not"
        f" of this run{more}",
        hint="look at it first; --adopt goes on with the groups as they are",
    )


def _adopt(runner: Runner, strange: list[history.SiteOperation]) -> None:
    """Take operations of the run's action for those of their groups."""
    for one in strange:
        operation = one.operation
        group = runner.state.groups[operation.protection_group_id or ""]
        if (
            operation.operation_type != runner.state.action
            or group.operation_id is not None
        ):
            continue
        runner.write(
            "posting",
            group=group.id,
            attempt=group.attempt,
            request_id=operation.request_id,
            site=one.site,
            action=runner.state.action,
            found=True,
        )
        runner.write(
            "started",
            group=group.id,
            operation_id=operation.id,
            site=one.site,
        )
