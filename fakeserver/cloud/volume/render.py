"""Volumes, types and groups as Cinder shows them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import flask

from fakeserver.base.clock import stamp
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import CloudError
from fakeserver.cloud.volume import pending
from fakeserver.cloud.volume.policy import Policy

if TYPE_CHECKING:
    from fakeserver.site import Site

#: the extra specs that everybody may see; the others are for admins
VISIBLE_SPECS = (
    "RESKEY:availability_zones",
    "multiattach",
    "replication_enabled",
)
#: the keys that a later microversion added, each with its value
_OF_ROW = object()
_NEWER: tuple[tuple[int, str, object], ...] = (
    (13, "group_id", _OF_ROW),
    (21, "provider_id", None),
    (48, "shared_targets", False),
    (48, "service_uuid", None),
    (63, "volume_type_id", _OF_ROW),
    (65, "consumes_quota", True),
)


def since(minor: int) -> bool:
    """Return whether the request is answered in 3.``minor`` or later."""
    version: tuple[int, int] = flask.g.microversion
    return version >= (3, minor)


def needs(minor: int) -> None:
    """Answer 404 to a call that the request's microversion does not have."""
    if not since(minor):
        raise CloudError(404, "The resource could not be found.")


def cinder_time(seconds: float) -> str:
    """Format a time as Cinder does, without a zone."""
    return stamp(seconds).rstrip("Z") + ".000000"


def links(site: "Site", project_id: str, kind: str, id_: str) -> list[Doc]:
    base = f"{site.config.url}/volume"
    tail = f"{project_id}/{kind}/{id_}"
    return [
        {"rel": "self", "href": f"{base}/v3/{tail}"},
        {"rel": "bookmark", "href": f"{base}/{tail}"},
    ]


def brief(site: "Site", row: Doc) -> Doc:
    return {
        "id": row["id"],
        "name": row["name"],
        "links": links(site, row["project_id"], "volumes", row["id"]),
    }


def volumes(
    site: "Site", policy: Policy, caller: Token, rows: Sequence[Doc]
) -> list[Doc]:
    """Render volumes of a list: what all of them share is looked up once."""
    version: tuple[int, int] = flask.g.microversion
    newer = {
        name: value for minor, name, value in _NEWER if version >= (3, minor)
    }
    with_host = {
        project: policy.allows(
            "volume_extension:volume_host_attribute", caller, project
        )
        for project in {row["project_id"] for row in rows}
    }
    host = site.world.backend(site.config.site)
    found = []
    for row in rows:
        shown = _volume(site, caller, row)
        if with_host[row["project_id"]]:
            shown["os-vol-host-attr:host"] = host
        for name, value in newer.items():
            shown[name] = row[name] if value is _OF_ROW else value
        found.append(shown)
    return found


def volume(site: "Site", policy: Policy, caller: Token, row: Doc) -> Doc:
    return volumes(site, policy, caller, [row])[0]


def _volume(site: "Site", caller: Token, row: Doc) -> Doc:
    shown: Doc = {
        **brief(site, row),
        "description": row["description"],
        "size": row["size"],
        "status": row["status"],
        "bootable": "true" if row["bootable"] else "false",
        "volume_type": row["volume_type"],
        "metadata": row["metadata"],
        "attachments": [_attachment(site, row) for _ in row["attachments"]],
        "availability_zone": "nova",
        "created_at": cinder_time(row["created"]),
        "updated_at": cinder_time(row["updated"]),
        "user_id": row["user_id"],
        "snapshot_id": None,
        "source_volid": None,
        "consistencygroup_id": None,
        "encrypted": False,
        "multiattach": row.get("multiattach", False),
        "replication_status": None,
        "os-vol-tenant-attr:tenant_id": row["project_id"],
    }
    if caller.is_admin:
        if "read_only" in row:
            # what only admins see is among what people have set
            flag = {"readonly": str(row["read_only"])}
            shown["metadata"] = {**row["metadata"], **flag}
        shown["migration_status"] = None
        shown["os-vol-mig-status-attr:migstat"] = None
        shown["os-vol-mig-status-attr:name_id"] = None
    return shown


def _attachment(site: "Site", row: Doc) -> Doc:
    made = row["attachments"][0]
    return {
        "id": row["id"],
        "volume_id": row["id"],
        "attachment_id": made["attachment_id"],
        "server_id": made["server_id"],
        "device": made["device"],
        "host_name": f"compute-{site.config.site}",
        "attached_at": cinder_time(made["attached"]),
    }


def volume_type(policy: Policy, caller: Token, row: Doc) -> Doc:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "is_public": row["is_public"],
        "os-volume-type-access:is_public": row["is_public"],
        "qos_specs_id": None,
        "extra_specs": specs(policy, caller, row),
    }


def specs(policy: Policy, caller: Token, row: Doc) -> Doc:
    """Return the extra specs; a member gets the public ones only."""
    found: Doc = row["extra_specs"]
    rule = "volume_extension:types_extra_specs:read_sensitive"
    if policy.allows(rule, caller, caller.project_id):
        return found
    return {name: found[name] for name in found if name in VISIBLE_SPECS}


def group(row: Doc, volumes: list[str] | None) -> Doc:
    shown: Doc = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "status": pending.status(row),
        "availability_zone": "nova",
        "created_at": cinder_time(row["created"]),
        "group_type": row["group_type"],
        "volume_types": row["volume_types"],
    }
    if since(14):
        shown["group_snapshot_id"] = None
        shown["source_group_id"] = None
    if volumes is not None and since(25):
        shown["volumes"] = volumes
    if since(38):
        shown["replication_status"] = "disabled"
    if since(58):
        shown["project_id"] = row["project_id"]
    return shown
