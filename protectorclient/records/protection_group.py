"""The records of a protection group and of its sync status."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProtectionGroup(base.Record):
    """A named set of instances that fail over together."""

    #: The same at both sites.
    id: str = ""
    name: str = ""
    description: str | None = None
    #: The project at the site that answered.
    project_id: str | None = None
    #: ``active``, ``failing_over``, ``failed_over``,
    #: ``failed_over_partial``, ``failing_back``, ``error``.
    status: str = ""
    #: ``async`` or ``sync``; fixed at creation.
    replication_type: str | None = None
    volume_type_id: str | None = None
    #: The site where the group is at home.
    primary_site_id: str | None = None
    #: The other site.
    secondary_site_id: str | None = None
    #: The site where the group runs now.
    current_primary_site_id: str | None = None
    consistency_group_id: str | None = None
    #: How many failovers have been completed, forced ones included.
    failover_count: int = 0
    #: Both sites must hold the same.
    metadata_version: int = 0
    last_replication_at: datetime.datetime | None = None
    member_count: int | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    #: Used where an action gives none. *1.2*
    network_mapping: Mapping[str, str] | None = None
    #: Used where an action gives none. *1.2*
    flavor_mapping: Mapping[str, str] | None = None


#: A group as the methods take it: a record of it, or its id.
Group = ProtectionGroup | str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SyncStatus(base.Record):
    """How the metadata of the two sites compare, as one of them sees it."""

    protection_group_id: str = ""
    #: ``IN_SYNC``, ``OUT_OF_SYNC``, ``UNREACHABLE``, ``FAILED``.
    status: str = ""
    local_version: int | None = None
    remote_version: int | None = None
    local_checksum: str | None = None
    remote_checksum: str | None = None
    last_sync_at: datetime.datetime | None = None
    message: str | None = None
    #: After a discard: the operation that does it.
    operation_id: str | None = None
    #: After a discard: each instance that was removed at the peer, with the
    #: snapshots that are kept; None while it is not done.
    stale_removed: tuple[Mapping[str, Any], ...] | None = None
