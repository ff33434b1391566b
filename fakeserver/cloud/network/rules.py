"""What Neutron's resources share: attributes, filters and policies."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import flask

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network.addresses import visible
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc, Table
from fakeserver.cloud.shared.web import Answer, CloudError

BASE = "/v2.0"

_TEXT = {"type": ["string", "null"], "maxLength": 255}
_FLAG = {"type": ["boolean", "null"]}
_ANY: Doc = {}


_PORT: Doc = {
    "anyOf": [
        {"type": "null"},
        {"type": "integer", "minimum": 0, "maximum": 65535},
    ]
}


def _attributes(noun: str, known: Doc, *required: str) -> web.Validator:
    return web.validator(
        {
            "type": "object",
            "required": [noun],
            "properties": {
                noun: {
                    "type": "object",
                    "properties": known,
                    "required": list(required),
                    "additionalProperties": False,
                }
            },
        }
    )


_OWNED: Doc = {
    "name": _TEXT,
    "description": _TEXT,
    "project_id": _TEXT,
    "tenant_id": _TEXT,
}
ATTRIBUTES: Mapping[str, web.Validator] = {
    "network": _attributes(
        "network",
        {
            **_OWNED,
            "admin_state_up": _FLAG,
            "shared": _FLAG,
            "router:external": _FLAG,
            "is_default": _FLAG,
            "port_security_enabled": _FLAG,
            "vlan_transparent": _FLAG,
            "mtu": {"type": ["integer", "null"], "minimum": 0},
            "availability_zone_hints": _ANY,
            "dns_domain": _TEXT,
            "qos_policy_id": _TEXT,
            "provider:network_type": _ANY,
            "provider:physical_network": _ANY,
            "provider:segmentation_id": _ANY,
        },
    ),
    "subnet": _attributes(
        "subnet",
        {
            **_OWNED,
            "network_id": {"type": "string", "maxLength": 64},
            "ip_version": {"enum": [4, 6, "4", "6"]},
            "cidr": {"type": "string", "maxLength": 64},
            "gateway_ip": _TEXT,
            "enable_dhcp": _FLAG,
            "allocation_pools": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "required": ["start", "end"],
                    "properties": {
                        "start": {"type": "string"},
                        "end": {"type": "string"},
                    },
                },
            },
            "dns_nameservers": _ANY,
            "host_routes": _ANY,
            "service_types": _ANY,
            "dns_publish_fixed_ip": _ANY,
        },
    ),
    "port": _attributes(
        "port",
        {
            **_OWNED,
            "network_id": {"type": "string", "maxLength": 64},
            "admin_state_up": _FLAG,
            "port_security_enabled": _FLAG,
            "mac_address": {
                "type": ["string", "null"],
                "pattern": "^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$",
            },
            "device_id": _TEXT,
            "device_owner": _TEXT,
            "binding:vnic_type": _TEXT,
            "security_groups": {
                "type": ["array", "null"],
                "items": {"type": "string", "maxLength": 64},
            },
            "fixed_ips": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {
                        "ip_address": {"type": "string", "maxLength": 64},
                        "subnet_id": {"type": "string", "maxLength": 64},
                    },
                    "additionalProperties": False,
                },
            },
            "allowed_address_pairs": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "required": ["ip_address"],
                    "properties": {
                        "ip_address": {"type": "string", "maxLength": 64},
                        "mac_address": {"type": "string", "maxLength": 64},
                    },
                    "additionalProperties": False,
                },
            },
        },
    ),
    "security_group": _attributes(
        "security_group", {**_OWNED, "stateful": _FLAG}
    ),
    "security_group_rule": _attributes(
        "security_group_rule",
        {
            "project_id": _TEXT,
            "tenant_id": _TEXT,
            "description": _TEXT,
            "security_group_id": {"type": "string", "maxLength": 64},
            "direction": {"enum": ["ingress", "egress"]},
            "ethertype": {"enum": ["IPv4", "IPv6", None]},
            "protocol": {"type": ["string", "integer", "null"]},
            "port_range_min": _PORT,
            "port_range_max": _PORT,
            "remote_ip_prefix": _TEXT,
            "remote_group_id": _TEXT,
            "remote_address_group_id": {"type": "null"},
        },
        "security_group_id",
        "direction",
    ),
}
#: attributes that only an admin sets to anything but their default
_ADMIN_ATTRIBUTES = (
    "shared",
    "router:external",
    "is_default",
    "provider:network_type",
    "provider:physical_network",
    "provider:segmentation_id",
)


def checked(check: web.Validator, noun: str) -> Doc:
    """Return the attributes of a request, or refuse it."""
    found: Doc = web.body(check)[noun]
    return found


def may_write(caller: Token, rule: str) -> None:
    if not caller.may_write:
        raise _forbidden(rule)


def admin_only(
    caller: Token, rule: str, given: Mapping[str, Any] | None = None
) -> None:
    """Refuse the call, or some of its attributes, to everybody but an
    admin."""
    if caller.is_admin:
        return
    if given is None:
        raise _forbidden(rule)
    for name in _ADMIN_ATTRIBUTES:
        if given.get(name):
            raise _forbidden(f"{rule}:{name}")


def _forbidden(rule: str) -> CloudError:
    return CloudError(
        403,
        f"(rule:{rule}) is disallowed by policy",
        "PolicyNotAuthorized",
    )


def owner(caller: Token, given: Mapping[str, Any]) -> str:
    """Return the owner of a new resource; only an admin may name another
    project."""
    wanted = given.get("project_id") or given.get("tenant_id")
    if wanted and wanted != caller.project_id:
        admin_only(caller, "create_for_project")
        return str(wanted)
    return caller.project_id


def within_quota(
    tx: sqlite3.Connection, project_id: str, resource: str
) -> None:
    if quotas.require(tx, "network", project_id, {resource: 1}):
        raise CloudError(
            409, f"Quota exceeded for resources: ['{resource}'].", "OverQuota"
        )


def find(
    db: sqlite3.Connection,
    table: Table,
    caller: Token,
    id_: str,
    own: bool = False,
) -> Doc:
    """Find a resource that the caller sees; with ``own``, one it may
    change."""
    noun = table.name.removeprefix("neutron_").removesuffix("s").capitalize()
    row = table.get(db, id_)
    if row is None or not visible(
        {"shared": False, **row}, caller.project_id, caller.is_admin
    ):
        raise CloudError(
            404, f"{noun} {id_} could not be found.", f"{noun}NotFound"
        )
    if own and not caller.is_admin and row["project_id"] != caller.project_id:
        raise _forbidden(f"update_{noun.lower()}")
    return row


def answer(noun: str, shown: Doc, status: int = 200) -> Answer:
    return {noun: fields(shown)}, status


def listed(plural: str, rows: list[Doc]) -> Answer:
    """List resources, with the filters, the order and the page of the
    request."""
    args = flask.request.args
    for name in set(args) - NOT_FILTERS:
        if name == FIXED_IPS:
            held = fixed_ips(args.getlist(name))
            rows = [row for row in rows if _has_address(row, held)]
            continue
        if name == "tags":
            # several in one value: a network has to have them all
            every = ",".join(args.getlist(name)).split(",")
            rows = [row for row in rows if set(every) <= set(row["tags"])]
            continue
        wanted = {text.lower() for text in args.getlist(name)}
        rows = [
            row
            for row in rows
            if name not in row or _text(row[name]) in wanted
        ]
    found, more = web.page(web.sort(rows), plural)
    body: Doc = {plural: [fields(row) for row in found]}
    if more:
        body[f"{plural}_links"] = more
    return body


#: the filter of a list of ports whose values are ``key=value``
FIXED_IPS = "fixed_ips"
#: parameters of a list that are no filters
NOT_FILTERS = frozenset(
    ("limit", "marker", "sort_key", "sort_dir", "fields", "page_reverse")
)


def _text(value: Any) -> str:
    return str(value).lower()


def fixed_ips(asked: Iterable[str]) -> dict[str, list[str]]:
    """Return what the filter of fixed addresses asks for: of several values
    of a key one is enough, and of several keys each has to fit."""
    held: dict[str, list[str]] = {}
    for text in asked:
        key, _, value = text.partition("=")
        held.setdefault(key, []).append(value)
    return held


def _has_address(row: Doc, held: Mapping[str, Sequence[str]]) -> bool:
    return any(
        all(one.get(key) in some for key, some in held.items())
        for one in row.get("fixed_ips", ())
    )


def fields(shown: Doc) -> Doc:
    """Return the part of a resource that the request asks for."""
    wanted = flask.request.args.getlist("fields")
    if not wanted:
        return shown
    return {name: shown[name] for name in wanted if name in shown}
