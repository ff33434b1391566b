"""What the members keep, and what they do not, by a move or a test.

For the plan that is printed before it, and for the refusals of what is
certain to fail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from protectorclient import exceptions
from protectorclient.preflight.drift import addresses, losses, power
from protectorclient.preflight.drift.addresses import Address
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.power import Power
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class MemberLosses:
    """What is known of the members of an action; None for what is not."""

    source: str
    target: str
    unplanned: bool = False
    drill: bool = False
    #: Whether the primary's instances keep running beside the test.
    retains: bool = False
    #: Whether a member fails that does not keep its addresses.
    keep_addresses: bool = False
    addresses: Sequence[Address] | None = None
    #: Members that do not run, or that are locked.
    down: Sequence[Power] | None = None
    losses: Sequence[Difference] | None = None
    #: Members that an unplanned failover starts as if they ran: nobody
    #: knows it of the recovery point.
    assumed: Sequence[Power] = ()
    #: The names of the members that start although they are stopped.
    power_on: frozenset[str] = frozenset()

    @property
    def taken(self) -> list[Address]:
        """Return the addresses that something else has at the target."""
        return [one for one in self.addresses or () if one.is_taken]

    @property
    def obstacles(self) -> list[Power]:
        """Return the members that cannot be stopped as they are."""
        if self.unplanned or self.retains:
            return []
        return [one for one in self.down or () if one.is_obstacle]

    @property
    def stays_stopped(self) -> list[str]:
        """Return the names of the members that come back stopped."""
        return [one.member for one in self.down or () if self._stays(one)]

    def _stays(self, one: Power) -> bool:
        return one.status == power.STOPPED and one.member not in self.power_on

    @property
    def is_whole(self) -> bool:
        """Return whether all that is known is kept, and each member runs."""
        return not (
            self.losses
            or self.down
            or any(not one.kept for one in self.addresses or ())
        )

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"addresses: {'; '.join(self._addresses())}"
        yield f"power state: {'; '.join(self._power())}"
        yield f"attributes: {'; '.join(self._attributes())}"

    def _addresses(self) -> Iterator[str]:
        if self.addresses is None:
            yield "not known"
            return
        lost = [one for one in self.addresses if not one.kept]
        if not lost:
            yield "all are kept"
        for one in lost:
            if self.keep_addresses:
                yield f"{one.why_not}, and so it is not built"
            elif one.is_taken and not self.unplanned:
                yield f"{one.why_not}, and so the operation fails"
            else:
                yield f"{one.why_not}, and so it gets another address"

    def _power(self) -> Iterator[str]:
        if self.down is None:
            yield "not known"
            return
        stays = [one for one in self.down if self._stays(one)]
        for one in stays:
            # of a dead primary it is known as it was
            when = (
                f"was stopped at {one.read_at}"
                if one.read_at
                else ("is stopped")
            )
            yield f"{one.member} {when}, and stays so"
        if stays:
            yield "--power-on starts it"
        started = [
            one.message
            for one in self.losses or ()
            if one.attribute == losses.POWER_STATE
        ]
        yield from started
        assumed = list(self._assumed())
        yield from assumed
        starts = [
            one.member
            for one in self.down
            if one.status == power.STOPPED and one.member in self.power_on
        ]
        if starts:
            yield f"{', '.join(starts)} starts there"
        for one in self.obstacles:
            yield f"{one}, and so the operation fails"
        gone = [one.member for one in self.down if one.status is None]
        if gone:
            yield f"{', '.join(gone)} does not exist at {self.source}"
        told = (stays, starts, started, assumed, self.obstacles, gone)
        if not any(told):
            yield "all run"

    def _assumed(self) -> Iterator[str]:
        """Group those that were read at the same time."""
        alike: dict[str | None, list[str]] = {}
        for one in self.assumed:
            alike.setdefault(one.read_at, []).append(one.member)
        for read_at, members in alike.items():
            names = ", ".join(members)
            if read_at is None:
                yield f"not known of {names}"
                continue
            them = "it" if len(members) == 1 else "each"
            yield (
                f"{names} ran at {read_at}, before the recovery point, and"
                f" the failover starts {them}"
            )

    def _attributes(self) -> Iterator[str]:
        if self.losses is None:
            yield "not known"
            return
        lost = [
            one for one in self.losses if one.attribute != losses.POWER_STATE
        ]
        if not lost:
            yield "all that are known are kept"
        for one in lost:
            yield one.message


def find(
    subject: Subject, target: str, options: Mapping[str, Any]
) -> MemberLosses:
    """Find what the members keep; what a site does not answer stays open.

    :param target: the cloud's name of the site where they go.
    :param options: the parameters of the action.
    """
    return MemberLosses(
        source=subject.source.name if subject.source else "the primary",
        target=target,
        unplanned=subject.unplanned,
        drill=subject.drill,
        retains=bool(options.get("retain_primary")),
        keep_addresses=bool(options.get("keep_addresses")),
        addresses=_open(lambda: addresses.forecast(subject)),
        down=_open(
            lambda: (
                power.as_kept(subject)
                if subject.unplanned
                else power.down(subject)
            )
        ),
        losses=_open(lambda: losses.find(subject)),
        assumed=_open(
            lambda: power.assumed(subject) if subject.unplanned else ()
        )
        or (),
        power_on=_named(subject, options.get("power_on")),
    )


def _named(subject: Subject, given: object) -> frozenset[str]:
    """Return the names of the members that start, by their ids."""
    members = subject.forecast.document.get("members") or ()
    names = {}
    for member in members:
        here = (member.get("sites") or {}).get(subject.forecast.source) or {}
        names[str(member.get("id"))] = str(here.get("instance_name"))
    if given == "all":
        return frozenset(names.values())
    wanted = given if isinstance(given, list | tuple) else ()
    return frozenset(names[one] for one in map(str, wanted) if one in names)


def _open(question: Callable[[], T]) -> T | None:
    try:
        return question()
    except (exceptions.ProtectorError, Skip):
        return None
