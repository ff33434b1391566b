"""The records of a site and of its validation."""

from __future__ import annotations

import dataclasses
import datetime

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site(base.Record):
    """One registered cloud."""

    #: The same at both services.
    id: str = ""
    name: str = ""
    description: str | None = None
    #: ``active``, ``unreachable``, ``error``.
    status: str = ""
    #: True for the record of the site that answers.
    local: bool = False
    auth_url: str | None = None
    region_name: str | None = None
    #: With which the service reads the site's catalog: ``public``,
    #: ``internal``, ``admin``.
    interface: str | None = None
    protector_url: str | None = None
    array_name: str | None = None
    volume_backend_host: str | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check(base.Record):
    """One check of a validation."""

    name: str = ""
    result: str = ""
    detail: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Validation(base.Record):
    """What a site found when it tried everything it needs."""

    status: str = ""
    checks: tuple[Check, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class VolumeType(base.Record):
    """A volume type of a site, and whether it replicates."""

    id: str = ""
    name: str = ""
    replication_enabled: bool | str | None = None
    #: ``async`` or ``sync``.
    replication_type: str | None = None
