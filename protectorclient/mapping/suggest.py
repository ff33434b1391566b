"""Suggest a mapping: by name, then by address range, then by size.

Every suggestion says on what ground it was made; what is uncertain is not
guessed.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protectorclient.mapping.forecast import Forecast, size_of, size_text
from protectorclient.mapping.model import Resource


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """A line of a suggested mapping; the target is None where none fits."""

    source: Resource
    target: Resource | None
    ground: str


def networks(
    forecast: Forecast,
    targets: Sequence[Mapping[str, Any]],
    subnets: Iterable[Mapping[str, Any]],
) -> list[Suggestion]:
    """Suggest a target for each network in use."""
    ranges: dict[str, set[str]] = {}
    for subnet in subnets:
        cidr = _range(subnet.get("cidr"))
        if cidr:
            ranges.setdefault(str(subnet.get("network_id")), set()).add(cidr)
    used = {
        str(network.get("id")): network
        for instance in forecast.instances
        for network in instance.here.get("networks") or ()
    }
    return [_network(one, targets, ranges) for one in used.values()]


def _network(
    source: Mapping[str, Any],
    targets: Sequence[Mapping[str, Any]],
    ranges: Mapping[str, set[str]],
) -> Suggestion:
    thing = _thing(source)
    cidr = _range(source.get("cidr"))
    named = [t for t in targets if t.get("name") == thing.name]
    if len(named) == 1:
        return Suggestion(thing, _thing(named[0]), "same name")
    among = named or targets
    alike = [t for t in among if cidr and cidr in ranges.get(str(t["id"]), ())]
    if len(alike) == 1:
        return Suggestion(thing, _thing(alike[0]), f"same range, {cidr}")
    if alike:
        names = ", ".join(f"{t.get('name')} ({t.get('id')})" for t in alike)
        return Suggestion(
            thing, None, f"several have the range {cidr}: {names}"
        )
    if named:
        ids = ", ".join(str(t.get("id")) for t in named)
        return Suggestion(thing, None, f"several have this name: {ids}")
    return Suggestion(
        thing, None, f"none has this name, or {cidr or 'its range'}"
    )


def _range(cidr: object) -> str | None:
    try:
        return str(ipaddress.ip_network(str(cidr), strict=False))
    except ValueError:
        return None


def flavors(
    forecast: Forecast, targets: Sequence[Mapping[str, Any]]
) -> list[Suggestion]:
    """Suggest a target for each flavor in use."""
    used = {
        str(instance.here["flavor"].get("id")): instance.here["flavor"]
        for instance in forecast.instances
        if instance.here.get("flavor")
    }
    return [_flavor(one, targets) for one in used.values()]


def _flavor(
    source: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]
) -> Suggestion:
    thing, size = _thing(source), size_of(source)
    fitting = [t for t in targets if fits(size, size_of(t))]
    named = [t for t in fitting if t.get("name") == thing.name]
    if len(named) == 1:
        return Suggestion(thing, _thing(named[0]), "same name")
    if not fitting:
        return Suggestion(
            thing, None, f"none is as big as {size_text(source)}"
        )
    nearest = min(
        fitting,
        key=lambda t: (_excess(size, size_of(t)), str(t.get("name"))),
    )
    return Suggestion(
        thing,
        _thing(nearest),
        f"nearest that fits: {size_text(nearest)} for {size_text(source)}",
    )


def fits(wanted: tuple[int, ...], offered: tuple[int, ...]) -> bool:
    """Return whether a size is at least another in all respects."""
    return all(b >= a for a, b in zip(wanted, offered, strict=True))


def _excess(wanted: tuple[int, ...], offered: tuple[int, ...]) -> float:
    """Sum how much bigger it is, each part in proportion to what is wanted."""
    return sum(
        (b - a) / max(a, 1) for a, b in zip(wanted, offered, strict=True)
    )


def _thing(item: Mapping[str, Any]) -> Resource:
    return Resource(str(item.get("id") or ""), str(item.get("name") or ""))
