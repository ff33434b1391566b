"""Version 1 of the API: the client of a site, and the records it returns.

Public is what ``__all__`` has; the modules of this package are private.
The names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient._http.microversions import Version as Version
    from protectorclient._http.microversions import (
        VersionRange as VersionRange,
    )
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
    from protectorclient.records.member import KeyPair as KeyPair
    from protectorclient.records.member import Member as Member
    from protectorclient.records.member import (
        MemberAttributes as MemberAttributes,
    )
    from protectorclient.records.member import MemberNetwork as MemberNetwork
    from protectorclient.records.member import MemberVolume as MemberVolume
    from protectorclient.records.member import ServerGroup as ServerGroup
    from protectorclient.records.member import UserData as UserData
    from protectorclient.records.operation import Loss as Loss
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
    from protectorclient.v1.consistency_groups import (
        ConsistencyGroupManager as ConsistencyGroupManager,
    )
    from protectorclient.v1.health import HealthManager as HealthManager
    from protectorclient.v1.members import MemberManager as MemberManager
    from protectorclient.v1.metadata import MetadataManager as MetadataManager
    from protectorclient.v1.operations import (
        OperationManager as OperationManager,
    )
    from protectorclient.v1.policies import PolicyManager as PolicyManager
    from protectorclient.v1.protection_groups import (
        ProtectionGroupManager as ProtectionGroupManager,
    )
    from protectorclient.v1.sites import SiteManager as SiteManager
    from protectorclient.v1.tenant_mappings import (
        TenantMappingManager as TenantMappingManager,
    )

#: Where each name is; it is imported when it is first used.
_HOME = {
    "Check": "protectorclient.records.site",
    "Client": "protectorclient.v1.client",
    "ConsistencyGroup": "protectorclient.records.consistency_group",
    "ConsistencyGroupManager": "protectorclient.v1.consistency_groups",
    "Flavor": "protectorclient.records.member",
    "GroupHealth": "protectorclient.records.health",
    "GroupVolume": "protectorclient.records.consistency_group",
    "HealthManager": "protectorclient.v1.health",
    "KeyPair": "protectorclient.records.member",
    "Loss": "protectorclient.records.operation",
    "Member": "protectorclient.records.member",
    "MemberAttributes": "protectorclient.records.member",
    "MemberManager": "protectorclient.v1.members",
    "MemberNetwork": "protectorclient.records.member",
    "MemberVolume": "protectorclient.records.member",
    "MetadataManager": "protectorclient.v1.metadata",
    "Operation": "protectorclient.records.operation",
    "OperationManager": "protectorclient.v1.operations",
    "Policy": "protectorclient.records.policy",
    "PolicyManager": "protectorclient.v1.policies",
    "ProtectionGroup": "protectorclient.records.protection_group",
    "ProtectionGroupManager": "protectorclient.v1.protection_groups",
    "RecoveryPoint": "protectorclient.records.consistency_group",
    "ServerGroup": "protectorclient.records.member",
    "Site": "protectorclient.records.site",
    "SiteManager": "protectorclient.v1.sites",
    "SyncStatus": "protectorclient.records.protection_group",
    "TenantMapping": "protectorclient.records.tenant_mapping",
    "TenantMappingManager": "protectorclient.v1.tenant_mappings",
    "UserData": "protectorclient.records.member",
    "Validation": "protectorclient.records.site",
    "Version": "protectorclient._http.microversions",
    "VersionRange": "protectorclient._http.microversions",
    "VolumeType": "protectorclient.records.site",
}

__all__ = [
    "Check",
    "Client",
    "ConsistencyGroup",
    "ConsistencyGroupManager",
    "Flavor",
    "GroupHealth",
    "GroupVolume",
    "HealthManager",
    "KeyPair",
    "Loss",
    "Member",
    "MemberAttributes",
    "MemberManager",
    "MemberNetwork",
    "MemberVolume",
    "MetadataManager",
    "Operation",
    "OperationManager",
    "Policy",
    "PolicyManager",
    "ProtectionGroup",
    "ProtectionGroupManager",
    "RecoveryPoint",
    "ServerGroup",
    "Site",
    "SiteManager",
    "SyncStatus",
    "TenantMapping",
    "TenantMappingManager",
    "UserData",
    "Validation",
    "Version",
    "VersionRange",
    "VolumeType",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
