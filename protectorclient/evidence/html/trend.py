"""`drill history --html`: how recovery times and points went over time."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from protectorclient.evidence.html import page, palette
from protectorclient.evidence.record import Objective

#: Of the drawing of one group, in pixels.
HEIGHT = 150


@dataclasses.dataclass(frozen=True)
class Point:
    """One drill of a group."""

    group: str
    at: datetime.datetime
    #: As `Verdict` calls it.
    verdict: str
    rto: Objective = Objective()
    rpo: Objective = Objective()


@dataclasses.dataclass(frozen=True)
class Dot:
    """A value in the drawing: a share of its width, and pixels from above."""

    x: float
    y: float
    title: str


@dataclasses.dataclass(frozen=True)
class Line:
    """The values of one kind over time, and what was aimed at."""

    #: ``rto`` or ``rpo``.
    kind: str
    label: str
    dots: tuple[Dot, ...]
    #: The newest objective, in pixels from above; None without one.
    aim: float | None
    last: Objective


@dataclasses.dataclass(frozen=True)
class Plot:
    """The drills of one group."""

    group: str
    lines: tuple[Line, ...]
    #: The highest value of the axis, and the first and last day.
    top: float
    first: datetime.date
    last: datetime.date
    #: Newest first.
    points: tuple[Point, ...]


def text(points: Iterable[Point]) -> str:
    """Return the page with a plot for each group."""
    groups: dict[str, list[Point]] = {}
    for one in sorted(points, key=lambda one: one.at):
        groups.setdefault(one.group, []).append(one)
    template = page.environment().get_template("trend.html.j2")
    return template.render(
        plots=[plot(name, found) for name, found in sorted(groups.items())],
        light=palette.LIGHT,
        dark=palette.DARK,
        verdicts=page.VERDICTS,
        height=HEIGHT,
    )


def plot(name: str, points: Sequence[Point]) -> Plot:
    """Return the drawing of a group's drills, oldest first."""
    begin, end = points[0].at, points[-1].at
    length = (end - begin).total_seconds()
    every = [
        value
        for one in points
        for aim in (one.rto, one.rpo)
        for value in (aim.achieved_seconds, aim.objective_seconds)
        if value is not None
    ]
    top = max(every, default=0.0) * 1.08 or 1.0

    def x(when: datetime.datetime) -> float:
        share = (when - begin).total_seconds() / length if length else 0.5
        return round(3 + 94 * share, 3)

    def y(seconds: float) -> float:
        return round(HEIGHT - 8 - (HEIGHT - 16) * seconds / top, 1)

    def line(kind: str, label: str) -> Line:
        known: list[tuple[Point, Any]] = [
            (one, getattr(one, kind)) for one in points
        ]
        aims = [aim.objective_seconds for _, aim in known]
        last_aim = next(
            (one for one in reversed(aims) if one is not None), None
        )
        dots = tuple(
            Dot(
                x(one.at),
                y(aim.achieved_seconds),
                f"{one.at.date()}: {page.span_of(aim.achieved_seconds)}",
            )
            for one, aim in known
            if aim.achieved_seconds is not None
        )
        return Line(
            kind,
            label,
            dots,
            None if last_aim is None else y(last_aim),
            known[-1][1],
        )

    return Plot(
        group=name,
        lines=(
            line("rto", "recovery time"),
            line("rpo", "age of the recovery point"),
        ),
        top=top,
        first=begin.date(),
        last=end.date(),
        points=tuple(reversed(points)),
    )
