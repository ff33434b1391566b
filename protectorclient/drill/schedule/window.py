"""The hours in which a drill may begin, by the clock on a wall."""

from __future__ import annotations

import dataclasses
import datetime
import re
import zoneinfo

from protectorclient import exceptions

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<begin>\d{1,2}:\d{2})-(?P<end>\d{1,2}:\d{2})",
    re.IGNORECASE,
)
_FORM = "such as 22:00-05:00, or 'Mon-Fri 22:00-05:00, Sat 00:00-24:00'"
_DAY = 24 * 60


@dataclasses.dataclass(frozen=True)
class Part:
    """Hours of some days; the day is the one on which they begin."""

    days: frozenset[int]
    #: Minutes of the day; the end may be on the next one.
    begin: int
    end: int

    def holds(self, day: int, minute: int) -> bool:
        """Return whether a minute of a day of the week belongs to it."""
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        before = (day - 1) % 7
        return (day in self.days and minute >= self.begin) or (
            before in self.days and minute < self.end
        )


@dataclasses.dataclass(frozen=True)
class Window:
    """When drills may begin; without parts always.

    What counts is what a clock on the wall shows: an hour that summer time
    leaves out is left out, and one that comes twice counts twice.
    """

    parts: tuple[Part, ...] = ()
    zone: datetime.tzinfo = datetime.UTC
    text: str = ""

    def is_open(self, now: datetime.datetime) -> bool:
        """Return whether a drill may begin now."""
        if not self.parts:
            return True
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(one.holds(local.weekday(), minute) for one in self.parts)

    def __str__(self) -> str:
        return f"{self.text} {self.zone}" if self.parts else "always"


def parse(text: str | None, zone: str | None = None) -> Window:
    """Read a window.

    :param text: ``22:00-05:00``, days before it, several behind commas.
    :param zone: a name such as ``Europe/Berlin``; UTC without one.
    :raises UsageProblem: one of them is wrong.
    """
    where: datetime.tzinfo = datetime.UTC
    if zone is not None and zone != "UTC":
        try:
            where = zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise exceptions.UsageProblem(
                f"'{zone}' is not a time zone such as Europe/Berlin"
            ) from error
    if text is None:
        return Window(zone=where)
    parts = tuple(_part(one.strip()) for one in text.split(","))
    return Window(parts, where, text)


def _part(text: str) -> Part:
    found = _PART.fullmatch(text)
    if found is None:
        raise exceptions.UsageProblem(f"'{text}' is not a window {_FORM}")
    begin, end = _minutes(text, found["begin"]), _minutes(text, found["end"])
    if begin in (_DAY, end):
        raise exceptions.UsageProblem(
            f"the window '{text}' has no length: 00:00-24:00 is a whole day"
        )
    return Part(_days(text, found["first"], found["last"]), begin, end)


def _minutes(text: str, clock: str) -> int:
    hours, minutes = (int(one) for one in clock.split(":"))
    total = hours * 60 + minutes
    if minutes > 59 or total > _DAY:
        raise exceptions.UsageProblem(
            f"the window '{text}': {clock} is not a time of the day"
        )
    return total


def _days(text: str, first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    try:
        begin = _DAYS.index(first.lower())
        end = _DAYS.index((last or first).lower())
    except ValueError:
        raise exceptions.UsageProblem(
            f"the window '{text}': days are {', '.join(_DAYS)}"
        ) from None
    count = (end - begin) % 7 + 1
    return frozenset((begin + one) % 7 for one in range(count))
