"""What one site says of all groups, for the overview of both."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import datetime
import time
from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient._http import microversions
from protectorclient.pair.reads import brief_groups
from protectorclient.pair.reads.brief_groups import BriefGroups
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.polling.silence import NO_ANSWER, GraceExceeded
from protectorclient.records.health import GroupHealth
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.reports.overview_row import FIELDS

#: Without a health report nobody has asked for all that readiness takes.
_UNTOLD = f"unknown: needs API version {microversions.HEALTH.since}"
_UNOFFERED = "unknown: this deployment has no health report"
_LATE = "unknown: no health report within {grace:g} s"
#: Of the newest operations of a site so many are read at once.
NEWEST = 1000


@dataclasses.dataclass(frozen=True)
class Lists:
    """What one site lists of all groups."""

    groups: dict[str, ProtectionGroup]
    #: Their metadata, as far as they came with the groups.
    documents: Mapping[str, Mapping[str, Any]]
    #: Whether the records of the groups lack what no row shows.
    is_brief: bool
    operations: list[Operation]
    #: All instances of the project; None where Nova does not tell.
    instances: list[dict[str, Any]] | None


@dataclasses.dataclass(frozen=True)
class Answer(Lists):
    """What one site said of all groups."""

    health: dict[str, GroupHealth]
    #: Why there is no health report.
    unhealthy: str | None = None


@dataclasses.dataclass(frozen=True)
class PartialAnswer(Lists):
    """The same, while the health report is still waited for."""

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
            return self.with_health({}, _LATE.format(grace=grace))
        return self.with_health(
            health or {}, self.unhealthy if health is None else None
        )

    def with_health(
        self, health: dict[str, GroupHealth], unhealthy: str | None
    ) -> Answer:
        """Return it with the health report, or with why there is none."""
        return Answer(
            self.groups,
            self.documents,
            self.is_brief,
            self.operations,
            self.instances,
            health,
            unhealthy,
        )


def ask(
    side: SiteFacts, *, documents: bool = True, brief: bool = False
) -> PartialAnswer:
    """Ask a site for what every look at all groups is made from.

    Its health report is not waited for.

    :param documents: with the metadata of each group.
    :param brief: with no more of each group, and of its metadata, than a row
        of the overview needs, where the service tells it.
    :raises ProtectorError: the site does not answer, or lets nobody in.
    """
    if side.barred is not None:
        raise side.barred
    new = side.client.http.has(microversions.HEALTH)
    health = side.later(lambda: side.health if side.has_health else None)
    # Nova, and a list of many groups, take longest
    asked = side.later(lambda: side.servers)
    # where no health report has the lag, the whole record has it
    found = _groups(side, documents, brief=brief and new)
    operations = list(side.handle.client.operations.list(limit=NEWEST))
    _ = side.local
    servers = None
    with contextlib.suppress(exceptions.ProtectorError):
        servers = asked.result()
    return PartialAnswer(
        {group.id: group for group in found.groups},
        found.documents,
        found.is_brief,
        operations,
        servers,
        health,
        time.monotonic(),
        _UNOFFERED if new else _UNTOLD,
    )


def _groups(side: SiteFacts, documents: bool, brief: bool) -> BriefGroups:
    if brief:
        return brief_groups.ask(side, FIELDS, documents=documents)
    every = side.documented_groups() if documents else side.groups
    return BriefGroups(tuple(every), {}, is_brief=False)


def documents(
    side: SiteFacts, answer: Answer
) -> Mapping[str, Mapping[str, Any]]:
    """Fetch the metadata of all groups of a site that was asked for groups
    alone; empty where `SiteFacts.document` has them."""
    return _groups(side, True, answer.is_brief).documents


def last_replication(
    side: SiteFacts, answer: Answer, group: ProtectionGroup
) -> datetime.datetime | None:
    """Return the last replication of a group, as its record has it.

    :raises ProtectorError: the record has to be asked for whole, and the site
        does not answer.
    """
    if not answer.is_brief:
        return group.last_replication_at
    found = side.ask(
        "last replications",
        lambda: {one.id: one.last_replication_at for one in side.groups},
    )
    return found.get(group.id)


def _state(error: exceptions.ProtectorError) -> str:
    if isinstance(error, exceptions.SiteNotReached):
        return "is not reached"
    return "is dead" if isinstance(error, NO_ANSWER) else "refuses"


def silence(name: str, error: exceptions.ProtectorError) -> str:
    """Say that a site gives no answer, and why."""
    if isinstance(error, GraceExceeded):
        # it may only be slow
        return error.message
    return f"{name} {_state(error)}: {error.message}"
