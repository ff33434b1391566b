"""Render ``status --watch``: as many groups as fit, problems first.

Pure: rows, notes, a width and a height in, lines out.
"""

from __future__ import annotations

import dataclasses
import datetime
import threading
from collections.abc import Iterator, Sequence

from protectorclient.durations import span
from protectorclient.osc.formats import below, measure, table
from protectorclient.osc.live import frame as view

#: Left out in turn, where a terminal is too narrow for all.
LEAST_TOLD = ("Last Operation", "Last Drill", "Lag", "Primary", "In Sync")
#: Lines of a table that are no rows: borders, and headings of two lines.
_AROUND = 5
_READY = {"yes": "ready", "no": "not ready"}
#: Of the height, what warnings may take.
_NOTES = 4


@dataclasses.dataclass(frozen=True)
class Entry:
    """One group: its cells, and why it is not ready."""

    cells: tuple[str, ...]
    name: str
    #: "yes", "no", or why it is not known.
    ready: str
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Glance:
    """The result of one query."""

    titles: tuple[str, ...]
    entries: tuple[Entry, ...]
    #: Warnings, such as that a site is silent.
    notes: tuple[str, ...]
    at: datetime.datetime
    #: Seconds between two looks.
    interval: float
    #: Why the looks since then found nothing.
    error: str | None = None


class Board:
    """The last result, drawn for a terminal of any size."""

    def __init__(self, glance: Glance) -> None:
        self._lock = threading.Lock()
        self._glance = glance
        self._drawn: tuple[object, list[view.Line]] = (None, [])

    def take(self, glance: Glance) -> None:
        """Show another result from now on."""
        with self._lock:
            self._glance = glance

    def lose(self, error: str) -> None:
        """Keep the last rows, and say that the look has failed."""
        with self._lock:
            self._glance = dataclasses.replace(self._glance, error=error)

    def __call__(
        self, width: int, height: int, signs: view.Signs, footer: bool
    ) -> list[view.Line]:
        with self._lock:
            glance = self._glance
            key = (id(glance), width, height, footer)
            if self._drawn[0] != key:
                lines = frame(glance, width, height, footer=footer)
                self._drawn = (key, lines)
            return self._drawn[1]


def frame(
    glance: Glance, width: int, height: int, *, footer: bool = True
) -> list[view.Line]:
    """Return the groups that fit, and count the rest.

    :param footer: with what else there is to say while it is watched.
    """
    head = _head(glance)
    last: list[view.Line] = []
    if footer:
        last += _notes(glance, width, max(1, height // _NOTES))
        last.append([("Ctrl-C stops watching.", view.DIM)])
    room = height - len(last) - 1
    body = [*_body(glance, width, room)]
    lines: list[view.Line] = [[(head, view.BOLD)], *body, *last]
    return [view.cut(line, width) for line in lines[:height]]


def _head(glance: Glance) -> str:
    at = glance.at.strftime("%H:%M:%S UTC")
    return f"{at}, every {span(glance.interval)}"


def _notes(glance: Glance, width: int, most: int) -> list[view.Line]:
    told = list(glance.notes)
    if glance.error is not None:
        at = glance.at.strftime("%H:%M:%S UTC")
        told.insert(0, f"this is of {at}; now: {glance.error}")
    lines = [part for one in told for part in measure.hanging(one, width)]
    if len(lines) > most:
        lines = lines[:most]
        lines[-1] = view.fit(f"{lines[-1]} …", width)
    return [[(line, view.WARN)] for line in lines]


def _body(glance: Glance, width: int, room: int) -> list[view.Line]:
    """Return the table and the reasons: all of them, else one of each
    group."""
    entries = glance.entries
    rows = _table(glance, entries, width)
    whole = [*rows, *_reasons(entries, width)]
    if len(whole) <= room:
        return whole
    return _most(glance, width, room)


def _most(glance: Glance, width: int, room: int) -> list[view.Line]:
    """Return as many groups as fit, and a count of the rest.

    Where not even one fits, groups without reasons.
    """
    for told in (True, False):
        low, high = 0, min(len(glance.entries), max(0, room))
        while low < high:
            count = (low + high + 1) // 2
            if len(_some(glance, count, width, told)) <= room:
                low = count
            else:
                high = count - 1
        if low:
            break
    return _some(glance, low, width, told)[: max(0, room)]


def _some(
    glance: Glance, count: int, width: int, with_reasons: bool
) -> list[view.Line]:
    shown, rest = glance.entries[:count], glance.entries[count:]
    lines = [*_table(glance, shown, width)] if shown else []
    if with_reasons:
        lines += _first_reasons(shown, width)
    if rest:
        counts: dict[str, int] = {}
        for one in rest:
            words = _READY.get(one.ready, "unknown")
            counts[words] = counts.get(words, 0) + 1
        told = ", ".join(f"{n} {words}" for words, n in counts.items())
        lines.append([(f"and {len(rest)} more: {told}", view.DIM)])
    return lines


def _table(
    glance: Glance, entries: Sequence[Entry], width: int
) -> list[view.Line]:
    """Return the columns that fit with a line for each group, if any do.

    The others are in `status` without --watch.
    """
    kept = list(range(len(glance.titles)))
    best: list[str] | None = None
    for left_out in (None, *LEAST_TOLD):
        kept = [n for n in kept if glance.titles[n] != left_out]
        titles = [glance.titles[n] for n in kept]
        rows = [[one.cells[n] for n in kept] for one in entries]
        lines = table.in_columns(titles, rows, width)
        if lines is None:
            continue
        best = best or lines
        if len(lines) <= len(rows) + _AROUND:
            best = lines
            break
    best = best or table.blocks(titles, rows, width)
    return [[(line, view.PLAIN)] for line in best]


def _reasons(entries: Sequence[Entry], width: int) -> Iterator[view.Line]:
    told = [(one.name, text) for one in entries for text in one.reasons]
    for said in below.shared(told):
        for line in measure.hanging(said, width):
            yield [(line, view.WARN)]


def _first_reasons(
    entries: Sequence[Entry], width: int
) -> Iterator[view.Line]:
    """Return one of each group, cut to a line."""
    told = [(one.name, one.reasons[0]) for one in entries if one.reasons]
    for said in below.shared(told, 1):
        yield [(view.fit(said, width), view.WARN)]
    others = sum(len(one.reasons) - 1 for one in entries if one.reasons)
    if others:
        told_of = "reason" if others == 1 else "reasons"
        yield [(f"and {others} more {told_of}", view.DIM)]
