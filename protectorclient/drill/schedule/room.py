"""Whether a drill of a group leaves a fifth of each quota free."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.preflight import run
from protectorclient.preflight.drift import capacity
from protectorclient.preflight.drift.capacity import Room
from protectorclient.preflight.findings import Skip

if TYPE_CHECKING:
    from protectorclient.mapping.files import MappingFile
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.preflight.context import Context

#: The part of each quota that a drill may fill.
MOST = 0.8


def lacks(
    pair: SitePair,
    group_id: str,
    mapping_file: MappingFile | None,
    *,
    isolated: bool,
) -> str | None:
    """Say which quota a drill of a group would fill too far.

    A quota that the cloud does not report is no limit.

    :returns: a sentence; None where there is room.
    """
    rooms: list[Room] = []

    def seen(context: Context) -> None:
        with contextlib.suppress(Skip, exceptions.ProtectorError):
            rooms.extend(_rooms(context, isolated))

    run.run_checks(
        pair,
        group_id,
        "test-failover",
        run.Parameters(mapping_file=mapping_file, isolated=isolated),
        only=("networks", "flavors"),
        seen=seen,
    )
    return short(rooms)


def short(rooms: list[Room]) -> str | None:
    """Return the first quota that would be filled too far, as a sentence."""
    for one in rooms:
        if one.allowed < 0 or not one.more:
            continue
        if one.taken + one.more > MOST * one.allowed:
            return (
                f"{one.resource}: {one.taken} of {one.allowed} are used, and"
                f" {one.more} more leave less than a fifth free"
            )
    return None


def _rooms(context: Context, isolated: bool) -> list[Room]:
    subject = context.subject
    found: list[Room] = []
    for question in (capacity.compute, capacity.storage, capacity.network):
        with contextlib.suppress(Skip, exceptions.ProtectorError):
            found += question(subject)
    if isolated:
        networks = {match.source.id for match in context.resources.networks}
        quota = subject.there.network_quota
        for name in ("network", "subnet"):
            one = quota.get(name)
            if isinstance(one, dict) and isinstance(one.get("limit"), int):
                found.append(
                    Room(
                        f"{name}s",
                        len(networks),
                        int(one["limit"]),
                        int(one.get("used") or 0),
                    )
                )
    return found
