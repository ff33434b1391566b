"""Forecast which network and flavor each instance gets at the target.

The service decides this when an action arrives; this module applies the
same rules, so that the result can be checked before anything is sent.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from protectorclient.mapping.model import Resource

#: Why a resource at the target was chosen, or why none was.
GIVEN, STORED = "mapped", "stored mapping"
HAD, NAMED = "as before", "same name"
#: A test that is isolated gets a network of its own in place of each.
ISOLATED = "made for the drill"
MISSING, GONE, SEVERAL = "no match", "not there", "several of this name"
_UNMATCHED = frozenset({MISSING, GONE, SEVERAL})


@dataclasses.dataclass(frozen=True)
class Match:
    """One network or flavor in use, and its match at the target."""

    source: Resource
    #: None where nothing matches.
    target: Resource | None
    ground: str
    #: The instances that use it.
    instances: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Return whether the target has a match."""
        return self.ground not in _UNMATCHED

    def __str__(self) -> str:
        target = self.target.name if self.target else "?"
        return f"{self.source.name} -> {target} ({self.ground})"


class Instance(NamedTuple):
    """A member as it is at the source, and as it was at the target."""

    name: str
    here: Mapping[str, Any]
    #: What it had at the target, for a failback.
    there: Mapping[str, Any] | None

    @property
    def volumes(self) -> list[Mapping[str, Any]]:
        """Return its volumes at the source."""
        return list(self.here.get("volumes") or ())


#: Whose it is, what it is, and what the instance had at the target.
_Use = tuple[Instance, Mapping[str, Any], Mapping[str, Any] | None]


class Choices:
    """The networks or flavors of a site, to be found by id or name.

    :param things: as the site lists them; the first of them wins.
    """

    def __init__(self, things: Iterable[Mapping[str, Any]]) -> None:
        self._named: dict[str, list[Resource]] = {}
        self._called: dict[str, Resource] = {}
        self._ids: dict[str, Resource] = {}
        for thing in things:
            found = _thing(thing)
            self._named.setdefault(found.name, []).append(found)
            self._ids.setdefault(found.id, found)
            for word in (found.id, found.name):
                self._called.setdefault(word, found)

    @classmethod
    def of(cls, things: Iterable[Mapping[str, Any]] | Choices) -> Choices:
        """Return the same, or make it of a list."""
        return things if isinstance(things, Choices) else cls(things)

    def with_id(self, identity: str) -> Resource | None:
        """Return the one that has this id."""
        return self._ids.get(identity)

    def named(self, name: str) -> list[Resource]:
        """Return all of this name."""
        return self._named.get(name, [])

    def called(self, word: str) -> Resource | None:
        """Return the first one that has this id or name."""
        return self._called.get(word)


#: What a site lists, or what was made of it for many questions.
Targets = Sequence[Mapping[str, Any]] | Choices


