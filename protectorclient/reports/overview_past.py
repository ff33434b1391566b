"""The operations of a site, group by group, and the drills among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.operation import Operation
from protectorclient.reports.overview_answer import NEWEST

#: The last of these of a group is its last drill.
DRILL = "test_failover"


def last(
    operations: Iterable[Operation], fits: Callable[[Operation], bool]
) -> Operation | None:
    return next((one for one in operations if fits(one)), None)


def by_group(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """Sort operations by their groups, in the order that they have."""
    found: dict[str, list[Operation]] = {}
    for operation in operations:
        found.setdefault(operation.protection_group_id or "", []).append(
            operation
        )
    return found


def last_drills(side: SiteFacts, wanted: set[str]) -> dict[str, Operation]:
    """Read the drills of a site, newest first, to the last that is wanted."""
    found: dict[str, Operation] = {}
    for drill in side.handle.client.operations.list(
        operation_type=DRILL, status="completed", page_size=NEWEST
    ):
        group = drill.protection_group_id or ""
        if group in wanted:
            found.setdefault(group, drill)
        if len(found) == len(wanted):
            break
    return found


def is_drill(operation: Operation) -> bool:
    """Return whether an operation is a drill that has succeeded."""
    return operation.operation_type == DRILL and operation.state == "completed"
