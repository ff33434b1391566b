"""The timeline: where each step of each group lies, in shares of its width.

Text is not scaled with the drawing, so that it can be read on a telephone:
places and widths are percentages, and heights are pixels.
"""

from __future__ import annotations

import dataclasses
import datetime
import unicodedata
from collections.abc import Iterator, Sequence

from protectorclient.durations import span
from protectorclient.escape import escaped
from protectorclient.evidence.record import Group, Record, Step, StepState

#: So many groups are in one drawing: no page of paper is higher.
ROWS = 16
#: Columns of the label above a bar; more do not fit a telephone.
LABEL = 30
#: A step that is narrower has no number in it, in percent.
_NUMBERED = 4.0
#: A step is at least so wide, in percent: else nobody sees it.
_LEAST = 0.4
#: Lengths between two marks of the axis, in seconds.
_TICKS = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)


@dataclasses.dataclass(frozen=True)
class Bar:
    """A step in the drawing."""

    left: float
    width: float
    #: Of the step in its group, from 1 on; empty where it does not fit.
    number: str
    #: ``done``, ``failed`` or ``running``.
    state: str
    #: Whether it is the second of two neighbours.
    is_other: bool
    #: What a pointer shows.
    title: str


@dataclasses.dataclass(frozen=True)
class Mark:
    """A moment of the group: an instance is ACTIVE, or it answers."""

    left: float
    title: str


@dataclasses.dataclass(frozen=True)
class Row:
    """A group in the drawing."""

    label: str
    took: str
    verdict: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]


@dataclasses.dataclass(frozen=True)
class Tick:
    """A mark of the axis."""

    left: float
    label: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """Some groups of the record on one axis."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]


def charts(record: Record) -> list[Chart]:
    """Return the groups of a record with what was measured of them."""
    begin, end = _bounds(record)
    length = max((end - begin).total_seconds(), 1.0)
    rows = [_row(one, begin, length) for one in record.groups]
    rows = [one for one in rows if one.bars]
    ticks = tuple(_ticks(length))
    return [
        Chart(tuple(rows[first : first + ROWS]), ticks)
        for first in range(0, len(rows), ROWS)
    ]


def _bounds(
    record: Record,
) -> tuple[datetime.datetime, datetime.datetime]:
    moments = [record.began_at]
    for group in record.groups:
        for step in _spans(group):
            moments += [one for one in _ends(step) if one is not None]
        answered = group.rto.achieved_seconds
        if answered is not None:
            begin = group.began_at or record.began_at
            moments.append(begin + datetime.timedelta(seconds=answered))
    return min(moments), max(moments)


def _ends(
    step: Step,
) -> tuple[datetime.datetime | None, datetime.datetime | None]:
    return step.began_at, step.ended_at


def _spans(group: Group) -> tuple[Step, ...]:
    """Return the steps whose times are known; else the operations whole."""
    known = tuple(one for one in group.steps if one.began_at is not None)
    if known:
        return known
    return tuple(
        Step(
            name=one.type,
            state=StepState.DONE
            if one.status == "completed"
            else StepState.FAILED
            if one.completed_at
            else StepState.RUNNING,
            began_at=one.started_at,
            ended_at=one.completed_at,
        )
        for one in group.operations
        if one.started_at is not None
    )


def _row(group: Group, begin: datetime.datetime, length: float) -> Row:
    def share(when: datetime.datetime) -> float:
        return 100 * (when - begin).total_seconds() / length

    bars = []
    numbers = {id(one): n for n, one in enumerate(group.steps, 1)}
    for position, step in enumerate(_spans(group)):
        assert step.began_at is not None
        left = share(step.began_at)
        right = share(step.ended_at) if step.ended_at else left
        if step.state is StepState.RUNNING:
            right = 100.0
        width = max(right - left, _LEAST)
        left = max(0.0, min(left, 100 - width))
        number = numbers.get(id(step))
        took = "not measured" if step.seconds is None else span(step.seconds)
        bars.append(
            Bar(
                round(left, 3),
                round(min(width, 100.0), 3),
                str(number) if number and width >= _NUMBERED else "",
                step.state.value,
                position % 2 == 1,
                f"{step.name}: {took}",
            )
        )
    achieved = group.rto.achieved_seconds
    return Row(
        label=shortened(group.name),
        took=span(achieved) if achieved is not None else "not measured",
        verdict=group.verdict.value,
        bars=tuple(bars),
        marks=tuple(_marks(group, begin, length)),
    )


def _marks(
    group: Group, begin: datetime.datetime, length: float
) -> Iterator[Mark]:
    if group.began_at is None:
        return
    offset = (group.began_at - begin).total_seconds()
    for seconds, what in (
        (group.rto.active_seconds, "the last instance is ACTIVE"),
        (group.rto.answered_seconds, "the application answers"),
    ):
        if seconds is not None:
            left = 100 * (offset + seconds) / length
            yield Mark(
                round(max(0.0, min(left, 100.0)), 3),
                f"{what} after {span(seconds)}",
            )


def _ticks(length: float) -> Iterator[Tick]:
    step = next((one for one in _TICKS if length / one <= 5), length / 4)
    count = int(length // step)
    for number in range(count + 1):
        left = 100 * number * step / length
        # the last label would stand beyond the edge
        if left <= 92:
            yield Tick(round(left, 3), span(number * step) if number else "0")


def shortened(text: str, columns: int = LABEL) -> str:
    """Return the beginning of a text that has no more columns than that."""
    text = escaped(text)
    if columns_of(text) <= columns:
        return text
    kept, used = "", 1
    for sign in text:
        used += columns_of(sign)
        if used > columns:
            break
        kept += sign
    return f"{kept}…"


def columns_of(text: Sequence[str]) -> int:
    """Return how many columns a text takes; wide signs take two."""
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )
