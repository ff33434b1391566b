"""Read mappings, and look their names up at both sites.

A mapping is written ``SOURCE=TARGET``, with names or ids. Each half is
looked up at its own site, so that what is sent holds ids only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from protectorclient import exceptions


@dataclasses.dataclass(frozen=True)
class Resource:
    """A network, flavor or volume type."""

    id: str
    name: str


#: The tag of a network that was made for a drill; the id of the operation
#: follows.
DRILL_TAG = "protector-drill="


def drill_of(network: Mapping[str, object]) -> str | None:
    """Return the operation that a network was made for, by its tag."""
    tags = network.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith(DRILL_TAG):
            return tag[len(DRILL_TAG) :]
    return None


@dataclasses.dataclass(frozen=True)
class MappingLine:
    """One line of a mapping, with both resources found."""

    source: Resource
    target: Resource


@dataclasses.dataclass(frozen=True)
class ResolvedMapping:
    """A mapping with the names of both sites looked up."""

    #: What is used, in the order it was given.
    lines: tuple[MappingLine, ...] = ()
    #: What was left out, and why, as sentences for people.
    warnings: tuple[str, ...] = ()

    def ids(self) -> dict[str, str]:
        """Return the mapping as it is sent: ids to ids."""
        return {line.source.id: line.target.id for line in self.lines}

    def names(self) -> dict[str, str]:
        """Return the mapping for people: names to names."""
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
    things: Sequence[Resource], wanted: str, *, what: str, site: str | None
) -> Resource:
    """Return the one resource with an id or exact name.

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
    source: Callable[[str], Resource | None],
    target: Callable[[str], Resource],
    used: Sequence[Resource],
    what: str,
) -> ResolvedMapping:
    """Look up both halves of every line.

    :param source: finds the left half; None for what cannot be in use.
    :param target: finds the right half.
    :param used: what the group uses; other sources are left out with a
        warning. Where it is empty, nothing is left out.
    :raises MappingProblem: two sources are the same resource.
    """
    lines: dict[str, MappingLine] = {}
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
            lines[thing.id] = MappingLine(thing, other)
    return ResolvedMapping(tuple(lines.values()), tuple(warnings))


def merge(layers: Iterable[ResolvedMapping]) -> ResolvedMapping:
    """Merge several mappings; of two lines for a source the later counts."""
    lines: dict[str, MappingLine] = {}
    warnings: list[str] = []
    for layer in layers:
        lines.update((line.source.id, line) for line in layer.lines)
        warnings += layer.warnings
    return ResolvedMapping(
        tuple(lines.values()), tuple(dict.fromkeys(warnings))
    )


def is_used(thing: Resource, used: Sequence[Resource]) -> bool:
    """Return whether a resource is among those in use.

    Compared by id, or by name with those whose id is not known. Where
    none are given, everything may be in use.
    """
    return not used or any(
        thing.id == other.id if other.id else thing.name == other.name
        for other in used
    )


def unmatched(
    used: Iterable[Resource],
    mapping: Mapping[str, str],
    targets: Iterable[Resource],
) -> tuple[Resource, ...]:
    """List what is in use without a mapping or a target of the same name."""
    names = {thing.name for thing in targets}
    return tuple(
        thing
        for thing in used
        if thing.id not in mapping
        and thing.name not in mapping
        and thing.name not in names
    )


def reverse(mapping: Mapping[str, str]) -> dict[str, str]:
    """Reverse a mapping, for a failback.

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
