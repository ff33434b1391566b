"""The order of a plan: which waves and groups wait for which others."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from protectorclient.plan.file import model
from protectorclient.plan.file.yaml_marks import YamlDocument

#: Groups that a plan may have, those that patterns find included.
MOST_GROUPS = 2000


def needs_of(waves: Sequence[model.Wave], number: int) -> tuple[str, ...]:
    """Return the names of the waves that must be over before one begins.

    A wave that names none waits for the wave above it. One that is named
    and does not belong to this use of the plan holds nothing up.
    """
    wave = waves[number]
    if wave.needs is None:
        return (waves[number - 1].name,) if number else ()
    present = {one.name for one in waves}
    return tuple(name for name in wave.needs if name in present)


def meets(need: str, name: str, group_id: str | None = None) -> bool:
    """Return whether a group is one that ``needs`` of another group names.

    :param need: a name, an id or a pattern.
    """
    return need in (name, group_id) or fnmatch.fnmatchcase(name, need)


def problems(plan: model.Plan, marked: YamlDocument) -> Iterator[str]:
    """Yield a sentence for each contradiction between parts of a plan."""
    found = [
        *_names_of_waves(plan, marked),
        *_names_of_groups(plan, marked),
        *_circle_of_waves(plan, marked),
        *_needs_of_groups(plan, marked),
    ]
    yield from found or _circles_of_uses(plan)


def _names_of_waves(plan: model.Plan, marked: YamlDocument) -> Iterator[str]:
    seen: set[str] = set()
    names = {wave.name for wave in plan.waves}
    for number, wave in enumerate(plan.waves):
        path = ("waves", number)
        if wave.name in seen:
            yield (
                f"{marked.at((*path, 'name'))}: two waves are called"
                f" '{wave.name}'"
            )
        seen.add(wave.name)
        for index, name in enumerate(wave.needs or ()):
            if name not in names:
                yield (
                    f"{marked.at((*path, 'needs', index))}: there is no wave"
                    f" '{name}'"
                )


def _names_of_groups(plan: model.Plan, marked: YamlDocument) -> Iterator[str]:
    every = [
        (marked.at(("waves", number, "groups", index)), wave, entry)
        for number, wave in enumerate(plan.waves)
        for index, entry in enumerate(wave.groups)
    ]
    if len(every) > MOST_GROUPS:
        yield (
            f"{every[MOST_GROUPS][0]}: the plan has {len(every)} groups; at"
            f" most {MOST_GROUPS} can be in one"
        )
        return
    patterns = [one for one in every if one[2].is_pattern]
    seen: dict[str, list[tuple[model.Wave, model.Entry]]] = {}
    for at, wave, entry in every:
        before = seen.setdefault(entry.name, [])
        others = [
            *before,
            *(
                (other_wave, other)
                for _, other_wave, other in patterns
                if not entry.is_pattern
                and fnmatch.fnmatchcase(entry.name, other.name)
            ),
        ]
        for other_wave, other in others:
            if not _apart((wave, entry), (other_wave, other)):
                first, last = sorted((other_wave, wave), key=plan.waves.index)
                yield f"{at}: {twice(entry.name, first, last)}"
                break
        before.append((wave, entry))


def twice(group: str, first: model.Wave, second: model.Wave) -> str:
    """Say that two waves hold one group."""
    if first.name == second.name:
        return f"group '{group}' occurs twice in wave '{first.name}'"
    return f"group '{group}' is in two waves: '{first.name}', '{second.name}'"


def _apart(
    one: tuple[model.Wave, model.Entry], other: tuple[model.Wave, model.Entry]
) -> bool:
    """Return whether no use of the plan has both entries."""
    return not _uses(*one) & _uses(*other)


def _uses(wave: model.Wave, entry: model.Entry) -> set[str]:
    every = set(model.USES.values())
    return (set(wave.only) or every) & (set(entry.only) or every)


def _circle_of_waves(plan: model.Plan, marked: YamlDocument) -> Iterator[str]:
    if len({wave.name for wave in plan.waves}) < len(plan.waves):
        return
    graph = {
        wave.name: set(needs_of(plan.waves, number))
        for number, wave in enumerate(plan.waves)
    }
    circle = _circle(graph)
    if circle:
        number = next(
            n for n, one in enumerate(plan.waves) if one.name == circle[0]
        )
        yield (
            f"{marked.at(('waves', number, 'needs'))}: these waves wait for"
            f" each other: {' -> '.join(circle)}"
        )


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # each waits for the one after it
        return list(reversed(error.args[1]))
    return []


def _needs_of_groups(plan: model.Plan, marked: YamlDocument) -> Iterator[str]:
    before = _before(plan)
    index = _Index(plan.waves)
    graph: dict[str, set[str]] = {}
    for number, wave in enumerate(plan.waves):
        for place, entry in enumerate(wave.groups):
            graph.setdefault(entry.name, set())
            for n, need in enumerate(entry.needs):
                at = marked.at(("waves", number, "groups", place, "needs", n))
                homes = index.of(need)
                if not homes and not index.may_fit(need):
                    yield f"{at}: no wave has a group '{need}'"
                for home, one in homes:
                    graph[entry.name].add(one.name)
                    if wave.name in before[home]:
                        yield (
                            f"{at}: group '{entry.name}' waits for '{need}'"
                            f" of wave '{home}', which begins after wave"
                            f" '{wave.name}'"
                        )
    circle = _circle(graph)
    if circle:
        place_of = {one.name: one.place for _, one in plan.entries()}
        yield (
            f"{place_of[circle[0]]}: these groups wait for each other:"
            f" {' -> '.join(circle)}"
        )


class _Index:
    """The entries of waves, by what ``needs`` may call them."""

    def __init__(self, waves: Sequence[model.Wave]) -> None:
        self._every = [
            (wave.name, entry) for wave in waves for entry in wave.groups
        ]
        self._patterns = [one for one in self._every if one[1].is_pattern]
        self._named: dict[str, list[tuple[str, model.Entry]]] = {}
        for one in self._every:
            self._named.setdefault(one[1].name, []).append(one)

    def of(self, need: str) -> list[tuple[str, model.Entry]]:
        """Return the entries that are, or may have, what is needed; each
        with the name of its wave."""
        found = list(self._named.get(need, ()))
        found += [
            one
            for one in self._patterns
            if one[1].name != need and fnmatch.fnmatchcase(need, one[1].name)
        ]
        if model.is_pattern(need):
            found += [
                one
                for one in self._every
                if one not in found and fnmatch.fnmatchcase(one[1].name, need)
            ]
        return found

    def may_fit(self, need: str) -> bool:
        """Return whether two patterns may stand for one group: only the
        groups of the sites say it."""
        return bool(self._patterns) and model.is_pattern(need)


def _circles_of_uses(plan: model.Plan) -> Iterator[str]:
    """Yield a sentence for a use in which waves and groups wait for each
    other."""
    for use in model.USES.values():
        waves = plan.of_use(use)
        index = _Index(waves)
        circle = circle_of(
            waves,
            [
                Dependent(
                    wave.name,
                    entry.name,
                    entry.place,
                    {
                        one.name
                        for need in entry.needs
                        for _, one in index.of(need)
                    },
                )
                for wave in waves
                for entry in wave.groups
            ],
        )
        if circle is not None:
            yield circle
            return


@dataclasses.dataclass(frozen=True)
class Dependent:
    """A group, and the groups that it waits for."""

    wave: str
    name: str
    #: File, line and column.
    place: str
    #: Names.
    needs: Collection[str]


def circle_of(
    waves: Sequence[model.Wave], groups: Sequence[Dependent]
) -> str | None:
    """Find waves and groups that wait for each other.

    :param waves: of one use of a plan.
    :returns: a sentence; None where each can begin at some time.
    """
    graph: dict[str, set[str]] = {}
    places: dict[str, str] = {}
    for number, wave in enumerate(waves):
        begin, end = f"wave '{wave.name}'", f"the end of wave '{wave.name}'"
        graph[begin] = {
            f"the end of wave '{name}'" for name in needs_of(waves, number)
        }
        graph[end] = {begin}
        places[begin] = wave.place
    for one in groups:
        node = f"group '{one.name}'"
        places[node] = one.place
        graph[f"the end of wave '{one.wave}'"].add(node)
        graph[node] = {f"wave '{one.wave}'"}
        graph[node] |= {f"group '{name}'" for name in one.needs}
    circle = _circle(graph)
    if not circle:
        return None
    place = next((places[one] for one in circle if one in places), "")
    where = f"{place}: " if place else ""
    return f"{where}these wait for each other: {' -> '.join(circle)}"


def _before(plan: model.Plan) -> dict[str, set[str]]:
    """Return for each wave the names of all that must be over before."""
    direct = {
        wave.name: needs_of(plan.waves, number)
        for number, wave in enumerate(plan.waves)
    }
    found: dict[str, set[str]] = {}
    for name in direct:
        waiting, seen = list(direct[name]), set()
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += direct.get(one, ())
        found[name] = seen
    return found
