"""Recovery plans: many groups in order, by a runner that can be killed.

A plan is a file of waves; each wave moves its groups side by side. What
the runner does is in a journal before it is done, so that a runner that
was killed, or a colleague with a copy of the journal, goes on from there::

    from protectorclient import SitePair, plan

    pair = SitePair.open("site-a", "site-b")
    city = plan.load("city.yaml")
    for event in plan.run(pair, city, journal="city.jsonl"):
        print(event.name, event.fields)
        if isinstance(event, plan.events.RunEnded):
            print(event.fields["counts"])
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from protectorclient.plan.execution import events
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.plan.execution.context import Tools
    from protectorclient.plan.execution.events import Event
    from protectorclient.plan.file.model import Plan
    from protectorclient.plan.verify import PlanReport

__all__ = [
    "PlanProblem",
    "check",
    "events",
    "load",
    "resume",
    "run",
    "schema",
]


def load(path: str | os.PathLike[str]) -> Plan:
    """Read a plan from its file, and the mapping files that it names.

    :param path: YAML, at most 1 MiB; nobody else may be able to write it.
    :returns: the plan.
    :raises PlanProblem: it cannot be read or used; `PlanProblem.problems`
        has each problem with its file, line and column.
    """
    from protectorclient.plan.file import load as loading

    return loading.load(path)


def schema() -> dict[str, object]:
    """Return the JSON Schema of a plan."""
    from protectorclient.plan.file import form

    return form.schema()


def check(
    pair: SitePair,
    plan: Plan,
    *,
    action: str = "failover",
    unplanned: bool = False,
) -> PlanReport:
    """Check all groups of a plan, as `protection-group check` does.

    :param action: ``failover``, ``failback`` or ``test_failover``.
    :param unplanned: without the primary.
    :returns: the findings of each group, and what no group fits.
    :raises PlanProblem: a group is in two waves.
    :raises SiteUnreachable: neither site answers.
    """
    from protectorclient.plan import verify

    return verify.check(pair, plan, action=action, unplanned=unplanned)


def run(
    pair: SitePair,
    plan: Plan,
    *,
    journal: str | os.PathLike[str],
    action: str = "failover",
    unplanned: bool = False,
    reason: str | None = None,
    retain_primary: bool = False,
    reverse_replication: bool = False,
    tools: Tools | None = None,
) -> Iterator[Event]:
    """Run a plan, and yield what happens.

    Nothing is asked of a person: a gate is answered by ``plan approve``,
    by `Tools.ask`, or by the end of its time.

    :param journal: a file that is not there yet; it holds the plan, too.
    :param action: ``failover``, ``failback`` or ``test_failover``.
    :param unplanned: without the primary, which must not answer.
    :param reason: why; for the audit log, and kept with the operations.
    :param retain_primary: of a test failover.
    :param reverse_replication: of a failback.
    :param tools: clock, threads and hooks, for tests.
    :returns: typed events; the last one is a `RunEnded` with the exit
        status.
    :raises PlanProblem: the plan or its journal cannot be used; nothing is
        begun.
    :raises JournalNotWritten: the journal cannot be written any more;
        operations that were begun go on.
    """
    from protectorclient.plan.execution import begin

    return begin.begin(
        pair,
        plan,
        action=action,
        unplanned=unplanned,
        journal=pathlib.Path(journal),
        options={
            "reason": reason,
            "retain_primary": retain_primary,
            "reverse_replication": reverse_replication,
        },
        tools=tools,
    )


def resume(
    pair: SitePair,
    journal: str | os.PathLike[str],
    *,
    adopt: bool = False,
    tools: Tools | None = None,
) -> Iterator[Event]:
    """Go on with a run from its journal, or from a copy of it.

    :param journal: of a run that was killed, stopped or copied.
    :param adopt: go on although somebody else has moved a group since.
    :param tools: clock, threads and hooks, for tests.
    :returns: typed events, as `run` yields them.
    :raises GuardRefused: an operation of a group is newer than the journal
        and not of this run; or another runner has the journal.
    :raises PlanProblem: the file is no journal.
    """
    from protectorclient.plan.execution import begin

    return begin.resume(pair, pathlib.Path(journal), adopt=adopt, tools=tools)
