"""Which status of a group allows which action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient.escape import ShellCommand, protector, shell_word

if TYPE_CHECKING:
    from protectorclient.records.protection_group import ProtectionGroup

#: In these the group is away from home.
LEFT = ("failed_over", "failed_over_partial")
#: In these it is changed by an operation.
MOVING = ("failing_over", "failing_back")
KNOWN = ("active", *LEFT, *MOVING, "error")
#: The status that each action needs.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "failover": ("active",),
    "failback": LEFT,
    "test_failover": ("active",),
    "test_cleanup": ("active", *LEFT),
    "sync_volumes": ("active", *LEFT),
}
#: An unplanned failover takes these; where another operation's, while
#: that is the dead site's.
FORCED = KNOWN

#: The service's own words.
NOT_FAILED_OVER = "Protection Group is not in failed_over state"


def misfit(group: ProtectionGroup, action: str, where: str) -> str | None:
    """Return why a group's status does not allow an action; None where it
    does.

    A status that is not known here is left to the service.

    :param where: the cloud's name of the site where the group runs.
    """
    needed = NEEDS[action]
    if group.status in needed or group.status not in KNOWN:
        return None
    if action == "failback":
        return NOT_FAILED_OVER
    told = (
        f"Protection group {group.name} is {group.status}; {action} needs"
        f" {' or '.join(needed)}"
    )
    if group.status in LEFT:
        return f"{told}: it runs at {where} already"
    return told


def after_misfit(group: ProtectionGroup, action: str) -> ShellCommand:
    """Return the command that shows why the status is what it is."""
    name = shell_word(group.name)
    if action == "failback":
        # the guide's fix: what has been tried before
        return protector(
            f"operation list --all-sites --protection-group {name}"
        )
    if group.status in LEFT:
        return protector(f"protection-group show {name}")
    purpose = action.replace("_", "-")
    return protector(f"protection-group check {name} --for {purpose}")
