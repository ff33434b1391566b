"""Find the groups that the names and patterns of a plan stand for."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from protectorclient.plan.file import model, order
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
                problems.append(f"{_at(entry)}{_missing(wave, entry)}")
            if len(found) > 1 and not entry.is_pattern:
                ids = ", ".join(one.id for one in found)
                problems.append(
                    f"{_at(entry)}wave '{wave.name}': {len(found)} protection"
                    f" groups are called '{entry.name}': {ids}. Name an ID"
                )
            for group in found:
                before = placed.get(group.id)
                if before is not None:
                    said = order.twice(group.name, before.wave, wave)
                    raise PlanProblem(f"{_at(entry)}{said}")
                placed[group.id] = Placement(group, wave, index)
    if len(placed) > order.MOST_GROUPS:
        raise PlanProblem(
            f"the plan has {len(placed)} groups; at most"
            f" {order.MOST_GROUPS} can be in one"
        )
    problems += _needs(waves, list(placed.values()))
    return Resolution(tuple(placed.values()), tuple(problems))


def _at(entry: model.Entry) -> str:
    return f"{entry.place}: " if entry.place else ""


def _missing(wave: model.Wave, entry: model.Entry) -> str:
    if entry.is_pattern:
        return (
            f"wave '{wave.name}': no protection group fits the pattern"
            f" '{entry.name}'"
        )
    return f"wave '{wave.name}': there is no protection group '{entry.name}'"


def _needs(
    waves: Sequence[model.Wave], placed: Sequence[Placement]
) -> Iterator[str]:
    """Yield a sentence for each need that no group of the plan meets.

    :raises PlanProblem: groups wait for each other.
    """
    by_name: dict[str, set[str]] = {}
    for one in placed:
        for name in (one.group.name, one.group.id):
            by_name.setdefault(name, set()).add(one.group.name)
    waiting = []
    for one in placed:
        needed: set[str] = set()
        for need in one.entry.needs:
            found = by_name.get(need, set())
            if model.is_pattern(need):
                found = found | {
                    other.group.name
                    for other in placed
                    if order.meets(need, other.group.name)
                }
            if not found and _is_of_use(need, waves):
                yield (
                    f"{_at(one.entry)}group '{one.group.name}' needs"
                    f" '{need}', and the plan has no such group"
                )
            needed |= found
        waiting.append(
            order.Dependent(
                one.wave.name, one.group.name, one.entry.place, needed
            )
        )
    circle = order.circle_of(waves, waiting)
    if circle is not None:
        raise PlanProblem(circle)


def _is_of_use(need: str, waves: Sequence[model.Wave]) -> bool:
    """Return whether a pattern of this use stands for what is needed.

    What belongs to another use of the plan holds nothing up.
    """
    return any(
        entry.is_pattern
        and (model.is_pattern(need) or order.meets(entry.name, need))
        for wave in waves
        for entry in wave.groups
    )


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
