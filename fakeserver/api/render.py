"""Records as the API shows them at a version."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fakeserver.api.microversion import Version
from fakeserver.base.clock import stamp
from fakeserver.base.db import Database, dump, load
from fakeserver.base.masking import HIDDEN
from fakeserver.engine.model.document import SEALED, TOKENS, entry
from fakeserver.engine.model.sealed import shown_properties
from fakeserver.store import member_rows
from fakeserver.store.groups import Group, GroupListing

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
    "interface",
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
#: what Cinder does not show everywhere
_MORE_OF_VOLUME = ("properties", "read_only", "multiattach")


def site(record: dict[str, Any]) -> dict[str, Any]:
    """Render a site record, field by field, so that no new secret is shown."""
    return {field: record[field] for field in _SITE}


def tenant_mapping(record: dict[str, Any]) -> dict[str, Any]:
    fields = ("id", "name", "projects", "created_at")
    return {field: record[field] for field in fields}


def _of(column: str, path: str) -> str:
    return f"json_extract({column}, '$.{path}')"


#: what the record of a group is made of, in SQL over its row: the database
#: writes it, and what is not shown of many groups is never read
_GROUP = {
    "id": "id",
    "name": "name",
    "description": _of("doc", "description"),
    "project_id": "project_id",
    "status": "status",
    "replication_type": _of("doc", "replication_type"),
    "volume_type_id": _of("local", "volume_type_id"),
    "primary_site_id": _of("doc", "primary_site_id"),
    "secondary_site_id": _of("doc", "secondary_site_id"),
    "current_primary_site_id": _of("doc", "current_primary_site_id"),
    "consistency_group_id": _of("local", "consistency_group_id"),
    "failover_count": _of("doc", "failover_count"),
    "metadata_version": _of("doc", "version"),
    "member_count": member_rows.NUMBER,
    "created_at": _of("local", "created_at"),
    "updated_at": _of("local", "updated_at"),
}
_GROUP_MAPPINGS = {
    "network_mapping": _of("doc", "network_mapping"),
    "flavor_mapping": _of("doc", "flavor_mapping"),
}


#: the group's document without its secrets, as `without_secrets` has it
_METADATA = (
    "json_set(json_remove(doc, '$.{}', {}), '$.members', json({}))"
).format(
    SEALED,
    ", ".join(f"'$.policy.{token}.sealed'" for token in TOKENS),
    member_rows.MEMBERS,
)


#: what of the document a report of many groups needs
_METADATA_BRIEF = f"""json_object(
    {
    ", ".join(
        f"'{key}', {_of('doc', key)}"
        for key in (
            "primary_site_id",
            "current_primary_site_id",
            "network_mapping",
            "flavor_mapping",
            "tests",
            "operation",
        )
    )
},
    'policy', json(CASE json_type(doc, '$.policy') WHEN 'object' THEN
        json_object('rpo_minutes', {_of("doc", "policy.rpo_minutes")}) END),
    'members', json({member_rows.BRIEF}))"""
#: what is shown of a group where it is asked for by name alone
_ASKED_FOR = {
    "instances": member_rows.INSTANCES,
    "metadata_brief": _METADATA_BRIEF,
}


def protection_group(
    version: Version,
    *,
    metadata: bool = False,
    only: Sequence[str] | None = None,
) -> str:
    """Return the SQL that renders a group, without its last replication.

    :param metadata: with the group's document.
    :param only: with these fields alone; None for the whole record.
    """
    fields = _GROUP | (_GROUP_MAPPINGS if version >= MAPPINGS else {})
    if only is not None:
        every = fields | _ASKED_FOR
        fields = {name: every[name] for name in dict.fromkeys(("id", *only))}
    if metadata:
        fields = fields | {"metadata": _METADATA}
    pairs = (f"'{name}', {found}" for name, found in fields.items())
    return f"json_object({', '.join(pairs)})"


def replicated(found: GroupListing, newest: Mapping[str, float]) -> str:
    """Render a group with its last replication, as the arrays report it or as
    it was last recorded."""
    moment = newest.get(found.id)
    told = found.last_replication_at if moment is None else stamp(moment)
    return f'{found.record[:-1]},"last_replication_at":{json.dumps(told)}}}'


def members(
    db: Database, group: Group, found: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Render members, each as it is where it runs, or as it was before a
    partial failover lost it."""
    created = member_rows.times(db, group.id, [one["id"] for one in found])
    return [_member(group, one, created) for one in found]


def _member(
    group: Group, found: dict[str, Any], created: Mapping[str, str]
) -> dict[str, Any]:
    doc = group.doc
    here = entry(found, doc["current_primary_site_id"])
    shown = here or next(iter(found["sites"].values()))
    record = {
        "id": found["id"],
        "status": found["status"],
        **{field: shown[field] for field in _INSTANCE},
        "volumes": [_volume(volume) for volume in shown["volumes"]],
        "created_at": created.get(found["id"], group.local.created_at),
    }
    if "attributes" in shown:
        record["attributes"] = _masked(shown["attributes"])
    if here is None:
        record["instance_id"] = None
    return record


def _volume(held: dict[str, Any]) -> dict[str, Any]:
    shown = {field: held[field] for field in _VOLUME}
    more = {field: held[field] for field in _MORE_OF_VOLUME if field in held}
    return shown | _masked(more)


def _masked(held: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with a mask for each secret among the properties."""
    if "properties" not in held:
        return held
    return {
        **held,
        "properties": shown_properties(held["properties"], HIDDEN),
    }


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
        "updated_at": local.policy_updated_at or local.updated_at,
    }


def unknown_operation_field(version: Version) -> str | None:
    """Return the operation field that came after this version, if asked
    for."""
    return None if version >= RESULT_DATA else "result_data"


def operation(record: str, version: Version) -> bytes:
    """Return the JSON of an answer with an operation.

    :param record: as JSON, of the newest version.
    """
    unknown = unknown_operation_field(version)
    if unknown is not None:
        shown = load(record)
        del shown[unknown]
        record = dump(shown)
    return f'{{"operation":{record}}}'.encode()
