"""What one site says of all groups, for the overview of both."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import time
from typing import Any

from protectorclient import exceptions
from protectorclient._http import microversions
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.health import GroupHealth
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup

#: Without a health report nobody has asked for all that readiness takes.
_UNTOLD = f"unknown: needs API version {microversions.HEALTH.since}"
_UNOFFERED = "unknown: this deployment has no health report"
_LATE = "unknown: no health report within {grace:g} s"
#: Of the newest operations of a site so many are read at once.
NEWEST = 1000


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one site said of all groups."""

    groups: dict[str, ProtectionGroup]
    operations: list[Operation]
    #: All instances of the project; None where Nova does not tell.
    instances: list[dict[str, Any]] | None
    health: dict[str, GroupHealth]
    #: Why there is no health report.
    unhealthy: str | None = None


@dataclasses.dataclass(frozen=True)
class PartialAnswer:
    """The same, while the health report is still waited for."""

    groups: dict[str, ProtectionGroup]
    operations: list[Operation]
    #: All instances of the project; None where Nova does not tell.
    instances: list[dict[str, Any]] | None
    #: The site asks its peer for it, which may be silent.
    health: concurrent.futures.Future[dict[str, GroupHealth] | None]
    #: When the rest was there, on the clock that `time.monotonic` reads.
    at: float
    #: Why there is no health report, where there is none.
    unhealthy: str

    def answer(self, grace: float | None) -> Answer:
        """With the health report, if it comes in time.

        :param grace: seconds that it has when the rest is there.
        """
        left = None
        if grace is not None:
            left = max(0.0, self.at + grace - time.monotonic())
        try:
            health = self.health.result(left)
        except TimeoutError:
            late = _LATE.format(grace=grace)
            return Answer(
                self.groups, self.operations, self.instances, {}, late
            )
        untold = self.unhealthy if health is None else None
        return Answer(
            self.groups, self.operations, self.instances, health or {}, untold
        )


def ask(side: SiteFacts, *, documents: bool = True) -> PartialAnswer:
    """Ask a site for what every look at all groups is made from.

    Its health report is not waited for.

    :param documents: with the metadata of each group.
    :raises ProtectorError: the site does not answer, or lets nobody in.
    """
    if side.barred is not None:
        raise side.barred
    health = side.later(lambda: side.health if side.has_health else None)
    # Nova, and a list of many groups, take longest
    asked = side.later(lambda: side.servers)
    found = side.documented_groups() if documents else side.groups
    groups = {group.id: group for group in found}
    operations = list(side.handle.client.operations.list(limit=NEWEST))
    _ = side.local
    servers = None
    with contextlib.suppress(exceptions.ProtectorError):
        servers = asked.result()
    new = side.client.http.has(microversions.HEALTH)
    return PartialAnswer(
        groups,
        operations,
        servers,
        health,
        time.monotonic(),
        _UNOFFERED if new else _UNTOLD,
    )
