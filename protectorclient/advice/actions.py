"""Which action a group takes in which status: one table.

Read by the checks, by what is refused before anything is sent, by the
commands, and by what is printed to be typed next. The service decides; it
has a table of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from protectorclient.advice import commands
from protectorclient.escape import AS_ADMIN, fill

if TYPE_CHECKING:
    from protectorclient.records.protection_group import ProtectionGroup

ACTIVE = ("active",)
#: The group runs at its secondary site.
FAILED_OVER = ("failed_over", "failed_over_partial")
#: An operation moves it.
MOVING = ("failing_over", "failing_back")
#: An administrator sets its status.
ERROR = "error"
#: A status that is not among these is left to the service.
STATUSES = (*ACTIVE, *FAILED_OVER, *MOVING, ERROR)

#: The service's own words.
NOT_FAILED_OVER = "Protection Group is not in failed_over state"


@dataclasses.dataclass(frozen=True)
class Action:
    """What a group can be asked for, and when."""

    #: As the service calls it, and its operation.
    name: str
    #: The words behind ``openstack protector``.
    command: str
    #: The statuses in which it may be asked for.
    needs: tuple[str, ...]
    #: The statuses in which the group is already where it would bring it.
    is_done_in: tuple[str, ...] = ()
    #: Whether it builds instances at the other site, and takes mappings.
    builds: bool = False
    #: Whether it works without the primary.
    is_unplanned: bool = False
    #: Whether ``check --for`` takes it.
    is_checked: bool = True


#: By their purposes, as ``check --for`` calls them.
ACTIONS: Mapping[str, Action] = {
    "failover": Action(
        "failover",
        "protection-group failover",
        needs=ACTIVE,
        is_done_in=FAILED_OVER,
        builds=True,
    ),
    # where an operation moves the group, that is one of the dead site
    "unplanned": Action(
        "failover",
        "protection-group failover",
        needs=STATUSES,
        builds=True,
        is_unplanned=True,
    ),
    "failback": Action(
        "failback",
        "protection-group failback",
        needs=FAILED_OVER,
        is_done_in=ACTIVE,
        builds=True,
    ),
    "test-failover": Action(
        "test_failover",
        "protection-group test-failover",
        needs=ACTIVE,
        is_done_in=FAILED_OVER,
        builds=True,
    ),
    "test-cleanup": Action(
        "test_cleanup",
        "protection-group test-cleanup",
        needs=(*ACTIVE, *FAILED_OVER),
    ),
    "sync": Action(
        "sync_volumes",
        "consistency-group sync",
        needs=(*ACTIVE, *FAILED_OVER),
        is_checked=False,
    ),
}
#: What ``check --for`` takes.
PURPOSES = tuple(key for key, one in ACTIONS.items() if one.is_checked)
#: By the service's name; an unplanned failover is no action of its own.
PLANNED: Mapping[str, str] = {
    one.name: purpose
    for purpose, one in ACTIONS.items()
    if not one.is_unplanned
}


def planned(name: str) -> Action:
    """Return an action by the service's name, as it is asked of two sites."""
    return ACTIONS[PLANNED[name]]


def why_not(
    group: ProtectionGroup, purpose: str, where: str | None
) -> str | None:
    """Return why a group's status does not allow an action; None where it
    does.

    A status that is not known here is left to the service.

    :param purpose: a key of `ACTIONS`.
    :param where: the cloud's name of the site where the group runs.
    """
    action = ACTIONS[purpose]
    if group.status in action.needs or group.status not in STATUSES:
        return None
    if purpose == "failback":
        return NOT_FAILED_OVER
    text = (
        f"Protection group {group.name} is {group.status}; {action.name}"
        f" needs {' or '.join(action.needs)}"
    )
    if where and group.status in action.is_done_in:
        return f"{text}: it runs at {where} already"
    return text


def after_why_not(
    group: ProtectionGroup,
    purpose: str,
    failed: Iterable[str] | None = None,
) -> list[str]:
    """Return what to type where a group's status does not allow an action.

    :param failed: ids of the operations that failed last, where the sites
        were asked for them.
    """
    if purpose == "failback":
        # the fix of the published page: what has been tried before
        return [fill(commands.HISTORY, group=group.name)]
    if group.status in ACTIONS[purpose].is_done_in:
        # a check says what clears it; after a refusal it is only shown:
        # whoever asked twice does not want it back
        line = commands.SHOW_GROUP if failed is None else commands.FAILBACK
        return [fill(line, group=group.name)]
    if failed is None and ACTIONS[purpose].is_checked:
        return [fill(commands.CHECK_FOR, group=group.name, purpose=purpose)]
    # what is left behind is cleared before it is forgotten
    lines: list[str] = [
        fill(commands.DIAGNOSE, operation=one) for one in failed or ()
    ]
    if group.status == ERROR:
        lines += set_status(group)
    return lines or [fill(commands.SHOW_GROUP, group=group.name)]


def set_status(group: ProtectionGroup) -> list[str]:
    """Return what an administrator types to end a group's error."""
    at_home = group.current_primary_site_id == group.primary_site_id
    status = ACTIVE[0] if at_home else FAILED_OVER[0]
    return [
        AS_ADMIN,
        fill(commands.SET_STATUS, group=group.name, status=status),
    ]
