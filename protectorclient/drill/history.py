"""The drills that were made: test failovers, and how they were cleaned up."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient.plan.execution.drills import options
from protectorclient.records.newest_first import moment
from protectorclient.records.operation import Operation

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_pair import SitePair

TEST, CLEAN_UP = "test_failover", "test_cleanup"
#: What somebody said with ``test-cleanup --result``.
_SAID = "result: "


@dataclasses.dataclass(frozen=True)
class PastDrill:
    """A test failover, and the clean-up behind it."""

    operation: Operation
    #: The cloud's name of the site that ran it.
    site: str
    clean_up: Operation | None = None
    #: Whether it is the newest test that the clean-up has removed: what a
    #: person says of a test is of that one.
    is_last: bool = True

    @property
    def run_id(self) -> str | None:
        """Return the run of the drill that has made it; None where somebody
        else has."""
        return options.run_of(self.operation.parameters.get("reason"))

    @property
    def is_clean(self) -> bool | None:
        """Return whether its test is removed; None where it built none."""
        if self.operation.state != "completed":
            return None
        return self.clean_up is not None

    @property
    def result(self) -> str | None:
        """Return ``pass`` or ``fail``, and the note; None where the clean-up
        says it of another test of the group."""
        if self.clean_up is None:
            return None
        reason = self.clean_up.parameters.get("reason")
        if not isinstance(reason, str):
            return None
        if reason.startswith(_SAID) and self.is_last:
            return reason.removeprefix(_SAID)
        run_id = options.run_of(reason)
        if run_id is not None and run_id == self.run_id:
            return reason.partition(": ")[2] or None
        return None

    @property
    def rto_seconds(self) -> float | None:
        """Return how long the test failover took, by the service's clock."""
        one = self.operation
        if one.started_at is None or one.completed_at is None:
            return None
        return (one.completed_at - one.started_at).total_seconds()

    @property
    def rpo_seconds(self) -> float | None:
        """Return the age of its recovery point when it started."""
        made = (self.operation.result_data or {}).get("snapshot_created_at")
        if self.operation.started_at is None or not isinstance(made, str):
            return None
        try:
            created = datetime.datetime.fromisoformat(made)
        except ValueError:
            return None
        return max(0.0, (self.operation.started_at - created).total_seconds())

    def to_dict(self, names: Any) -> dict[str, Any]:
        """As data.

        :param names: of groups, by their ids.
        """
        sent = self.operation.to_dict()
        group = self.operation.protection_group_id or ""
        return {
            "protection_group": names.get(group, group),
            "protection_group_id": group,
            "operation_id": self.operation.id,
            "site": self.site,
            "run_id": self.run_id,
            "status": self.operation.status,
            "started_at": sent.get("started_at"),
            "completed_at": sent.get("completed_at"),
            "rto_seconds": self.rto_seconds,
            "rpo_seconds": self.rpo_seconds,
            "isolated": bool(self.operation.parameters.get("isolated")),
            "clean_up_id": self.clean_up.id if self.clean_up else None,
            "is_clean": self.is_clean,
            "result": self.result,
        }


@dataclasses.dataclass(frozen=True)
class DrillHistory:
    """The drills of both sites, newest first."""

    drills: tuple[PastDrill, ...]
    #: Why a site said nothing, by its cloud's name.
    errors: dict[str, Exception]


def look(
    pair: SitePair, group_ids: Sequence[str] = (), *, limit: int | None = None
) -> DrillHistory:
    """List the drills of both sites.

    Each site is asked for its test failovers and its clean-ups.

    :param group_ids: only these groups.
    :param limit: at most so many of each site and type.
    :raises SiteUnreachable: neither site answers.
    """
    found: list[tuple[Operation, SiteHandle]] = []
    errors: dict[str, Exception] = {}
    for kind in (TEST, CLEAN_UP):
        for group in group_ids or (None,):
            answer = pair.operations(
                operation_type=kind, protection_group_id=group, limit=limit
            )
            found += answer.items
            errors.update(answer.errors)
    return DrillHistory(tuple(paired(found)), errors)


def paired(
    found: Iterable[tuple[Operation, SiteHandle]],
) -> Iterator[PastDrill]:
    """Yield each test failover with the clean-up behind it, newest first.

    A clean-up removes all tests of its group that were there.
    """

    def age(item: tuple[Operation, SiteHandle]) -> tuple[Any, bool]:
        # a clean-up of the same second has something to clean up
        operation = item[0]
        return moment(operation), operation.operation_type == CLEAN_UP

    ordered = sorted(found, key=age, reverse=True)
    clean_ups: dict[str, Operation] = {}
    told: set[str] = set()
    for operation, site in ordered:
        group = operation.protection_group_id or ""
        if operation.operation_type == TEST:
            clean_up = clean_ups.get(group)
            identity = clean_up.id if clean_up else ""
            is_last = identity not in told
            yield PastDrill(operation, site.name, clean_up, is_last)
            if operation.state == "completed":
                told.add(identity)
        elif operation.state == "completed":
            clean_ups[group] = operation
