"""Version 1 of the API: the client of a site, and the records it returns.

The names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient.records.consistency_group import (
        ConsistencyGroup as ConsistencyGroup,
    )
    from protectorclient.records.consistency_group import (
        GroupVolume as GroupVolume,
    )
    from protectorclient.records.consistency_group import (
        RecoveryPoint as RecoveryPoint,
    )
    from protectorclient.records.health import GroupHealth as GroupHealth
    from protectorclient.records.member import Flavor as Flavor
    from protectorclient.records.member import Member as Member
    from protectorclient.records.member import MemberNetwork as MemberNetwork
    from protectorclient.records.member import MemberVolume as MemberVolume
    from protectorclient.records.operation import Operation as Operation
    from protectorclient.records.policy import Policy as Policy
    from protectorclient.records.protection_group import (
        ProtectionGroup as ProtectionGroup,
    )
    from protectorclient.records.protection_group import (
        SyncStatus as SyncStatus,
    )
    from protectorclient.records.site import Check as Check
    from protectorclient.records.site import Site as Site
    from protectorclient.records.site import Validation as Validation
    from protectorclient.records.site import VolumeType as VolumeType
    from protectorclient.records.tenant_mapping import (
        TenantMapping as TenantMapping,
    )
    from protectorclient.v1.client import Client as Client

_RECORDS = "protectorclient.records"
_HOME = {
    "Check": f"{_RECORDS}.site",
    "Client": "protectorclient.v1.client",
    "ConsistencyGroup": f"{_RECORDS}.consistency_group",
    "Flavor": f"{_RECORDS}.member",
    "GroupHealth": f"{_RECORDS}.health",
    "GroupVolume": f"{_RECORDS}.consistency_group",
    "Member": f"{_RECORDS}.member",
    "MemberNetwork": f"{_RECORDS}.member",
    "MemberVolume": f"{_RECORDS}.member",
    "Operation": f"{_RECORDS}.operation",
    "Policy": f"{_RECORDS}.policy",
    "ProtectionGroup": f"{_RECORDS}.protection_group",
    "RecoveryPoint": f"{_RECORDS}.consistency_group",
    "Site": f"{_RECORDS}.site",
    "SyncStatus": f"{_RECORDS}.protection_group",
    "TenantMapping": f"{_RECORDS}.tenant_mapping",
    "Validation": f"{_RECORDS}.site",
    "VolumeType": f"{_RECORDS}.site",
}

__all__ = [
    "Check",
    "Client",
    "ConsistencyGroup",
    "Flavor",
    "GroupHealth",
    "GroupVolume",
    "Member",
    "MemberNetwork",
    "MemberVolume",
    "Operation",
    "Policy",
    "ProtectionGroup",
    "RecoveryPoint",
    "Site",
    "SyncStatus",
    "TenantMapping",
    "Validation",
    "VolumeType",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
