"""What a request to create or change a server may carry, by microversion."""

import base64
import binascii
import functools
from collections.abc import Mapping

import flask

from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import CloudError

#: what Nova takes of user data, characters of base64
MOST_USER_DATA = 65535
MOST_TAGS = 50

NAME: Doc = {"type": "string", "pattern": r"\S", "maxLength": 255}
_ID: Doc = {"type": "string", "minLength": 1, "maxLength": 64}
_TEXT: Doc = {"type": ["string", "null"], "maxLength": 255}
_BOOLEAN: Doc = {
    "anyOf": [
        {"type": "boolean"},
        {
            "type": "string",
            "pattern": "^([Tt]rue|TRUE|[Ff]alse|FALSE|[01]|[Oo]n|[Oo]ff"
            "|[Yy]es|[Nn]o)$",
        },
    ]
}
_TRUE = ("true", "1", "on", "yes")
TAG: Doc = {
    "type": "string",
    "minLength": 1,
    "maxLength": 60,
    "pattern": "^[^,/]*$",
}
METADATA: Doc = {
    "type": ["object", "null"],
    "propertyNames": {"minLength": 1, "maxLength": 255},
    "additionalProperties": {"type": "string", "maxLength": 255},
}
_HOSTNAME: Doc = {
    "type": "string",
    "minLength": 1,
    "maxLength": 63,
    "pattern": "^[a-zA-Z0-9-]+$",
}
_FQDN: Doc = {**_HOSTNAME, "maxLength": 255, "pattern": "^[a-zA-Z0-9.-]+$"}
_DEVICE: Doc = {
    "type": "object",
    "properties": {
        "uuid": _ID,
        "source_type": {"enum": ["volume", "image", "snapshot", "blank"]},
        "destination_type": {"enum": ["volume", "local"]},
        "boot_index": {
            "anyOf": [
                {"type": "null"},
                {"type": "integer", "minimum": -1, "maximum": 64},
                {"type": "string", "pattern": "^(-1|[0-9]{1,2})$"},
            ]
        },
        "device_name": {"type": ["string", "null"], "maxLength": 255},
        "delete_on_termination": {"type": "boolean"},
    },
}
_NETWORK: Doc = {
    "type": "object",
    "properties": {
        "uuid": _ID,
        "fixed_ip": {"type": ["string", "null"], "maxLength": 64},
        "port": {"type": ["string", "null"], "maxLength": 64},
        "tag": {"type": "string"},
    },
    "additionalProperties": False,
}
_CREATED: Mapping[str, Doc] = {
    "name": NAME,
    "flavorRef": {"type": ["string", "integer"], "maxLength": 255},
    "imageRef": {"type": ["string", "null"]},
    "metadata": METADATA,
    "networks": {
        "anyOf": [
            {"enum": ["auto", "none", None]},
            {"type": "array", "items": _NETWORK},
        ]
    },
    "block_device_mapping_v2": {"type": "array", "items": _DEVICE},
    "min_count": {"enum": [1, "1", None]},
    "max_count": {"enum": [1, "1", None]},
    "OS-DCF:diskConfig": {},
    "accessIPv4": {},
    "accessIPv6": {},
    "adminPass": {"type": "string"},
    "availability_zone": NAME,
    "config_drive": _BOOLEAN,
    "key_name": NAME,
    "security_groups": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"name": NAME},
            "additionalProperties": False,
        },
    },
    "user_data": {"type": "string", "maxLength": MOST_USER_DATA},
}
#: what a microversion added to a creation
_CREATED_SINCE: Mapping[int, Mapping[str, Doc]] = {
    19: {"description": _TEXT},
    52: {"tags": {"type": "array", "items": TAG, "maxItems": MOST_TAGS}},
    74: {"host": NAME, "hypervisor_hostname": NAME},
    90: {"hostname": _HOSTNAME},
    94: {"hostname": _FQDN},
}
_UPDATED: Mapping[str, Doc] = {
    "name": NAME,
    "OS-DCF:diskConfig": {"enum": ["AUTO", "MANUAL"]},
    "accessIPv4": {},
    "accessIPv6": {},
}
_UPDATED_SINCE: Mapping[int, Mapping[str, Doc]] = {
    19: {"description": _TEXT},
    90: {"hostname": _HOSTNAME},
    94: {"hostname": _FQDN},
}
_HINTS: Doc = {
    "type": "object",
    "properties": {
        "group": {
            "anyOf": [_ID, {"type": "array", "items": _ID, "maxItems": 1}]
        }
    },
}


def _known(
    first: Mapping[str, Doc],
    since: Mapping[int, Mapping[str, Doc]],
    minor: int,
) -> Doc:
    known = dict(first)
    for added, more in since.items():
        if minor >= added:
            known |= more
    return known


@functools.cache
def _create(minor: int) -> web.Validator:
    required = ["name", "flavorRef"] + (["networks"] if minor >= 37 else [])
    return web.validator(
        {
            "type": "object",
            "required": ["server"],
            "properties": {
                "server": {
                    "type": "object",
                    "required": required,
                    "properties": _known(_CREATED, _CREATED_SINCE, minor),
                    "additionalProperties": False,
                },
                "os:scheduler_hints": _HINTS,
                "OS-SCH-HNT:scheduler_hints": _HINTS,
            },
            "additionalProperties": False,
        }
    )


@functools.cache
def _update(minor: int) -> web.Validator:
    return web.validator(
        {
            "type": "object",
            "required": ["server"],
            "properties": {
                "server": {
                    "type": "object",
                    "properties": _known(_UPDATED, _UPDATED_SINCE, minor),
                    "minProperties": 1,
                    "additionalProperties": False,
                }
            },
        }
    )


def created() -> tuple[Doc, Doc]:
    """Return the server of a creation, and its hints for the scheduler."""
    found = web.body(_create(flask.g.microversion[1]))
    given: Doc = found["server"]
    if text := given.get("user_data"):
        _require_base64(text)
    given["config_drive"] = is_on(given.get("config_drive"))
    hints = (
        found.get("os:scheduler_hints")
        or found.get("OS-SCH-HNT:scheduler_hints")
        or {}
    )
    return given, hints


def updated() -> Doc:
    """Return what an update of a server changes."""
    found: Doc = web.body(_update(flask.g.microversion[1]))["server"]
    return {
        name: found[name]
        for name in ("name", "description", "hostname")
        if name in found
    }


def is_on(value: object) -> bool:
    """Return a flag that may be written as a word."""
    return str(value).lower() in _TRUE


def _require_base64(text: str) -> None:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        raise CloudError(
            400,
            "Invalid input for field/attribute user_data. "
            f"Value: {text[:60]}. {text[:60]!r} is not a 'base64'",
        ) from None
