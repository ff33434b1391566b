"""What one site alone keeps of a protection group, beside the document."""

import dataclasses

from fakeserver.engine.model.json_record import JsonRecord, optional


@dataclasses.dataclass
class SharedVersion(JsonRecord):
    """A version of the document that both sites were known to hold."""

    version: int
    checksum: str


@dataclasses.dataclass
class GroupState(JsonRecord):
    """This site's own ids, the last push, and what is still to be done.

    Times are ISO 8601 in UTC.
    """

    volume_type_id: str | None = optional()
    consistency_group_id: str | None = optional()
    last_replication_at: str | None = optional()
    created_at: str = ""
    updated_at: str = ""
    policy_updated_at: str | None = optional()
    #: the operation that last changed the document here
    last_operation: str | None = optional()

    # -- the document at the peer

    last_sync_at: str | None = optional()
    base: SharedVersion | None = optional()
    #: how the last push went: ok, refused, due, forced
    push: str | None = optional()
    push_message: str = ""
    #: the reconciler tries the push again
    push_repeat: bool = False
    #: the peer refused the push because an operation runs there
    push_busy: bool = False
    #: what came instead of an answer to the last push
    push_came: str | None = optional()
    #: the peer's version that the push replaces, and no other one
    push_over: int | None = optional()
    #: checksum of a push of which the answer was lost
    doubt: str | None = optional()

    # -- what is to be done here

    #: the reconciler has to look at the group
    look: bool = False
    #: the replication has to follow a change: ``follow`` or ``start``
    replicate: str | None = optional()
    #: the primary when that was noted, a site id
    replicate_from: str | None = optional()
