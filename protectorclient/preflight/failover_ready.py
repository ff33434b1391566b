"""Find what the service would refuse the next failover of many groups for.

The health report of a service tells what the service knows. What it leaves
out is looked up here: whether each network and flavor has a counterpart,
whether Cinder of the target lets a member manage volumes, and whether an
instance runs beside the group. A site is asked one list of each kind, and
for each group its metadata.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping.forecast import Forecast
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight import check_sites, copies
from protectorclient.preflight.resources import KINDS, choices
from protectorclient.records.protection_group import ProtectionGroup


@dataclasses.dataclass(frozen=True)
class Place:
    """A group, and the sites that can be asked of it."""

    #: As the site has it that is ahead.
    group: ProtectionGroup
    #: Its metadata there; None where the site refuses them, or its deployment
    #: does not offer them.
    document: Mapping[str, Any] | None
    #: The cloud's name of the site where the group runs.
    current: str
    #: Where a failover goes, where that site answers.
    target: SiteFacts | None
    #: The site ids of those that answer, by their clouds' names.
    site_ids: Mapping[str, str]
    #: All instances of the project at those sites; None where one of them
    #: does not tell.
    instances: Mapping[str, copies.Instances] | None


def metadata(
    speaker: SiteFacts, group: ProtectionGroup
) -> Mapping[str, Any] | None:
    """Return a group's metadata at a site; None where the site refuses them,
    or its deployment does not offer them."""
    with contextlib.suppress(
        exceptions.NotFound,
        exceptions.Forbidden,
        exceptions.VersionNotSupported,
    ):
        return speaker.document(group.id)
    return None


def rpo(place: Place) -> float | None:
    """Return what was agreed, in seconds; None where nothing was."""
    policy = (place.document or {}).get("policy") or {}
    minutes = policy.get("rpo_minutes")
    return minutes * 60.0 if isinstance(minutes, int | float) else None


def live_copies(place: Place) -> tuple[copies.Copy, ...] | None:
    """Find instances that run beside the group; None where Nova gives no
    list."""
    document = place.document
    if place.target is None or document is None:
        return None
    if document.get("operation"):
        # what it builds is not left over yet
        return ()
    if place.instances is None:
        return None
    return copies.live(
        copy
        for name, instances in place.instances.items()
        for copy in copies.find(
            [document],
            place.group.current_primary_site_id,
            place.site_ids[name],
            name,
            instances,
        )
    )


def reasons(
    place: Place, live: tuple[copies.Copy, ...] | None
) -> Iterator[str]:
    """Say why the next failover would be refused, or fail at once."""
    if live:
        yield copies.sentence(live, place.current)
    if place.group.status == "active" and place.target is not None:
        yield from _unmatched(place, place.target)
        yield from _refused_volumes(place.target)


def _refused_volumes(target: SiteFacts) -> tuple[str, ...]:
    return target.ask("cinder", lambda: tuple(cinder(target)))


def _ask_ahead(target: SiteFacts) -> None:
    """Begin what is asked after the networks, while those are waited for."""
    target.later(lambda: target.flavors)
    target.later(lambda: _refused_volumes(target))


def _unmatched(place: Place, target: SiteFacts) -> Iterator[str]:
    """List networks and flavors that nothing at the target matches."""
    document = place.document
    if document is None or not document.get("policy"):
        # a group that was never protected is not mapped first
        return
    target.ask("ahead", lambda: _ask_ahead(target))
    forecast = Forecast(
        document,
        str(document.get("current_primary_site_id")),
        place.site_ids[target.name],
    )
    for what in KINDS:
        try:
            lost = forecast.lost(what, choices(target, what))
        except exceptions.ProtectorError:
            continue
        if lost:
            yield (
                f"No {what} at {target.name} matches {', '.join(lost)}:"
                f" map it with --{what}-mapping"
            )


def cinder(target: SiteFacts) -> Iterator[str]:
    """Return whether a member may do there what a failover does."""
    with contextlib.suppress(exceptions.ProtectorError):
        roles = getattr(target.token, "role_names", None)
        if roles and not set(roles) & check_sites.ACTING:
            # what a reader is refused tells nothing of a member
            return
        try:
            _ = target.manages_volumes
        except exceptions.Forbidden:
            yield f"Cinder of {target.name} lets no member manage volumes"
