"""Write a first plan from the groups that are protected."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.mapping.files import MappingFile
from protectorclient.preflight import run as checks
from protectorclient.preflight.context import Context
from protectorclient.preflight.findings import Skip
from protectorclient.preflight.resources import KINDS

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.protection_group import ProtectionGroup

_HEAD = """\
# A recovery plan: waves begin one after the other, the groups of a wave
# move side by side. Edit the order; then: protector plan check FILE
"""
#: The checks that read what the instances of a group use.
_CHECKS = ("networks", "flavors")


def suggest(
    pair: SitePair, groups: Iterable[ProtectionGroup]
) -> tuple[MappingFile, list[str]]:
    """Suggest the mappings of a plan, by names, address ranges and sizes.

    What has the same name at both sites needs no mapping.

    :returns: the mappings, and a sentence for each network or flavor that
        nothing fits, and for each group that could not be read.
    """
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    left: dict[str, None] = {}

    def note(context: Context) -> None:
        for kind in KINDS:
            try:
                suggestions = context.resources.suggestions(kind)
            except (Skip, exceptions.ProtectorError) as error:
                left[f"{context.group.name}: {error}"] = None
                return
            for one in suggestions:
                source = one.source.name or one.source.id
                if one.target is None:
                    left[f"{kind} {source}: {one.ground}"] = None
                    continue
                target = one.target.name or one.target.id
                if source != target:
                    found[kind].setdefault(source, target)

    sides = checks.open_sites(pair)
    for group in groups:
        try:
            checks.run_checks(
                pair, group.id, only=_CHECKS, sides=sides, seen=note
            )
        except exceptions.ProtectorError as error:
            left[f"{group.name}: {error}"] = None
    return MappingFile(found["network"], found["flavor"]), list(left)


def draft(
    name: str,
    groups: Sequence[ProtectionGroup],
    mapping: MappingFile | None = None,
    left: Iterable[str] = (),
) -> str:
    """Return the text of a plan with all groups in one wave.

    :param mapping: the mappings of the plan, where some are known.
    :param left: sentences about what is not mapped; comments of the file.
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
    shared = collections.Counter(one.name for one in groups)
    body["waves"] = [
        {
            "name": "wave-1",
            "groups": sorted(
                one.name if shared[one.name] == 1 else one.id for one in groups
            ),
        }
    ]
    text: str = yaml.safe_dump(
        body, sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    missing = "".join(
        f"# not mapped: {' '.join(one.split())}\n" for one in left
    )
    return _HEAD + missing + text
