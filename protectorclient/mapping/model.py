"""Mappings: what takes whose place at the other site.

A mapping is written ``SOURCE=TARGET``, with names or ids. Each half is
looked up at its own site, so that what is sent holds ids only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from protectorclient import exceptions


@dataclasses.dataclass(frozen=True)
class Thing:
    """A network, flavor or volume type: what a mapping speaks of."""

    id: str
    name: str


@dataclasses.dataclass(frozen=True)
class Mapped:
    """One line of a mapping, both halves found."""

    source: Thing
    target: Thing


@dataclasses.dataclass(frozen=True)
class Resolved:
    """A mapping with its halves looked up."""

    #: What is used, in the order it was given.
    lines: tuple[Mapped, ...] = ()
    #: What was left out, and why, as sentences for people.
    warnings: tuple[str, ...] = ()

    def ids(self) -> dict[str, str]:
        """What is sent."""
        return {line.source.id: line.target.id for line in self.lines}

    def names(self) -> dict[str, str]:
        """What people read."""
        return {line.source.name: line.target.name for line in self.lines}


def parse(lines: Iterable[str], what: str = "mapping") -> dict[str, str]:
    """Read ``SOURCE=TARGET`` lines.

    :raises MappingProblem: no ``=``, an empty half, or a source twice.
    """
    found: dict[str, str] = {}
    for line in lines:
        source, equals, target = line.partition("=")
        source, target = source.strip(), target.strip()
        if not equals or not source or not target:
            raise exceptions.MappingProblem(
                f"'{line}' is not a {what} of the form SOURCE=TARGET"
            )
        if source in found:
            raise exceptions.MappingProblem(
                f"'{source}' is mapped twice, to '{found[source]}' and to"
                f" '{target}'"
            )
        found[source] = target
    return found


def pick(
    things: Sequence[Thing], wanted: str, *, what: str, site: str | None
) -> Thing:
    """The one thing of an id or exact name.

    :raises NotFound: there is none.
    :raises NotUnique: several have the name.
    """
    for thing in things:
        if thing.id == wanted:
            return thing
    named = [thing for thing in things if thing.name == wanted]
    if not named:
        raise exceptions.NotFound(
            f"no {what} has the name or id '{wanted}'", site=site
        )
    if len(named) > 1:
        ids = [thing.id for thing in named]
        raise exceptions.NotUnique(
            f"{len(named)} {what}s are named '{wanted}':"
            f" {', '.join(ids)}; use the id",
            ids=ids,
            site=site,
        )
    return named[0]


def resolve(
    given: Mapping[str, str] | None,
    *,
    source: Callable[[str], Thing | None],
    target: Callable[[str], Thing],
    used: Sequence[Thing],
    what: str,
) -> Resolved:
    """Look up both halves of every line.

    :param source: finds the left half; None for what cannot be in use.
    :param target: finds the right half.
    :param used: what the group uses; other sources are left out with a
        warning. Where the service does not tell, nothing is left out.
    :raises MappingProblem: two sources turn out to be the same thing.
    """
    lines: dict[str, Mapped] = {}
    warnings = []
    for left, right in (given or {}).items():
        thing = source(left)
        other = target(right)
        if thing is None or not is_used(thing, used):
            warnings.append(
                f"{what} '{left}' is not used by the group: its mapping is"
                " left out"
            )
        elif thing.id in lines:
            raise exceptions.MappingProblem(
                f"{what} '{left}' is mapped twice: it is {thing.id}, which"
                f" is mapped to '{lines[thing.id].target.name}' already"
            )
        else:
            lines[thing.id] = Mapped(thing, other)
    return Resolved(tuple(lines.values()), tuple(warnings))


def over(layers: Iterable[Resolved]) -> Resolved:
    """Several mappings as one: of two lines for a source the later."""
    lines: dict[str, Mapped] = {}
    warnings: list[str] = []
    for layer in layers:
        lines.update((line.source.id, line) for line in layer.lines)
        warnings += layer.warnings
    return Resolved(tuple(lines.values()), tuple(dict.fromkeys(warnings)))


def is_used(thing: Thing, used: Sequence[Thing]) -> bool:
    """Whether a thing is among those in use.

    Compared by id; by name with those whose id is not told. Where
    nothing is told, everything may be in use.
    """
    return not used or any(
        thing.id == other.id if other.id else thing.name == other.name
        for other in used
    )


def unmatched(
    used: Iterable[Thing],
    mapping: Mapping[str, str],
    targets: Iterable[Thing],
) -> tuple[Thing, ...]:
    """What is in use and neither mapped nor there by the same name."""
    names = {thing.name for thing in targets}
    return tuple(
        thing
        for thing in used
        if thing.id not in mapping
        and thing.name not in mapping
        and thing.name not in names
    )


def reverse(mapping: Mapping[str, str]) -> dict[str, str]:
    """The way back.

    :raises MappingProblem: two sources share a target, named.
    """
    found: dict[str, str] = {}
    for source, target in mapping.items():
        if target in found:
            raise exceptions.MappingProblem(
                f"cannot be reversed: '{found[target]}' and '{source}' are"
                f" both mapped to '{target}'"
            )
        found[target] = source
    return found
