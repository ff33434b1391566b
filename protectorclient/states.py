"""Which status of a group allows which action."""

from __future__ import annotations

from collections.abc import Mapping

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
