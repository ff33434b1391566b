"""The values that each key of a cloud's entry takes."""

from __future__ import annotations

import datetime
import math
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

#: The most characters between two dots of a host's name.
_LONGEST_LABEL = 63
INTERFACES = ("public", "internal", "admin")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_switch(value: Any) -> bool:
    words = ("true", "false", "yes", "no", "on", "off", "1", "0")
    return isinstance(value, bool | int) or (
        isinstance(value, str) and value.lower() in words
    )


def _is_seconds(value: Any) -> bool:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return math.isfinite(seconds) and seconds > 0


def _is_not_second(value: Any) -> bool:
    # the token of Keystone's v2.0 has no such catalog, and no domains
    return not str(value).startswith("2")


def _is_names(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(is_plain, value))
    return value is not None and is_plain(value)


def _is_interface(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(
        isinstance(name, str) and name.removesuffix("URL") in INTERFACES
        for name in names
    )


def _are_regions(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(region, str)
        or (
            isinstance(region, dict)
            and isinstance(region.get("name"), str)
            and set(region) <= {"name", "values"}
            and isinstance(region.get("values", {}), dict)
        )
        for region in value
    )


def _are_networks(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(network, dict) and network.get("name") for network in value
    )


def is_address(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urllib.parse.urlsplit(value)
        # the port is read to be checked
        return (
            parts.scheme in ("http", "https")
            and not any(map(_is_no_url, value))
            and _is_host(parts.hostname or "")
            and parts.port != 0
        )
    except ValueError:
        return False


def _is_no_url(character: str) -> bool:
    return character.isspace() or not character.isprintable()


def _is_host(name: str) -> bool:
    """Return whether a name can be looked up; a number passes.

    :raises ValueError: it cannot even be written down for that.
    """
    name = name.removesuffix(".")
    labels = name.split(".") if ":" not in name else [name]
    if all(map(str.isascii, labels)):
        return all(0 < len(label) <= _LONGEST_LABEL for label in labels)
    return bool(name.encode("idna"))


Check = Callable[[Any], bool]
ADDRESS = (is_address, "a URL such as https://keystone.example.com:5000/v3")
_SWITCH = (_is_switch, "true or false")
_FILE = (_is_text, "the path of a file")
_NAME = (_is_text, "the name of another entry of the file")
#: What an entry of a cloud may hold, where it matters to us.
KEYS: Mapping[str, tuple[Check, str]] = {
    "auth": (
        lambda value: isinstance(value, dict),
        "a mapping with auth_url, username, password and project_name",
    ),
    "auth_type": (_is_text, "the name of a plugin such as password"),
    "auth_plugin": (_is_text, "the name of a plugin such as password"),
    "profile": (_is_text, "the name of a vendor's profile"),
    "cloud": (_is_text, "the name of a vendor's profile"),
    "region_name": (_is_names, "the name of a region"),
    "regions": (_are_regions, "a list of names of regions"),
    "interface": (_is_interface, f"one of {', '.join(INTERFACES)}"),
    "endpoint_type": (_is_interface, f"one of {', '.join(INTERFACES)}"),
    "verify": _SWITCH,
    "insecure": _SWITCH,
    "cacert": _FILE,
    "cert": _FILE,
    "key": _FILE,
    "identity_api_version": (_is_not_second, "3, or leave it out"),
    "api_timeout": (_is_seconds, "a number of seconds"),
    "networks": (_are_networks, "a list of mappings, each with a name"),
    "protector_secondary_cloud": _NAME,
    "protector_endpoint_override": ADDRESS,
    "identity_endpoint_override": ADDRESS,
    "network_endpoint_override": ADDRESS,
    "compute_endpoint_override": ADDRESS,
    "block_storage_endpoint_override": ADDRESS,
}
_PART = (lambda value: isinstance(value, dict), "a mapping")
#: The same for what stands beside the clouds, by section and key.
SECTIONS: Mapping[str, Mapping[str, tuple[Check, str]]] = {
    "cache": {"auth": _SWITCH},
    "client": {},
    "metrics": {"statsd": _PART, "influxdb": _PART, "prometheus": _PART},
}
#: The keys of 'auth' that Keystone takes as text alone: YAML makes a number
#: of 007, and true of yes. openstack.config turns the others into text.
TEXTS = frozenset(
    {
        "username",
        "user_id",
        "password",
        "passcode",
        "token",
        "application_credential_id",
        "application_credential_name",
        "application_credential_secret",
    }
)
#: The keys whose files must be there.
PATHS = ("cacert", "cert", "key")


def kind(value: Any) -> str:
    if value is None:
        return "empty"
    names = {list: "a list", dict: "a mapping", bool: "true or false"}
    for one, name in names.items():
        if isinstance(value, one):
            return name
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, datetime.date):
        return "a date"
    return "neither text nor number"


def shown(value: Any, key: str = "") -> str:
    """Return a value for a message, where it cannot be secret."""
    if key == "auth":
        return kind(value)
    if isinstance(value, str):
        return f"'{value}'" if value else "empty"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return kind(value)
