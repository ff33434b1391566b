"""Drills: a test failover that is examined, reported on, and removed.

A drill is the run of a plan for ``test_failover``: the same runner, the same
journal. It examines each test that it has built, and removes it, however the
drill ends::

    from protectorclient import SitePair, drill

    pair = SitePair.open("site-a", "site-b")
    for event in drill.run(pair, "prod-web-app", probes=["tcp:443"]):
        print(event.name, event.fields)
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protectorclient.drill.record import ReportOptions
    from protectorclient.mapping.files import MappingFile
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.plan.execution.context import Tools
    from protectorclient.plan.execution.events import Event
    from protectorclient.plan.file.model import Plan

__all__ = ["next_drill", "resume", "run"]


def run(
    pair: SitePair,
    group: str | None = None,
    *,
    plan: Plan | None = None,
    journal: str | os.PathLike[str] | None = None,
    probes: Sequence[str] = (),
    verify: Sequence[Sequence[str]] = (),
    report: str | os.PathLike[str] | None = None,
    sign_key: str | None = None,
    values: bool = True,
    rto: float | None = None,
    isolated: bool = False,
    retain_primary: bool = True,
    keep_on_failure: bool = False,
    fidelity: bool = True,
    network_mapping: Mapping[str, str] | None = None,
    flavor_mapping: Mapping[str, str] | None = None,
    mapping_file: MappingFile | None = None,
    reason: str | None = None,
    tools: Tools | None = None,
) -> Iterator[Event]:
    """Drill one group, or all groups of a plan, and yield what happens.

    The tests are removed when the drill ends: also where something fails,
    on Ctrl-C, and where the iterator is closed before its end. A drill that
    was killed is ended by `resume`.

    :param group: its name or id.
    :param plan: in place of a group.
    :param journal: a file that is not there yet; by default one in a
        temporary folder.
    :param probes: asked of every group, as ``--probe`` takes them.
    :param verify: commands, each a program and its arguments. Each gets the
        test instances of a group on standard input, a list as JSON; its
        exit status is the verdict.
    :param report: a directory, in which the report gets a folder.
    :param sign_key: a file with an ed25519 private key without a passphrase.
    :param values: whether the report has values of attributes.
    :param rto: the recovery time that is aimed at, in seconds.
    :param isolated: in networks of its own, of the same ranges and without
        a router.
    :param retain_primary: False stops the primary's instances until the
        test is removed.
    :param keep_on_failure: leave the test of a group that fails.
    :param fidelity: compare the test instances with their sources.
    :param network_mapping: names or ids, source to target; of one group.
    :param flavor_mapping: names or ids, source to target; of one group.
    :param mapping_file: mappings below those given by themselves.
    :param reason: why; kept with the operations, and in the report.
    :param tools: clock, threads and commands, for tests.
    :returns: typed events, as `plan.run` yields them; a `RunEnded` has the
        exit status, and a `ReportWritten` behind it the folder of the report.
    :raises UsageProblem: network probes do not go with ``isolated``; neither
        a group nor a plan, or both.
    :raises PlanProblem: the plan or its journal cannot be used; nothing is
        begun.
    :raises NotFound: there is no such group.
    """
    from protectorclient.drill import begin
    from protectorclient.plan.execution.drills.options import DrillOptions
    from protectorclient.plan.file import model

    return begin.begin(
        pair,
        group,
        plan=plan,
        journal=None if journal is None else pathlib.Path(journal),
        options=DrillOptions(
            probes=tuple(probes),
            verify=tuple(model.Hook(tuple(one)) for one in verify),
            keep_on_failure=keep_on_failure,
            isolated=isolated,
            fidelity=fidelity,
        ),
        retain_primary=retain_primary,
        mappings=begin.Mappings(
            network_mapping or {}, flavor_mapping or {}, mapping_file
        ),
        reason=reason,
        report=_report(report, sign_key, values, rto),
        tools=tools,
    )


def resume(
    pair: SitePair,
    journal: str | os.PathLike[str],
    *,
    report: str | os.PathLike[str] | None = None,
    sign_key: str | None = None,
    values: bool = True,
    rto: float | None = None,
    only_clean: bool = False,
    tools: Tools | None = None,
) -> Iterator[Event]:
    """Go on with a drill that was killed, and remove its tests.

    :param journal: of the drill, or a copy of it.
    :param report: a directory, in which the report gets a folder.
    :param sign_key: a file with an ed25519 private key without a passphrase.
    :param values: whether the report has values of attributes.
    :param rto: the recovery time that is aimed at, in seconds.
    :param only_clean: examine nothing more.
    :param tools: clock, threads and commands, for tests.
    :returns: typed events, as `run` yields them.
    :raises GuardRefused: an operation of a group is newer than the journal
        and not of this drill; or another runner has the journal.
    :raises PlanProblem: the file is not the journal of a drill.
    """
    from protectorclient.drill import begin

    return begin.resume(
        pair,
        pathlib.Path(journal),
        report=_report(report, sign_key, values, rto),
        only_clean=only_clean,
        tools=tools,
    )


def next_drill(
    pair: SitePair,
    plan: Plan,
    *,
    folder: str | os.PathLike[str] | None = None,
    every: float | None = None,
    window: str | None = None,
    time_zone: str | None = None,
    max_duration: float | None = None,
    probes: Sequence[str] = (),
    verify: Sequence[Sequence[str]] = (),
    isolated: bool = False,
    fidelity: bool = True,
    report: str | os.PathLike[str] | None = None,
    sign_key: str | None = None,
    values: bool = True,
    rto: float | None = None,
    tools: Tools | None = None,
) -> Iterator[Event]:
    """Drill the group of a plan whose drill is most due, for a timer.

    Nothing is done while any group of the pair is not ``active``, any
    operation is unfinished, a site is silent, or another timer is at work.
    The test of an earlier drill that was cut is removed first. What is not
    given here is in the plan's ``drills``.

    :param folder: of the journals; by default in the user's state folder.
    :param every: a drill must not be older, in seconds; 90 days.
    :param window: the hours in which a drill may begin.
    :param time_zone: of the window; UTC.
    :param max_duration: a test of a drill that is older is removed, in
        seconds; 4 hours.
    :returns: typed events: an `Idle`, or a `Choice` and those of `run`.
    :raises PlanProblem: the folder cannot be written.
    :raises UsageProblem: the window is none, or network probes do not go
        with ``isolated``.
    """
    from protectorclient.drill.schedule import next_drill as timer
    from protectorclient.drill.schedule.both_sites import TimerOptions
    from protectorclient.drill.schedule.folder import JournalFolder
    from protectorclient.plan.execution.drills.options import DrillOptions
    from protectorclient.plan.file import model

    where = timer.default_folder(plan) if folder is None else folder
    return timer.take(
        pair,
        plan,
        TimerOptions(
            every or plan.drills.every or timer.EVERY,
            DrillOptions(
                probes=tuple(probes),
                verify=tuple(model.Hook(tuple(one)) for one in verify),
                isolated=isolated,
                fidelity=fidelity,
            ),
            _report(report, sign_key, values, rto),
        ),
        window=timer.window_of(plan, window, time_zone),
        max_duration=(
            max_duration or plan.drills.max_duration or timer.MAX_DURATION
        ),
        folder=JournalFolder(pathlib.Path(where)),
        tools=lambda: tools,
    )


def _report(
    directory: str | os.PathLike[str] | None,
    sign_key: str | None,
    values: bool,
    rto: float | None,
) -> ReportOptions | None:
    if directory is None:
        return None
    from protectorclient.drill import record
    from protectorclient.evidence import folder

    signer = None
    if sign_key is not None:
        from protectorclient.evidence.signing import keys

        signer = keys.load_signer(sign_key, None)
    where = pathlib.Path(directory)
    # what is wrong with it is found before anything is begun
    folder.prepare(where)
    return record.ReportOptions(where, signer, values, rto)
