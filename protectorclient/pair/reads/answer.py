"""The answer of a read of both sites, with its warnings."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from protectorclient import exceptions
from protectorclient.escape import ShellCommand, fill
from protectorclient.pair.location import rank

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.records.protection_group import ProtectionGroup

T = TypeVar("T")

#: What the metadata of a group say, which both sites hold alike.
_SHARED = (
    "name",
    "description",
    "status",
    "primary_site_id",
    "secondary_site_id",
    "current_primary_site_id",
    "failover_count",
    "metadata_version",
)
#: So many names stand in one sentence.
_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Answer(Generic[T]):
    """An answer, the site that gave it, and what the other one said."""

    value: T
    #: What the site whose answer this is has been asked.
    facts: SiteFacts
    #: The group, as that site has it; None of a read of several.
    group: ProtectionGroup | None = None
    #: A sentence each: that the sites differ, or that one says nothing.
    warnings: tuple[str, ...] = ()
    #: A command for each group in which the sites differ.
    next: tuple[ShellCommand, ...] = ()
    #: Why a site said nothing, by its cloud's name.
    errors: Mapping[str, exceptions.ProtectorError] = dataclasses.field(
        default_factory=dict
    )

    @property
    def site(self) -> SiteHandle:
        """Return the site whose answer this is."""
        return self.facts.handle


@dataclasses.dataclass(frozen=True)
class Copy(Generic[T]):
    """A group as one site has it, and what that site said of it."""

    facts: SiteFacts
    group: ProtectionGroup
    value: T | None = None
    #: What it said instead.
    error: exceptions.ProtectorError | None = None


def whose(site: str, group: ProtectionGroup | None = None) -> str:
    """Return the end of a warning: what is shown instead."""
    if group is None:
        return f"this is {site}'s record"
    return f"this is {site}'s record, version {group.metadata_version}"


def silence(
    errors: Mapping[str, exceptions.ProtectorError],
    instead: str,
    group: str | None = None,
) -> list[str]:
    """Make a warning for each site that gave no usable answer.

    :param errors: by the sites' names.
    :param instead: what is shown.
    :param group: the name of the group, where one was asked for.
    """
    return [
        f"{site} does not know {group}; {instead}"
        if group and isinstance(error, exceptions.NotFound)
        else f"{error}; {instead}"
        for site, error in errors.items()
    ]


def difference(copies: Sequence[Copy[T]], shown: Copy[T]) -> str | None:
    """Return the warning for two sites that hold different records of a
    group."""
    if len(copies) < 2 or not differ([copy.group for copy in copies]):
        return None
    ranks = {rank(copy.group) for copy in copies}
    told = " and ".join(
        f"{copy.facts.name} holds {_state(copy.group)}" for copy in copies
    )
    name = shown.group.name
    if len(ranks) == 1:
        return (
            f"both sites hold version {shown.group.metadata_version} of"
            f" {name}, and not the same: {told};"
            f" {whose(shown.facts.name)}"
        )
    return (
        f"the sites hold different records of {name}: {told};"
        f" {shown.facts.name} is ahead;"
        f" {whose(shown.facts.name, shown.group)}"
    )


def differ(groups: Iterable[ProtectionGroup]) -> bool:
    """Return whether two sites hold different metadata of one group."""
    return len({tuple(_shared(group)) for group in groups}) > 1


def _shared(group: ProtectionGroup) -> Iterable[object]:
    return (getattr(group, field) for field in _SHARED)


def _state(group: ProtectionGroup) -> str:
    count = group.failover_count
    failovers = "1 failover" if count == 1 else f"{count} failovers"
    return f"version {group.metadata_version} ({failovers}, {group.status})"


def reconcile(names: Iterable[str]) -> tuple[ShellCommand, ...]:
    """Make the command that shows a group of both sites, for each group.

    Where a warning has too many groups to name them all, the commands are
    for those that it names.
    """
    from protectorclient.advice import commands

    return tuple(
        fill(commands.RECONCILE, group=name)
        for name in itertools.islice(names, _NAMED)
    )


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, cut where there are too many."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
