"""Find the groups that the names and patterns of a plan stand for."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Sequence
from typing import TYPE_CHECKING

from protectorclient.plan.file import load, model, order
from protectorclient.plan.file.problem import PlanProblem

if TYPE_CHECKING:
    from protectorclient.records.protection_group import ProtectionGroup


@dataclasses.dataclass(frozen=True)
class Placement:
    """A group, and its place in a plan."""

    group: ProtectionGroup
    wave: model.Wave
    #: The index of the entry in the wave.
    index: int

    @property
    def entry(self) -> model.Entry:
        """Return the entry that the group belongs to."""
        return self.wave.groups[self.index]


@dataclasses.dataclass(frozen=True)
class Resolution:
    """The groups of a plan, in order, and what no group fits."""

    placed: tuple[Placement, ...]
    #: Sentences: names and patterns without a group.
    problems: tuple[str, ...]


def resolve(
    waves: Sequence[model.Wave], known: Sequence[ProtectionGroup]
) -> Resolution:
    """Put groups in their places.

    :param waves: of one use of the plan.
    :param known: the groups of the pair.
    :raises PlanProblem: a group is in two places, or there are too many.
    """
    by_name: dict[str, list[ProtectionGroup]] = {}
    for group in known:
        by_name.setdefault(group.name, []).append(group)
        by_name.setdefault(group.id, []).append(group)
    placed: dict[str, Placement] = {}
    problems = []
    for wave in waves:
        for index, entry in enumerate(wave.groups):
            found = _of(entry, by_name, known)
            if not found:
                what = "pattern" if entry.is_pattern else "group"
                problems.append(
                    f"wave '{wave.name}': no protection group fits the"
                    f" pattern '{entry.name}'"
                    if entry.is_pattern
                    else f"wave '{wave.name}': there is no protection {what}"
                    f" '{entry.name}'"
                )
            for group in found:
                before = placed.get(group.id)
                if before is not None:
                    raise PlanProblem(
                        order.twice(group.name, before.wave, wave)
                    )
                placed[group.id] = Placement(group, wave, index)
    if len(placed) > load.MOST_GROUPS:
        raise PlanProblem(
            f"the plan has {len(placed)} groups; at most"
            f" {load.MOST_GROUPS} can be in one"
        )
    return Resolution(tuple(placed.values()), tuple(problems))


def _of(
    entry: model.Entry,
    by_name: dict[str, list[ProtectionGroup]],
    known: Sequence[ProtectionGroup],
) -> list[ProtectionGroup]:
    if entry.name in by_name:
        return list({one.id: one for one in by_name[entry.name]}.values())
    if not entry.is_pattern:
        return []
    return [one for one in known if fnmatch.fnmatchcase(one.name, entry.name)]
