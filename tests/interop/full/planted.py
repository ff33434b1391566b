"""Differences that are planted at real clouds, and who must find them.

The titles are those of the tables for the sandbox. What is planted there and
not here is in `NOT_PLANTED`, with the reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

SHOP, TILL, GONE, AGAIN = "shop", "till", "gone", "again"
LONELY = "lonely"
APPS, FAR = "apps", "far"
#: the volumes of the till, behind its first
DATA, ARCHIVE, SPARE = "till-1", "till-2", "till-3"


@dataclasses.dataclass(frozen=True)
class Row:
    """A difference: of which member, and in which attribute."""

    title: str
    member: str
    attribute: str
    check: str = "drift"
    #: what is behind the site's name in clouds.yaml of who sees it
    user: str = ""

    @property
    def id(self) -> str:
        return self.title.replace(" ", "-")


def _of_port(network: str, key: str) -> str:
    return f"networks[{network}].{key}"


def _of_volume(volume: str, key: str) -> str:
    return f"volumes[{volume}].{key}"


AT_SOURCE = (
    Row("renamed", SHOP, "instance_name"),
    Row("flavor resized", TILL, "flavor"),
    Row("property set", SHOP, "properties"),
    Row("secret property set", TILL, "properties"),
    Row("security group changed", SHOP, "security_groups"),
    Row("moved to another availability zone", TILL, "availability_zone"),
    Row("tag set", SHOP, "tags"),
    Row("description changed", SHOP, "description"),
    Row("config drive changed", TILL, "config_drive"),
    Row("host name changed", SHOP, "hostname"),
    Row("put into a server group", TILL, "server_group"),
    Row("user data changed", SHOP, "user_data", user="-admin"),
    Row("key pair changed", TILL, "key_pair"),
    Row("locked", SHOP, "locked"),
    Row("stopped", TILL, "power_state", "running"),
    Row("deleted", GONE, "instance_id"),
    Row("deleted and built again", AGAIN, "instance_id"),
    Row("moved to another network", TILL, f"networks[{FAR}]"),
    Row("port attached", TILL, f"networks[{APPS}]"),
    Row("address changed", TILL, _of_port(APPS, "fixed_ip")),
    Row("MAC address changed", SHOP, _of_port(APPS, "mac_address")),
    Row("port security changed", SHOP, _of_port(FAR, "port_security_enabled")),
    Row(
        "allowed address pair added",
        SHOP,
        _of_port(APPS, "allowed_address_pairs"),
    ),
    Row(
        "instance made on its network",
        LONELY,
        "protection_group",
        "neighbours",
    ),
    Row("volume attached", TILL, "volumes[since]"),
    Row("volume detached", TILL, f"volumes[{SPARE}]"),
    Row("volume extended", TILL, _of_volume(DATA, "size")),
    Row("volume retyped", TILL, _of_volume(DATA, "volume_type")),
    Row("volume renamed", TILL, _of_volume(DATA, "name")),
    Row("volume made bootable", TILL, _of_volume(DATA, "bootable")),
    Row("device changed", TILL, _of_volume(ARCHIVE, "device")),
    Row("volume property set", TILL, _of_volume(DATA, "properties")),
    Row(
        "volume made read-only",
        TILL,
        _of_volume(ARCHIVE, "read_only"),
        user="-admin",
    ),
    Row("multiattach changed", TILL, _of_volume(DATA, "multiattach")),
    Row(
        "volume taken out of the consistency group",
        TILL,
        _of_volume(DATA, "consistency_group"),
    ),
)

AT_TARGET = (
    Row("address taken", TILL, _of_port(APPS, "fixed_ip"), "addresses"),
    Row(
        "network of another range",
        TILL,
        _of_port(FAR, "fixed_ip"),
        "addresses",
    ),
    Row(
        "address of the gateway", SHOP, _of_port(APPS, "fixed_ip"), "addresses"
    ),
    Row("security group missing", SHOP, "security_groups", "attributes"),
    Row("availability zone missing", TILL, "availability_zone", "attributes"),
    Row("server group of another policy", SHOP, "server_group", "attributes"),
    Row(
        "volume type without multiattach",
        TILL,
        _of_volume(ARCHIVE, "multiattach"),
        "attributes",
    ),
    Row("key pair of a user", SHOP, "key_pair", "attributes"),
    Row(
        "volume type missing",
        TILL,
        _of_volume(SPARE, "volume_type"),
        "attributes",
    ),
    *(
        Row(f"quota of {resource} too small", "", f"quota.{resource}", check)
        for check, resources in (
            ("quota-compute", ("instances", "cores", "ram")),
            ("quota-storage", ("volumes", "gigabytes")),
            ("quota-network", ("ports",)),
        )
        for resource in resources
    ),
)

IN_DRILL = (
    Row("rebuilt instance missing", GONE, "instance"),
    Row("rebuilt with another name", SHOP, "instance_name"),
    Row("rebuilt with another flavor", TILL, "flavor"),
    Row("rebuilt with a property more", SHOP, "properties"),
    Row("rebuilt with another description", SHOP, "description"),
    Row("rebuilt with a tag more", SHOP, "tags"),
    Row("rebuilt with another host name", SHOP, "hostname"),
    Row("rebuilt locked", SHOP, "locked"),
    Row("rebuilt and stopped", AGAIN, "power_state"),
    Row("rebuilt on another network", TILL, f"networks[{FAR}]"),
    Row("rebuilt with a port more", AGAIN, f"networks[{APPS}]"),
    Row("rebuilt with another address", TILL, _of_port(APPS, "fixed_ip")),
    Row(
        "rebuilt with another MAC address",
        SHOP,
        _of_port(APPS, "mac_address"),
    ),
    Row(
        "rebuilt without port security",
        SHOP,
        _of_port(FAR, "port_security_enabled"),
    ),
    Row(
        "rebuilt with an address pair",
        SHOP,
        _of_port(APPS, "allowed_address_pairs"),
    ),
    Row("rebuilt without a volume", TILL, f"volumes[{SPARE}]"),
    Row("rebuilt volume of another name", TILL, _of_volume(DATA, "name")),
    Row("rebuilt volume of another size", TILL, _of_volume(DATA, "size")),
    Row(
        "rebuilt volume of another type",
        TILL,
        _of_volume(DATA, "volume_type"),
    ),
    Row("rebuilt volume that boots", TILL, _of_volume(DATA, "bootable")),
    Row(
        "rebuilt volume with a property",
        TILL,
        _of_volume(DATA, "properties"),
    ),
    Row(
        "rebuilt volume that can only be read",
        TILL,
        _of_volume(ARCHIVE, "read_only"),
        user="-admin",
    ),
    Row(
        "rebuilt volume for several instances",
        TILL,
        _of_volume(DATA, "multiattach"),
    ),
)

NOT_PLANTED: Mapping[str, str] = {
    "image missing": (
        "There is no real Glance: both regions have the emulated one."
    ),
    "rebuilt with a config drive": (
        "Nova gives an instance its config drive when it is made."
    ),
    "rebuilt with a key pair": (
        "Nova gives an instance another key pair only with another image."
    ),
}


def every() -> Iterator[Row]:
    """Return all that is planted."""
    yield from (*AT_SOURCE, *AT_TARGET, *IN_DRILL)
