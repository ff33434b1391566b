"""The record of a tenant mapping."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class TenantMapping(base.Record):
    """One tenant, known by another project id at each site."""

    id: str = ""
    name: str = ""
    #: Project ids by site id.
    projects: Mapping[str, str] = dataclasses.field(default_factory=dict)
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
