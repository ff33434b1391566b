"""The statuses in which a group accepts each action: one table.

The checks, the refusals before anything is sent, the commands and the next
commands in messages read it. The service decides; it has its own table.
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
    """An action on a group, and the statuses that allow it."""

    #: As the service calls it, and its operation.
    name: str
    #: The words behind ``openstack protector``.
    command: str
    #: The statuses in which it may be asked for.
    needs: tuple[str, ...]
    #: The statuses in which the action's result is there already.
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
    # an operation that moves the group is one of the dead site
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
    """Return an action by the service's name, in its planned form."""
    return ACTIONS[PLANNED[name]]


def why_not(
    group: ProtectionGroup, purpose: str, where: str | None
) -> str | None:
    """Explain why a group's status does not allow an action; None if it does.

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
    """Make the commands to type where a status does not allow an action.

    :param failed: ids of the operations that failed last, where the sites
        were asked for them.
    """
    if purpose == "failback":
        # the fix of the published page: what has been tried before
        return [fill(commands.HISTORY, group=group.name)]
    if group.status in ACTIONS[purpose].is_done_in:
        # A check prints the failback. After a refusal the group is only
        # shown: a failover that was sent twice must not be undone.
        line = commands.SHOW_GROUP if failed is None else commands.FAILBACK
        return [fill(line, group=group.name)]
    if failed is None and ACTIONS[purpose].is_checked:
        return [fill(commands.CHECK_FOR, group=group.name, purpose=purpose)]
    # leftovers are removed before the status is set
    lines: list[str] = [
        fill(commands.DIAGNOSE, operation=one) for one in failed or ()
    ]
    if group.status == ERROR:
        lines += set_status(group)
    return lines or [fill(commands.SHOW_GROUP, group=group.name)]


def set_status(group: ProtectionGroup) -> list[str]:
    """Make the commands with which an administrator ends a group's error."""
    at_home = group.current_primary_site_id == group.primary_site_id
    status = ACTIVE[0] if at_home else FAILED_OVER[0]
    return [
        AS_ADMIN,
        fill(commands.SET_STATUS, group=group.name, status=status),
    ]
