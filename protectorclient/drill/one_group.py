"""The plan of a drill of one group."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.plan.file import load
from protectorclient.plan.file.resolve import Placement

if TYPE_CHECKING:
    from protectorclient.mapping.files import MappingFile
    from protectorclient.plan.file.model import Plan
    from protectorclient.records.protection_group import ProtectionGroup


@dataclasses.dataclass(frozen=True)
class Mappings:
    """The mappings of a drill of one group, names or ids."""

    networks: Mapping[str, str]
    flavors: Mapping[str, str]
    file: MappingFile | None = None

    def __bool__(self) -> bool:
        return bool(self.networks or self.flavors or self.file)

    def to_dict(self) -> dict[str, Any]:
        """As a plan has them."""
        file = self.file
        found = {
            "networks": {**(file.networks if file else {}), **self.networks},
            "flavors": {**(file.flavors if file else {}), **self.flavors},
            "test_networks": {
                **(file.test_networks if file else {}),
                **(self.networks if file and file.test_networks else {}),
            },
        }
        return {key: value for key, value in found.items() if value}


def of_group(group: ProtectionGroup, mappings: Mappings) -> Plan:
    """Make the plan of a drill of a group."""
    body: dict[str, Any] = {
        "name": group.name,
        "waves": [{"name": "drill", "groups": [group.id]}],
    }
    if mappings:
        body["mappings"] = mappings.to_dict()
    return load.parse(json.dumps(body), f"the drill of {group.name}")


def of_placement(plan: Plan, place: Placement) -> Plan:
    """Make the plan of a drill of one group of a plan.

    It has the mappings, probes, commands and hooks that the group has in
    the plan; gates and needs are those of all groups together.
    """
    import yaml  # type: ignore[import-untyped]

    body = yaml.safe_load(plan.text)
    wave = next(one for one in body["waves"] if one["name"] == place.wave.name)
    entry = next(
        one
        for one in wave["groups"]
        if (one if isinstance(one, str) else one["name"]) == place.entry.name
    )
    if isinstance(entry, str):
        entry = {}
    entry = {
        key: value for key, value in entry.items() if key not in ("needs",)
    }
    kept = ("critical", "mappings", "probes", "verify", "hooks", "timeout")
    body["waves"] = [
        {
            "name": place.wave.name,
            **{key: wave[key] for key in kept if key in wave},
            "groups": [{**entry, "name": place.group.id}],
        }
    ]
    body["name"] = place.group.name
    for key in ("timeout", "drills", "description"):
        body.pop(key, None)
    return load.parse(
        json.dumps(body, default=str),
        f"the drill of {place.group.name}",
        None,
        dict(plan.files),
    )
