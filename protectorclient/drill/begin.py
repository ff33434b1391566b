"""Begin a drill, or take one up from its journal; its tests are removed,
however it ends."""

from __future__ import annotations

import pathlib
import tempfile
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.drill.one_group import Mappings as Mappings
from protectorclient.drill.one_group import of_group
from protectorclient.plan.execution import begin as runs
from protectorclient.plan.execution import events, fold
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.drills.options import (
    DrillOptions,
)
from protectorclient.plan.execution.drills.options import (
    reason as reason_of,
)
from protectorclient.plan.file.problem import PlanProblem
from protectorclient.probes import spec

if TYPE_CHECKING:
    from protectorclient.drill.record import ReportOptions
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.plan.execution.context import Tools
    from protectorclient.plan.file.model import Plan

#: What a drill is run for, as the service calls it.
ACTION = "test_failover"


class ReportWritten(events.Event):
    """The report of a drill is written: `folder`, `head`, `verdict`,
    `is_signed`, `warnings`; or it could not be: `error`."""

    name = "reported"


def begin(
    pair: SitePair,
    group: str | None,
    *,
    plan: Plan | None,
    journal: pathlib.Path | None,
    options: DrillOptions,
    retain_primary: bool,
    mappings: Mappings,
    reason: str | None,
    report: ReportOptions | None = None,
    run_id: str | None = None,
    tools: Tools | None = None,
    confirm: runs.Confirm | None = None,
    now: journals.Now = journals.utc_now,
) -> Iterator[events.Event]:
    """Drill a group, or the groups of a plan.

    :param confirm: is called before anything is begun; what it raises ends
        the drill.
    """
    if (group is None) == (plan is None):
        raise exceptions.UsageProblem("a drill is of a group or of a plan")
    if plan is not None and mappings:
        raise exceptions.UsageProblem(
            "the mappings of a plan are in its file; --network-mapping,"
            " --flavor-mapping and --mapping-file go with a group"
        )
    if options.isolated and mappings.networks:
        raise exceptions.UsageProblem(
            "--network-mapping does not go with --isolated: the test gets"
            " networks of its own"
        )
    if plan is None:
        plan = of_group(pair.locate(group or "").group, mappings)
    refuse_network_probes(plan, options)
    identity = run_id or uuid.uuid4().hex[:12]
    path = journal or (
        pathlib.Path(tempfile.mkdtemp(prefix="protector-drill-"))
        / f"{identity}.jsonl"
    )

    def flow() -> Iterator[events.Event]:
        return runs.begin(
            pair,
            plan,
            action=ACTION,
            journal=path,
            run_id=identity,
            options={
                "reason": reason_of(identity, reason),
                "said": reason,
                "retain_primary": retain_primary,
                "drill": options.to_dict(),
            },
            tools=tools,
            confirm=confirm,
            now=now,
        )

    return _to_its_end(pair, path, flow, report, tools, now)


def resume(
    pair: SitePair,
    journal: pathlib.Path,
    *,
    report: ReportOptions | None = None,
    only_clean: bool = False,
    adopt: bool = False,
    tools: Tools | None = None,
    now: journals.Now = journals.utc_now,
) -> Iterator[events.Event]:
    """Go on with a drill from its journal."""
    if fold.read(journal).drill is None:
        raise PlanProblem(f"{journal} is not the journal of a drill")

    def flow() -> Iterator[events.Event]:
        return runs.resume(
            pair,
            journal,
            adopt=adopt,
            tools=tools,
            only_clean=only_clean,
            now=now,
        )

    return _to_its_end(pair, journal, flow, report, tools, now)


def refuse_network_probes(plan: Plan, options: DrillOptions) -> None:
    """Refuse probes that cannot reach a test without a router.

    :raises UsageProblem: there is one.
    """
    if not options.isolated:
        return
    given = [
        *(("", one) for one in options.probes),
        *(
            (f" of wave '{wave.name}'", one)
            for wave in plan.of_use("drill")
            for one in (
                *wave.probes,
                *(text for entry in wave.groups for text in entry.probes),
            )
        ),
    ]
    for where, text in given:
        if spec.parse(text).kind != "console":
            raise exceptions.UsageProblem(
                f"the probe {text}{where} does not go with --isolated: its"
                " networks have no router; use console=TEXT or"
                " --verify-command"
            )


def _to_its_end(
    pair: SitePair,
    path: pathlib.Path,
    flow: Callable[[], Iterator[events.Event]],
    report: ReportOptions | None,
    tools: Tools | None,
    now: journals.Now,
) -> Iterator[events.Event]:
    """Yield what happens; remove the tests where that is cut short."""

    def clean() -> Iterator[events.Event]:
        if _is_begun(path):
            yield from runs.resume(
                pair, path, tools=tools, only_clean=True, now=now
            )

    running: Any = flow()
    try:
        yield from running
    except GeneratorExit:
        # nobody listens any more
        running.close()
        for _ in clean():
            pass
        raise
    except KeyboardInterrupt:
        running.close()
        if not _is_interrupted(path):
            yield from clean()
        raise
    except journals.JournalNotWritten:
        raise
    except Exception:
        # whatever it is, the tests are removed
        running.close()
        yield from clean()
        raise
    if report is not None:
        yield from _reported(pair, path, report, now)


def _is_begun(path: pathlib.Path) -> bool:
    try:
        return next(journals.read(path), None) is not None
    except PlanProblem:
        return False


def _is_interrupted(path: pathlib.Path) -> bool:
    """Return whether it is the second time: who insists is let go."""
    return _is_begun(path) and fold.read(path).interrupted


def _reported(
    pair: SitePair,
    path: pathlib.Path,
    report: ReportOptions,
    now: journals.Now,
) -> Iterator[events.Event]:
    """Write the report; that it cannot be written changes no exit status."""
    from protectorclient.drill import record

    stamp = now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    try:
        made = record.write(pair, path, report)
    except (exceptions.ProtectorError, OSError) as error:
        yield ReportWritten(stamp, {"error": str(error)})
    else:
        fields = {
            "folder": str(made.path),
            "head": made.head,
            "verdict": str(made.record.verdict),
            "is_signed": made.is_signed,
            "warnings": list(made.warnings),
        }
        yield ReportWritten(stamp, fields)
