"""The names in a mapping, each half looked up at its own site.

A source that is dead is not asked: what the group uses there is read from
the stored metadata at the survivor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient.mapping import model
from protectorclient.mapping.model import Resolved, Thing
from protectorclient.v1.metadata import members_at

if TYPE_CHECKING:
    from protectorclient.pair.located import Located


#: Mappings of which a later one wins over an earlier one.
Layers = Sequence[Mapping[str, str] | None]


class Names:
    """Looks up the mappings of one action on one group."""

    def __init__(self, located: Located, *, unplanned: bool = False) -> None:
        self._located = located
        self._stored = unplanned
        self._source = located.current
        self._target = located.other

    def networks(self, *layers: Mapping[str, str] | None) -> Resolved | None:
        """Network mappings as one of ids; a later layer wins."""
        return self._resolved("network", layers, lambda: self.used_networks)

    def flavors(self, *layers: Mapping[str, str] | None) -> Resolved | None:
        """Flavor mappings as one of ids; a later layer wins."""
        return self._resolved("flavor", layers, lambda: self.used_flavors)

    def _resolved(
        self,
        what: str,
        layers: Layers,
        using: Callable[[], tuple[Thing, ...]],
    ) -> Resolved | None:
        if not any(layers):
            return None
        used = using()
        source, target = self._source, self._target
        return model.over(
            model.resolve(
                layer,
                source=lambda name: (
                    _stored(used, name, what, source.name)
                    if self._stored
                    else source.finder.find(what, name)
                ),
                target=lambda name: target.finder.find(what, name),
                used=used,
                what=what,
            )
            for layer in layers
            if layer
        )

    @functools.cached_property
    def used_networks(self) -> tuple[Thing, ...]:
        """The networks that the members are on at the source."""
        return _distinct(
            network
            for member in self._members
            for network in member.get("networks") or ()
        )

    @functools.cached_property
    def used_flavors(self) -> tuple[Thing, ...]:
        """The flavors that the members have at the source."""
        return _distinct(
            member["flavor"]
            for member in self._members
            if member.get("flavor")
        )

    @functools.cached_property
    def _members(self) -> list[dict[str, Any]]:
        group = self._located.group.id
        if not self._stored:
            return [
                member.to_dict()
                for member in self._source.client.members.list(group)
            ]
        document = self._target.client.metadata.get(group)
        source = self._located.site_ids[self._source.name]
        return members_at(document, source)


def _distinct(items: Any) -> tuple[Thing, ...]:
    found: dict[tuple[str, str], Thing] = {}
    for item in items:
        if isinstance(item, dict):
            thing = Thing(
                str(item.get("id") or ""), str(item.get("name") or "")
            )
            found[thing.id, thing.name] = thing
    return tuple(found.values())


def _stored(
    used: tuple[Thing, ...], name: str, what: str, site: str
) -> Thing | None:
    if all(name not in (thing.id, thing.name) for thing in used):
        return None
    return model.pick(used, name, what=what, site=site)
