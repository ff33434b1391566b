"""The record of a group's health."""

from __future__ import annotations

import dataclasses

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupHealth(base.Record):
    """The health of one group, as the site that answers sees it."""

    protection_group_id: str = ""
    protection_group_name: str | None = None
    #: Of the arrays: ``active``, ``stopped``, ``not_configured``.
    link_status: str | None = None
    #: As in `SyncStatus`.
    sync_status: str | None = None
    #: The age of the newest complete recovery point.
    replication_lag_seconds: float | None = None
    #: None without a policy.
    rpo_compliant: bool | None = None
    #: What the policy promises; None without one.
    rpo_minutes: int | None = None
    failover_ready: bool | None = None
    #: Why it is not ready.
    reasons: tuple[str, ...] = ()
