"""The record of a replication policy."""

from __future__ import annotations

import dataclasses
import datetime

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy(base.Record):
    """The replication policy of a group; it never holds a credential."""

    primary_fa_url: str | None = None
    secondary_fa_url: str | None = None
    #: Seconds.
    replication_interval: int | None = None
    rpo_minutes: int | None = None
    #: Whether the service holds API tokens for the arrays.
    credentials_set: bool | None = None
    updated_at: datetime.datetime | None = None
