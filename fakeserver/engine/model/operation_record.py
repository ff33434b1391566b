"""The record of an operation, as the API shows it."""

import dataclasses
from typing import Any

from fakeserver.engine.model.json_record import JsonRecord, optional


@dataclasses.dataclass
class Leftover(JsonRecord):
    """A resource that an operation could not remove, and why."""

    #: ``instance``, ``volume``, ``array volume``, ...
    kind: str
    id: str
    name: str
    #: the name of the site; empty where the resource is at neither
    site: str
    why: str


@dataclasses.dataclass
class MemberNotRebuilt(JsonRecord):
    """A member that a forced failover could not rebuild, and why."""

    member_id: str
    why: str


@dataclasses.dataclass
class Loss(JsonRecord):
    """What a rebuilt instance did not get of its source, and why."""

    #: the name of the instance
    member: str
    #: as in the record of a member: ``tags``, ``networks[NAME].fixed_ip``
    attribute: str
    #: what the source has; a secret is masked
    value: Any
    reason: str


@dataclasses.dataclass
class RemovedInstance(JsonRecord):
    """An old copy that was removed, and the snapshots that keep its data."""

    instance_id: str | None
    name: str
    snapshots: list[str]


@dataclasses.dataclass
class OperationResult(JsonRecord):
    """``result_data``: what an operation made, removed and left.

    Each type of operation fills the fields that concern it.
    """

    # a test clean-up
    tests_removed: list[str] | None = optional()
    instances_deleted: int | None = optional()
    volumes_deleted: int | None = optional()
    # a sync-force that discards
    discarded_version: int | None = optional()
    # a failover, a failback, a test failover
    instances_created: int | None = optional()
    volumes_managed: int | None = optional()
    current_primary_site: str | None = optional()
    instances: list[str] | None = optional()
    volumes: list[str] | None = optional()
    #: the recovery point, also of a sync of volumes
    snapshot_id: str | None = optional()
    snapshot_created_at: str | None = optional()
    leftovers: list[Leftover] = dataclasses.field(default_factory=list)
    sync_warning: str | None = optional()
    not_rebuilt: list[MemberNotRebuilt] | None = optional()
    #: of an isolated test: the networks that were made for it
    networks: list[dict[str, Any]] | None = optional()
    #: of all that were rebuilt; None where nothing is lost
    not_kept: list[Loss] | None = optional()
    stale_removed: list[RemovedInstance] | None = optional()


@dataclasses.dataclass
class OperationRecord(JsonRecord):
    """One operation; times are ISO 8601 in UTC, progress in percent."""

    id: str
    protection_group_id: str
    operation_type: str
    status: str
    progress: int
    source_site_id: str
    target_site_id: str
    started_at: str
    completed_at: str | None
    updated_at: str
    error_message: str | None
    steps_completed: list[str]
    steps_failed: list[str]
    #: as the request gave them
    parameters: dict[str, Any]
    request_id: str
    result_data: OperationResult | None = None

    @property
    def result(self) -> OperationResult:
        """Return the result; an empty one where none is written yet."""
        if self.result_data is None:
            self.result_data = OperationResult()
        return self.result_data
