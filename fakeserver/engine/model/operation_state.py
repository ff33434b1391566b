"""The state of an operation, from which a restart goes on.

This is all that recovery rests on, with the effects: the decisions that
were made when the operation was accepted, and what the steps found out.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from fakeserver.engine.model.drill_networks import DrillNetwork
from fakeserver.engine.model.json_record import JsonRecord, optional
from fakeserver.engine.model.member_plan import MemberPlan
from fakeserver.engine.model.operation_record import Loss, MemberNotRebuilt


class StoppedInstance(NamedTuple):
    """An instance that the operation stops at the source."""

    id: str
    name: str


class QuietInstance(NamedTuple):
    """A stopped instance, and when Nova last changed it, in Nova's form."""

    id: str
    updated: str


class Port(NamedTuple):
    """A network, and the address that an instance has in it."""

    network_id: str
    address: str


@dataclasses.dataclass
class OldVolume(JsonRecord):
    """A volume of an old copy."""

    id: str | None
    name: str
    #: as it was last called on the array, and the array's own number of it
    array_name: str
    array_serial: str | None = optional()
    #: of its data on the array, once it is kept
    snapshot: str | None = optional()

    @classmethod
    def of(cls, volume: Mapping[str, Any]) -> Self:
        """Return the record of a volume that a document names."""
        return cls(
            volume["id"],
            volume["name"],
            volume["array_name"],
            volume.get("array_serial"),
        )


@dataclasses.dataclass
class OldCopy(JsonRecord):
    """An instance that the group no longer uses, with its volumes.

    The instance is None where only volumes are there.
    """

    instance_id: str | None
    name: str
    running: bool = False
    addresses: list[Port] = dataclasses.field(default_factory=list)
    volumes: list[OldVolume] = dataclasses.field(default_factory=list)
    #: whether it was never started after the last recovery point; None
    #: until it is deleted
    quiet: bool | None = optional()


@dataclasses.dataclass
class OperationState(JsonRecord):
    """The decisions and findings of one operation."""

    # nobody reads it but this server, and most of it is for moves
    leaves_out_defaults = True

    # -- decided when it was accepted

    #: ids of the two sites
    source: str = ""
    target: str = ""
    #: works without the peer
    forced: bool = False
    #: status and operation of the group before, for a rollback
    back_to: str = ""
    back_to_operation: dict[str, Any] | None = None
    #: the operation from whose id names are derived: one that takes over
    #: from another finds what that one made
    lineage: str = ""
    plan: list[MemberPlan] = dataclasses.field(default_factory=list)
    #: makes a last recovery point, after the source is stopped
    moves_last_writes: bool = False
    stops_source: bool = False
    reverse_replication: bool = False
    #: the peer is to know of it before the first step
    announces: bool = False
    #: ids of members that start although they were stopped
    power_on: list[str] = dataclasses.field(default_factory=list)
    #: a member whose address is taken fails, instead of getting another one
    keep_addresses: bool = False
    #: the networks of an isolated test, in place of those at the source
    isolated: list[DrillNetwork] = dataclasses.field(default_factory=list)
    #: the peer's version of the metadata that is discarded
    discards: int | None = optional()

    # -- how far it is

    announced: bool = False
    #: the group's new state is written: there is no way back
    committed: bool = False
    last_step: str | None = optional()
    #: seconds since the epoch at which a rollback gives up a silent site
    undo_until: float | None = optional()

    # -- found by its steps

    #: member id -> the power state that it comes back to; one that is not
    #: here comes back running
    power: dict[str, str] | None = optional()
    #: what is said of power states: of those that nobody knows
    power_losses: list[Loss] = dataclasses.field(default_factory=list)
    stopped: list[StoppedInstance] | None = optional()
    #: what was stopped at the source before the last recovery point
    quiet: list[QuietInstance] | None = optional()
    #: old copies at the target, from earlier operations
    stale: list[OldCopy] | None = optional()
    snapshot_id: str | None = optional()
    snapshot_created_at: str | None = optional()
    not_rebuilt: list[MemberNotRebuilt] = dataclasses.field(
        default_factory=list
    )
    #: copies at the source that the group has left behind
    left: list[OldCopy] | None = optional()
    #: server id -> ids of its ports, while it is deleted and they are not
    ports: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    #: ids of sites that a clean-up does not wait for any more
    given_up: list[str] = dataclasses.field(default_factory=list)
