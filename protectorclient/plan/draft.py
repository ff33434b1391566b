"""Write a first plan from the groups that are protected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.mapping.files import MappingFile

if TYPE_CHECKING:
    from protectorclient.records.protection_group import ProtectionGroup

_HEAD = """\
# A recovery plan: waves begin one after the other, the groups of a wave
# move side by side. Edit the order; then: protector plan check FILE
"""


def draft(
    name: str,
    groups: Iterable[ProtectionGroup],
    mapping: MappingFile | None = None,
) -> str:
    """Return the text of a plan with all groups in one wave.

    :param mapping: the mappings of the plan, where some are known.
    """
    import yaml  # type: ignore[import-untyped]

    body: dict[str, Any] = {"name": name, "parallel": 4, "on_failure": "stop"}
    if mapping is not None:
        parts: dict[str, Mapping[str, str]] = {
            "networks": dict(mapping.networks),
            "flavors": dict(mapping.flavors),
        }
        given = {key: value for key, value in parts.items() if value}
        if given:
            body["mappings"] = given
    body["waves"] = [
        {"name": "wave-1", "groups": sorted(one.name for one in groups)}
    ]
    text: str = yaml.safe_dump(
        body, sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    return _HEAD + text
