"""Check the conditions ``--expect-*`` of a caller before an action."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill

if TYPE_CHECKING:
    from protectorclient.pair.location import Location
    from protectorclient.pair.site import SiteHandle


@dataclasses.dataclass(frozen=True)
class Expect:
    """Conditions under which an action is sent; None is no condition."""

    #: The current primary: its cloud's name, its site's name or id.
    primary: str | None = None
    #: The metadata version.
    version: int | None = None
    #: Seconds.
    max_recovery_point_age: float | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in dataclasses.astuple(self))


def hold(expect: Expect, located: Location, asked: SiteHandle) -> None:
    """Raise where a condition of the caller does not hold.

    :param asked: the site that the action goes to.
    :raises GuardRefused: it is not, and nothing was sent.
    """
    group = located.group
    if expect.primary is not None:
        _primary(expect.primary, located)
    if expect.version is not None and group.metadata_version != expect.version:
        raise exceptions.GuardRefused(
            f"{group.name} has metadata version {group.metadata_version},"
            f" not {expect.version} as expected; nothing was sent"
        ).then(fill(commands.SYNC_STATUS, group=group.name))
    if expect.max_recovery_point_age is not None:
        _age(expect.max_recovery_point_age, located, asked)


def _primary(wanted: str, located: Location) -> None:
    site = located.site(located.current)
    names = [located.current.name]
    if site is not None:
        names += [site.name, site.id]
    if wanted in names:
        return
    raise exceptions.GuardRefused(
        f"{located.group.name} runs at {located.current.name}, not at"
        f" {wanted} as expected; nothing was sent"
    ).then(fill(commands.SHOW_GROUP, group=located.group.name))


def _age(most: float, located: Location, asked: SiteHandle) -> None:
    name = located.group.name
    target = located.other.name
    points = located.facts(asked).storage(located.group.id)
    found = points.latest_at(located.site_ids[target])
    if found is None or found.created_at is None:
        raise exceptions.GuardRefused(
            f"{name} has no complete recovery point at {target}; nothing was"
            " sent"
        ).then(fill(commands.SHOW_VOLUMES, group=name))
    now = asked.client.http.server_time()
    age = (now - found.created_at).total_seconds()
    if age > most:
        raise exceptions.GuardRefused(
            f"the newest recovery point of {name} is {age:.0f} s old, more"
            f" than the {most:.0f} s expected; nothing was sent"
        ).then(fill(commands.SHOW_VOLUMES, group=name))