class Forecast:
    """A metadata document, read for a move from one site to the other.

    :param source: the id of the site where the group runs.
    :param target: the id of the site where it goes.
    """

    def __init__(
        self, document: Mapping[str, Any], source: str, target: str
    ) -> None:
        self.document = document
        self.source = source
        self.target = target

    @property
    def is_failback(self) -> bool:
        """Return whether the target is the group's own primary site."""
        return self.target == self.document.get("primary_site_id")

    @functools.cached_property
    def instances(self) -> list[Instance]:
        """Return the members that exist at the source."""
        found = []
        for member in self.document.get("members") or ():
            sites = member.get("sites") or {}
            here = sites.get(self.source)
            if isinstance(here, dict):
                there = sites.get(self.target) if self.is_failback else None
                name = str(here.get("instance_name") or member.get("id"))
                found.append(Instance(name, here, there))
        return found

    @property
    def stale(self) -> list[str]:
        """Return the names of instances that a forced failover left at the
        target."""
        found = []
        for member in self.document.get("members") or ():
            there = (member.get("sites") or {}).get(self.target)
            if isinstance(there, dict) and there.get("instance_id"):
                found.append(str(there.get("instance_name")))
        return found

    @property
    def volumes(self) -> list[Mapping[str, Any]]:
        """Return the volumes of all instances."""
        return [volume for it in self.instances for volume in it.volumes]

    def stored(self, what: str) -> Mapping[str, str]:
        """Return the mapping kept with the group; a failback does not use
        it."""
        if self.is_failback:
            return {}
        return self.document.get(f"{what}_mapping") or {}

    def networks(
        self, given: Mapping[str, str], targets: Targets
    ) -> list[Match]:
        """Match each network in use.

        :param given: the mapping of the action, ids to ids.
        :param targets: the networks at the target.
        """
        return self._matches("network", given, targets)

    def isolated_networks(self) -> list[Match]:
        """Return each network in use, to be made anew for a test."""
        return [
            Match(
                one.source,
                Resource(f"isolated {one.source.id}", "a network of its own"),
                ISOLATED,
                one.instances,
            )
            for one in self.networks({}, ())
        ]

    def flavors(
        self, given: Mapping[str, str], targets: Targets
    ) -> list[Match]:
        """Match each flavor in use.

        :param given: the mapping of the action, ids or names.
        :param targets: the flavors at the target.
        """
        return self._matches("flavor", given, targets)

    def lost(self, what: str, targets: Targets) -> list[str]:
        """Name the networks or flavors that nothing matches, where an action
        gives no mapping.

        The same as of the matches that `networks` or `flavors` returns, in
        half the time: many groups are asked about.
        """
        choices = Choices.of(targets)
        mapping = self.stored(what)
        found: dict[tuple[str, str], str] = {}
        for _, source, had in self._used(what):
            own = _thing(source)
            target, why = _choice(own, had, mapping, STORED, choices)
            if why in _UNMATCHED:
                found[own.id, target.id if target else ""] = own.name
        return list(found.values())

    def _used(self, what: str) -> Iterator[_Use]:
        """Return each network or flavor in use."""
        for instance in self.instances:
            here, there = instance.here, instance.there
            if what == "network":
                for n, network in enumerate(here.get("networks") or ()):
                    yield instance, network, _nth(there, "networks", n)
            elif here.get("flavor"):
                had = there.get("flavor") if there else None
                yield instance, here["flavor"], had

    def _matches(
        self,
        what: str,
        given: Mapping[str, str],
        targets: Targets,
    ) -> list[Match]:
        choices = Choices.of(targets)
        mapping = given or self.stored(what)
        ground = GIVEN if given else STORED
        found: dict[tuple[str, str], Match] = {}
        for instance, source, had in self._used(what):
            own = _thing(source)
            target, why = _choice(own, had, mapping, ground, choices)
            match = Match(own, target, why, (instance.name,))
            key = (match.source.id, target.id if target else "")
            if key in found:
                names = (*found[key].instances, instance.name)
                match = dataclasses.replace(
                    match, instances=tuple(dict.fromkeys(names))
                )
            found[key] = match
        return list(found.values())


def _choice(
    own: Resource,
    had: Mapping[str, Any] | None,
    mapping: Mapping[str, str],
    ground: str,
    choices: Choices,
) -> tuple[Resource | None, str]:
    """Choose as the service does: mapped, had before, of the same name."""
    for key in (own.id, own.name) if mapping else ():
        wanted = mapping.get(key)
        if wanted is None:
            continue
        found = choices.called(wanted)
        if found is not None:
            return found, ground
        return Resource(wanted, wanted), GONE
    if had is not None:
        same = choices.with_id(_thing(had).id)
        if same is not None:
            return same, HAD
    named = choices.named(own.name)
    if len(named) == 1:
        return named[0], NAMED
    return None, SEVERAL if named else MISSING


def _nth(
    found: Mapping[str, Any] | None, field: str, n: int
) -> Mapping[str, Any] | None:
    items: Sequence[Mapping[str, Any]] = (found or {}).get(field) or ()
    return items[n] if n < len(items) else None


def _thing(item: Mapping[str, Any]) -> Resource:
    return Resource(str(item.get("id") or ""), str(item.get("name") or ""))


def size_of(flavor: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the vCPUs, MiB of memory and GiB of disk of a flavor."""
    return tuple(  # type: ignore[return-value]
        int(flavor.get(field) or 0) for field in ("vcpus", "ram", "disk")
    )


def size_text(flavor: Mapping[str, Any]) -> str:
    """Write the size of a flavor for people."""
    vcpus, ram, disk = size_of(flavor)
    return f"{vcpus} vCPU, {ram} MiB, {disk} GiB"


def chosen_flavors(
    forecast: Forecast,
    matches: Iterable[Match],
    targets: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Instance, Mapping[str, Any]]]:
    """Yield each instance and the flavor that it gets.

    It is the target's where that is known, else the source's.
    """
    by_id = {str(flavor.get("id")): flavor for flavor in targets}
    chosen = {
        (name, match.source.id): match.target.id
        for match in matches
        if match.target is not None
        for name in match.instances
    }
    for instance in forecast.instances:
        own = instance.here.get("flavor") or {}
        target = chosen.get((instance.name, str(own.get("id"))))
        yield instance, by_id.get(target or "", own)
