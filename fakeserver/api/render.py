"""Records as the API shows them at a version."""

from typing import Any

from fakeserver.api.microversion import Version
from fakeserver.engine.documents import entry
from fakeserver.store.groups import Group

RESULT_DATA: Version = (1, 1)
MAPPINGS: Version = (1, 2)

_SITE = (
    "id",
    "name",
    "description",
    "status",
    "local",
    "auth_url",
    "region_name",
    "protector_url",
    "array_name",
    "volume_backend_host",
    "created_at",
    "updated_at",
)
_INSTANCE = (
    "instance_id",
    "instance_name",
    "flavor",
    "image_id",
    "networks",
)
_VOLUME = ("id", "name", "size", "bootable", "device", "volume_type")


def site(record: dict[str, Any]) -> dict[str, Any]:
    """Named field by field: no secret slips through because it is new."""
    return {field: record[field] for field in _SITE}


def tenant_mapping(record: dict[str, Any]) -> dict[str, Any]:
    fields = ("id", "name", "projects", "created_at")
    return {field: record[field] for field in fields}


def protection_group(group: Group, version: Version) -> dict[str, Any]:
    doc, local = group.doc, group.local
    record = {
        "id": group.id,
        "name": doc["name"],
        "description": doc["description"],
        "project_id": group.project_id,
        "status": doc["status"],
        "replication_type": doc["replication_type"],
        "volume_type_id": local.get("volume_type_id"),
        "primary_site_id": doc["primary_site_id"],
        "secondary_site_id": doc["secondary_site_id"],
        "current_primary_site_id": doc["current_primary_site_id"],
        "consistency_group_id": local.get("consistency_group_id"),
        "failover_count": doc["failover_count"],
        "metadata_version": doc["version"],
        "last_replication_at": local.get("last_replication_at"),
        "member_count": len(doc["members"]),
        "created_at": local["created_at"],
        "updated_at": local["updated_at"],
    }
    if version >= MAPPINGS:
        record["network_mapping"] = doc["network_mapping"]
        record["flavor_mapping"] = doc["flavor_mapping"]
    return record


def member(group: Group, found: dict[str, Any]) -> dict[str, Any]:
    """A member as it is where it runs; one that a partial failover could
    not rebuild, as it was where it ran before."""
    doc = group.doc
    here = entry(found, doc["current_primary_site_id"])
    shown = here or next(iter(found["sites"].values()))
    created = group.local.get("member_created", {})
    record = {
        "id": found["id"],
        "status": found["status"],
        **{field: shown[field] for field in _INSTANCE},
        "volumes": [
            {field: volume[field] for field in _VOLUME}
            for volume in shown["volumes"]
        ],
        "created_at": created.get(found["id"], group.local["created_at"]),
    }
    if here is None:
        record["instance_id"] = None
    return record


def policy(group: Group) -> dict[str, Any]:
    found = group.doc["policy"]
    fields = (
        "primary_fa_url",
        "secondary_fa_url",
        "replication_interval",
        "rpo_minutes",
    )
    local = group.local
    return {
        **{field: found[field] for field in fields},
        "credentials_set": True,
        "updated_at": local.get("policy_updated_at") or local["updated_at"],
    }


def unknown_operation_field(version: Version) -> str | None:
    """The field of an operation that came after this version."""
    return None if version >= RESULT_DATA else "result_data"


def operation(record: dict[str, Any], version: Version) -> dict[str, Any]:
    unknown = unknown_operation_field(version)
    return {name: held for name, held in record.items() if name != unknown}
