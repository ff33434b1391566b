"""Probe the applications of a group that was moved."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import PROBES_TIMEOUT
from protectorclient.pair.reads import rebuilt
from protectorclient.plan.execution.state import GroupState
from protectorclient.probes import console, run, sandbox, spec

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation


def probe(
    pair: SitePair,
    group: GroupState,
    operation: Operation | None,
    wanted: Sequence[str],
) -> list[dict[str, Any]]:
    """Ask the rebuilt instances of a group until all have answered.

    :param operation: the record of its operation; without it the sites are
        asked for it.
    :param wanted: probes, as ``--probe`` takes them.
    :returns: how each probe of each member has ended, and ``passed``.
    """
    try:
        report = look(pair, group, operation, wanted)
    except exceptions.ProtectorError as error:
        return [{"passed": False, "detail": str(error)}]
    return results_of(report)


def results_of(report: run.Report) -> list[dict[str, Any]]:
    """Return how each probe of each member has ended, and ``passed``."""
    results = [
        {**one.to_dict(), "passed": one.result == run.ANSWERS}
        for one in report.results
    ]
    results += [
        {"passed": False, "probe": one, "detail": "no member fits"}
        for one in report.unused
    ]
    results += [
        {"passed": False, "member": member, "detail": f"is {status}"}
        for member, status in report.inactive.items()
    ]
    return results


def built(
    pair: SitePair, group: GroupState, operation: Operation
) -> tuple[SiteHandle, list[rebuilt.Rebuilt]]:
    """Find the instances that an operation has built, and their cloud."""
    located = pair.locate(group.id, unplanned=True)
    clouds = {site_id: cloud for cloud, site_id in located.site_ids.items()}
    target = operation.target_site_id or ""
    name = clouds.get(target, located.other.name)
    where = next((one for one in pair.handles if one.name == name), None)
    if where is None:
        raise exceptions.NotFound(f"no cloud here is the site {target}")
    speaker = clouds.get(group.site or "", where.name)
    asked = located.asked.anew()
    return where, rebuilt.find(
        operation,
        asked.facts(speaker).document(group.id),
        operation.source_site_id or "",
        target,
        asked.facts(where.name).servers,
    )


def look(
    pair: SitePair,
    group: GroupState,
    operation: Operation | None,
    wanted: Sequence[str],
    *,
    timeout: float = PROBES_TIMEOUT,
    since: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> run.Report:
    """Wait until the rebuilt instances of a group are ``ACTIVE``, and ask
    them until all have answered.

    :param operation: the record of its operation; without it the sites are
        asked for it.
    :param wanted: probes, as ``--probe`` takes them.
    :param timeout: seconds.
    :param since: the moment of the request, by the clock; now, where nobody
        knows it.
    """
    pair = pair.anew()
    if operation is None:
        operation, _ = pair.operation(group.operation_id or "")
    where, found = built(pair, group, operation)
    named = set(rebuilt.named(operation))
    targets = [
        run.Target(
            one.name,
            str(one.server["id"]) if one.server else None,
            is_new=one.server is not None
            and console.is_new(
                one.server.get("created"),
                operation.started_at,
                named=str(one.server["id"]) in named,
            ),
        )
        for one in found
    ]
    report = run.Run(
        targets,
        spec.parse_all(wanted),
        servers=where.finder.servers,
        console=where.finder.console_output,
        since=clock() if since is None else since,
        dial=sandbox.dial(where.access.instances),
        clock=clock,
        sleep=sleep,
    ).until(timeout)
    return dataclasses.replace(
        report,
        instances=tuple(
            (
                one.name,
                one.held.get("instance_id"),
                str(one.server["id"]) if one.server else None,
            )
            for one in found
        ),
    )
