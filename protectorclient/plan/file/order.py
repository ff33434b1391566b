"""The order of a plan: which waves and groups wait for which others."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from protectorclient.plan.file import model
from protectorclient.plan.file.yaml_marks import YamlDocument


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


def problems(plan: model.Plan, marked: YamlDocument) -> Iterator[str]:
    """Yield a sentence for each contradiction between parts of a plan."""
    yield from _names_of_waves(plan, marked)
    yield from _names_of_groups(plan, marked)
    yield from _circle_of_waves(plan, marked)
    yield from _needs_of_groups(plan, marked)


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
    seen: dict[str, list[tuple[model.Wave, model.Entry]]] = {}
    for number, wave in enumerate(plan.waves):
        for index, entry in enumerate(wave.groups):
            for other_wave, other in seen.get(entry.name, ()):
                if not _apart((wave, entry), (other_wave, other)):
                    at = marked.at(("waves", number, "groups", index))
                    yield f"{at}: {twice(entry.name, other_wave, wave)}"
                    break
            seen.setdefault(entry.name, []).append((wave, entry))


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
    home = {entry.name: wave.name for wave, entry in plan.entries()}
    graph: dict[str, set[str]] = {}
    for number, wave in enumerate(plan.waves):
        for index, entry in enumerate(wave.groups):
            graph.setdefault(entry.name, set()).update(entry.needs)
            for n, name in enumerate(entry.needs):
                at = marked.at(("waves", number, "groups", index, "needs", n))
                where = home.get(name) or _by_pattern(plan, name)
                if where is None:
                    yield f"{at}: no wave has a group '{name}'"
                elif wave.name in before[where]:
                    yield (
                        f"{at}: group '{entry.name}' waits for '{name}' of"
                        f" wave '{where}', which begins after wave"
                        f" '{wave.name}'"
                    )
    circle = _circle(graph)
    if circle:
        yield (
            f"{marked.where}: these groups wait for each other:"
            f" {' -> '.join(circle)}"
        )


def _by_pattern(plan: model.Plan, name: str) -> str | None:
    for wave, entry in plan.entries():
        if entry.is_pattern and fnmatch.fnmatchcase(name, entry.name):
            return wave.name
    return None


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
