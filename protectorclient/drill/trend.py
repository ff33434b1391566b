"""The points of the trend of drills: recovery times and points over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient.evidence import record as records
from protectorclient.evidence.html.trend import Point
from protectorclient.evidence.sources.sites import Sites

if TYPE_CHECKING:
    from protectorclient.drill.history import PastDrill
    from protectorclient.pair.site_pair import SitePair


def points(
    pair: SitePair, drills: Iterable[PastDrill], names: Mapping[str, str]
) -> Iterator[Point]:
    """Yield a point for each drill.

    :param pair: is asked for the policy of each group; without an answer
        there is no objective.
    :param names: of groups, by their ids.
    """
    sites = Sites(pair)
    objectives: dict[str, float | None] = {}
    for one in drills:
        group = one.operation.protection_group_id or ""
        at = one.operation.started_at
        if at is None:
            continue
        if group not in objectives:
            objectives[group] = sites.objective(group)
        yield Point(
            group=names.get(group, group),
            at=at,
            verdict=verdict(one).value,
            rto=records.Objective(
                achieved_seconds=one.rto_seconds
                if one.operation.state == "completed"
                else None
            ),
            rpo=records.Objective(
                achieved_seconds=one.rpo_seconds,
                objective_seconds=objectives[group],
            ),
        )


def verdict(one: PastDrill) -> records.Verdict:
    """Return the verdict of a drill; one that failed has not passed."""
    if one.operation.is_finished and one.operation.state != "completed":
        return records.Verdict.FAILED
    said = (one.result or "").partition(":")[0].strip().lower()
    if said.startswith("pass"):
        return records.Verdict.PASSED
    if said.startswith("fail"):
        return records.Verdict.FAILED
    # it runs, or was built and nobody has said what it amounts to
    return records.Verdict.NOT_KNOWN
