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
from protectorclient.evidence.record import Group, Record, StepState

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
        for one in _spans(group):
            moments += [one.began_at, one.ended_at or one.began_at]
        answered = group.rto.achieved_seconds
        if answered is not None:
            begin = group.began_at or record.began_at
            moments.append(begin + datetime.timedelta(seconds=answered))
    return min(moments), max(moments)


@dataclasses.dataclass
class _Span:
    """A step, or several whose ends nobody has seen one by one."""

    names: list[str]
    #: Of its steps in the group; empty for a whole operation.
    numbers: list[int]
    began_at: datetime.datetime
    ended_at: datetime.datetime | None
    state: StepState

    @property
    def number(self) -> str:
        ends = sorted({*self.numbers[:1], *self.numbers[-1:]})
        return "-".join(map(str, ends))


def _spans(group: Group) -> list[_Span]:
    """Return the steps whose times are known; else the operations whole."""
    found: list[_Span] = []
    now: _Span | None = None
    for number, step in enumerate(group.steps, 1):
        if step.began_at is not None:
            if now is not None and now.ended_at is None:
                now.ended_at = step.began_at
            now = _Span(
                [step.name], [number], step.began_at, step.ended_at, step.state
            )
            found.append(now)
        elif now is not None and step.state is not StepState.NOT_REACHED:
            now.names.append(step.name)
            now.numbers.append(number)
            now.ended_at = step.ended_at
            now.state = step.state
        if step.ended_at is not None:
            now = None
    last = found[-1] if found else None
    if last is not None and last.state is not StepState.RUNNING:
        end = group.ended_at or last.began_at
        last.ended_at = last.ended_at or max(end, last.began_at)
    return found or [
        _Span(
            [one.type],
            [],
            one.started_at,
            one.completed_at,
            StepState.DONE
            if one.status == "completed"
            else StepState.FAILED
            if one.completed_at
            else StepState.RUNNING,
        )
        for one in group.operations
        if one.started_at is not None
    ]


def _row(group: Group, begin: datetime.datetime, length: float) -> Row:
    def share(when: datetime.datetime) -> float:
        return 100 * (when - begin).total_seconds() / length

    bars = []
    for position, one in enumerate(_spans(group)):
        left = share(one.began_at)
        right = share(one.ended_at) if one.ended_at else left
        if one.state is StepState.RUNNING:
            right = 100.0
        width = max(right - left, _LEAST)
        left = max(0.0, min(left, 100 - width))
        took = "not measured"
        if one.ended_at is not None:
            took = span((one.ended_at - one.began_at).total_seconds())
        number = one.number
        bars.append(
            Bar(
                round(left, 3),
                round(min(width, 100.0), 3),
                number if width >= _NUMBERED * max(1, len(number) / 2) else "",
                one.state.value,
                position % 2 == 1,
                f"{', '.join(one.names)}: {took}",
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
