"""The record of an operation."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Annotated, Any

from protectorclient.records import base

#: An operation in one of these moves no more.
FINISHED = frozenset({"completed", "failed"})
#: In these it goes on; any other that is not known may be an end.
UNFINISHED = frozenset({"pending", "running", "rolling_back"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loss(base.Record):
    """What a rebuilt instance did not get of its source."""

    #: The name of the instance.
    member: str = ""
    #: As in `MemberAttributes`; of a port or a volume with its name:
    #: ``networks[net-web].mac_address``.
    attribute: str = ""
    #: What the source has; a secret is masked.
    value: object = None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation(base.Record):
    """One action on a group, from its start to its end."""

    #: ``op-<uuid>``; only the site that started it knows it.
    id: str = ""
    protection_group_id: str | None = None
    #: ``failover``, ``failback``, ``test_failover``, ``test_cleanup``,
    #: ``sync_volumes``; and ``reset_status``, ``sync_force``.
    operation_type: str = ""
    #: ``pending``, ``running``, ``rolling_back``, ``completed``,
    #: ``failed``, as sent; for a comparison there is `state`.
    status: str = ""
    #: Percent, from 0 to 100.
    progress: Annotated[int, base.percent] = 0
    source_site_id: str | None = None
    target_site_id: str | None = None
    started_at: datetime.datetime | None = None
    completed_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    error_message: str | None = None
    #: Names of steps, in order.
    steps_completed: tuple[str, ...] = ()
    steps_failed: tuple[str, ...] = ()
    #: What it was started with.
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    #: The id of the request that started it.
    request_id: str | None = None
    #: What it made. *1.1*
    result_data: Mapping[str, Any] | None = None

    @property
    def is_finished(self) -> bool:
        """Return whether it will not change any more.

        A status that is not known is an end as soon as the record has the
        time of one. A wait takes it for one, too, when nothing changes.
        """
        if self.is_known_to_run:
            return False
        return self.state in FINISHED or self.completed_at is not None

    @property
    def is_known_to_run(self) -> bool:
        """Return whether the status is one of those in which it goes on."""
        return self.state in UNFINISHED

    @property
    def state(self) -> str:
        """Return the status in lower case, to compare it."""
        return self.status.strip().lower()

    @property
    def has_parameters(self) -> bool:
        """Return whether the deployment says what it was started with."""
        return bool(self.parameters) or "parameters" in self._raw

    @property
    def leaves_unprotected(self) -> bool:
        """Return whether it is a failback that left the replication
        stopped."""
        return (
            self.operation_type == "failback"
            and self.state == "completed"
            and not self.parameters.get("reverse_replication")
            and "reverse_replication" not in self.steps_completed
        )

    @property
    def leftovers(self) -> tuple[Any, ...]:
        """Return what the operation left behind, as far as the record has
        it."""
        found = (self.result_data or {}).get("leftovers")
        if not found:
            return ()
        return tuple(found) if isinstance(found, list) else (found,)

    @property
    def not_kept(self) -> tuple[Loss, ...]:
        """Return what the rebuilt instances did not get; empty also where the
        deployment does not say it."""
        found = (self.result_data or {}).get("not_kept")
        if not isinstance(found, list):
            return ()
        return tuple(
            Loss.from_dict(one) for one in found if isinstance(one, dict)
        )
