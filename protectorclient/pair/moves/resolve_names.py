"""Look up the names of a mapping, each at its own site.

What the group uses at the source is read from its metadata. Other names are
looked up at the source; a source that is dead is not asked. Where the
deployment has no metadata to read, a name of a dead source is sent as it is:
the service itself knows what the group uses.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.mapping import model
from protectorclient.mapping.model import ResolvedMapping, Resource
from protectorclient.v1.metadata import members_at

if TYPE_CHECKING:
    from protectorclient.pair.location import Location


#: Mappings of which a later one wins over an earlier one.
Layers = Sequence[Mapping[str, str] | None]


class Names:
    """Looks up the mappings of one action on one group."""

    def __init__(self, located: Location, *, unplanned: bool = False) -> None:
        self._located = located
        self._stored = unplanned
        self._source = located.current
        self._target = located.other

    def networks(
        self, *layers: Mapping[str, str] | None
    ) -> ResolvedMapping | None:
        """Merge network mappings into one of ids; a later layer wins."""
        return self._resolved("network", layers, lambda: self.used_networks)

    def flavors(
        self, *layers: Mapping[str, str] | None
    ) -> ResolvedMapping | None:
        """Merge flavor mappings into one of ids; a later layer wins."""
        return self._resolved("flavor", layers, lambda: self.used_flavors)

    def _resolved(
        self,
        what: str,
        layers: Layers,
        using: Callable[[], tuple[Resource, ...]],
    ) -> ResolvedMapping | None:
        if not any(layers):
            return None
        used = using()
        return model.merge(
            model.resolve(
                layer,
                source=lambda name: self._find(used, what, name),
                target=lambda name: self._target.finder.find(what, name),
                used=used,
                what=what,
            )
            for layer in layers
            if layer
        )

    def _find(
        self, used: Sequence[Resource], what: str, name: str
    ) -> Resource | None:
        """Find a source; None for one that only a dead site knows."""
        if any(name in (thing.id, thing.name) for thing in used):
            return model.pick(used, name, what=what, site=self._source.name)
        if self._stored:
            return None if self._has_metadata else Resource(name, name)
        return self._source.finder.find(what, name)

    @functools.cached_property
    def used_networks(self) -> tuple[Resource, ...]:
        """Return the networks that the members are on at the source."""
        return _distinct(
            network
            for member in self._members
            for network in member.get("networks") or ()
        )

    @functools.cached_property
    def used_flavors(self) -> tuple[Resource, ...]:
        """Return the flavors that the members have at the source."""
        return _distinct(
            member["flavor"]
            for member in self._members
            if member.get("flavor")
        )

    @property
    def _has_metadata(self) -> bool:
        return self._document is not None

    @functools.cached_property
    def _document(self) -> dict[str, Any] | None:
        """Return the group's metadata; None where the deployment has none."""
        located = self._located
        speaker = self._target if self._stored else self._source
        try:
            return located.facts(speaker).document(located.group.id)
        except exceptions.VersionNotSupported:
            return None

    @functools.cached_property
    def _members(self) -> list[dict[str, Any]]:
        located, document = self._located, self._document
        if document is None:
            return []
        return members_at(document, located.site_ids[self._source.name])


def _distinct(items: Any) -> tuple[Resource, ...]:
    found: dict[tuple[str, str], Resource] = {}
    for item in items:
        if isinstance(item, dict):
            thing = Resource(
                str(item.get("id") or ""), str(item.get("name") or "")
            )
            found[thing.id, thing.name] = thing
    return tuple(found.values())
