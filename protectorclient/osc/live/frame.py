"""Render running operations as lines of styled text.

Pure: what is known, a width and a height in, lines out. No line is wider
and there are no more of them than fit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable

from protectorclient.durations import span
from protectorclient.escape import escaped
from protectorclient.osc.formats import measure
from protectorclient.polling import eta, events, phases
from protectorclient.polling.progress_state import (
    OperationState,
    ProgressState,
    Silence,
)

#: Pieces of text, each with the name of a style.
Line = list[tuple[str, str]]

BOLD, DIM, GOOD, BAD, BUSY, WARN = (
    "bold",
    "dim",
    "green",
    "red",
    "cyan",
    "yellow",
)
PLAIN = ""
_STATES = {
    "done": GOOD,
    "failed": BAD,
    "running": BUSY,
    "waiting": DIM,
}
_OUTCOMES = {
    events.Outcome.COMPLETED: ("done", "completed", GOOD),
    events.Outcome.PARTIAL: ("failed", "completed in part", WARN),
    events.Outcome.ROLLED_BACK: ("failed", "failed, rolled back", BAD),
    events.Outcome.LEFTOVERS: ("failed", "failed, leftovers", BAD),
    events.Outcome.OTHER: ("failed", "ended", BAD),
    events.Outcome.RUNNING: ("running", "still running", BUSY),
    events.Outcome.UNKNOWN: ("unknown", "unknown", WARN),
}
_FOOTER = "Ctrl-C stops watching; what runs goes on."
_SHORT_FOOTER = "Ctrl-C only stops watching."
#: Cells below which less is told of each operation.
_NARROW = 60
#: Characters of a cause below which it says nothing.
_LEAST = 10


@dataclasses.dataclass(frozen=True)
class Signs:
    """The characters that stand for states."""

    done: str = "✓"
    failed: str = "✗"
    running: str = "▸"
    waiting: str = "·"
    unknown: str = "?"
    full: str = "━"
    empty: str = "─"


UNICODE = Signs()
ASCII = Signs("+", "x", ">", ".", "?", "#", "-")


def frame(
    state: ProgressState,
    width: int,
    height: int,
    signs: Signs = UNICODE,
    *,
    footer: bool = True,
) -> list[Line]:
    """Return all operations, each in the longest form that fits."""
    with state.lock:
        below = _silences(state, width)
        if footer and any(not one.ended for one in state.operations):
            said = _FOOTER if len(_FOOTER) <= width else _SHORT_FOOTER
            below.append([(said, DIM)])
        if below:
            below.insert(0, [])
        room = height - len(below)
        picture = _Picture(state, width, signs)
        found = picture.blocks(room) or picture.rows(room)
        return [cut(line, width) for line in [*found, *below][:height]]


class _Picture:
    def __init__(self, state: ProgressState, width: int, signs: Signs) -> None:
        self._progress = state
        self._width = width
        self._signs = signs

    def blocks(self, room: int) -> list[Line]:
        """As much of each as fits, and more of those that still run.

        Nothing where not even the least of all fits.
        """
        ordered = sorted(
            self._progress.operations, key=lambda one: one.ended is not None
        )
        chosen = {one.key.operation_id: self.short(one) for one in ordered}
        for form in (self.steps, self.whole):
            for one in ordered:
                identity = one.key.operation_id
                wider = {**chosen, identity: form(one)}
                if len(_apart(wider.values())) <= room:
                    chosen = wider
        blocks = [
            chosen[one.key.operation_id] for one in self._progress.operations
        ]
        found = _apart(blocks)
        return found if len(found) <= room else []

    # One operation with all its steps

    def whole(self, one: OperationState) -> list[Line]:
        operation = one.operation
        if operation is None:
            return [*self._titled(one), *self._state(one)]
        lines: list[Line] = [
            *self._titled(one),
            [(operation.id, DIM)],
            *self._state(one),
        ]
        for name, steps in phases.layout(operation):
            if name:
                states = {step.state for step in steps}
                style = DIM if states == {"waiting"} else PLAIN
                lines.append([("  " + name, style)])
            lines += [self._step(one, step) for step in steps]
        if operation.error_message:
            lines += [
                [(text, BAD)]
                for text in measure.wrapped(
                    f"  {escaped(operation.error_message)}",
                    max(20, self._width),
                )
            ]
        return lines

    def steps(
        self, one: OperationState, states: Container[str] | None = None
    ) -> list[Line]:
        """Return the frame without phases and id; only steps in `states`,
        where given."""
        title = fit(self._title(one), self._width)
        lines: list[Line] = [[(title, BOLD)], *self._state(one)]
        if one.operation is not None:
            lines += [
                self._step(one, step)
                for _, steps in phases.layout(one.operation)
                for step in steps
                if states is None or step.state in states
            ]
        return lines

    def short(self, one: OperationState) -> list[Line]:
        """Return the frame without the steps that do not run."""
        return self.steps(one, ("running", "failed"))

    def _title(self, one: OperationState) -> str:
        operation = one.operation
        if operation is None:
            return one.key.operation_id
        named = self._progress.name
        title = _kind(operation.operation_type)
        if operation.protection_group_id:
            title += f" of {named(operation.protection_group_id)}"
        if operation.source_site_id and operation.target_site_id:
            title += (
                f", {named(operation.source_site_id)} to "
                f"{named(operation.target_site_id)}"
            )
        return title

    def _titled(self, one: OperationState) -> list[Line]:
        title = escaped(self._title(one))
        return [[(part, BOLD)] for part in measure.hanging(title, self._width)]

    def _state(self, one: OperationState) -> list[Line]:
        """Return the state in one line; the estimate below it, where it does
        not fit."""
        sign, words, style = self._words(one)
        line = [(f"{sign} {words}", style)]
        operation = one.operation
        if operation is None:
            return [line]
        line.append((f"  {operation.progress} %", PLAIN))
        if self._width >= 100:
            line.append(("  ", PLAIN))
            line += self._bar(operation.progress, 30)
        silent_for = self._progress.silent_for(one)
        if silent_for is not None:
            line.append((f", {span(silent_for)} ago", style))
            return [line]
        line.append((f"  {span(self._progress.elapsed(one))}", PLAIN))
        guess = self._progress.estimate(one)
        if guess is None or one.ended is not None:
            return [line]
        told = self._guess(one, guess)
        beside: Line = [*line, (f", {told}", PLAIN)]
        if _cells(beside) <= self._width:
            return [beside]
        parts = measure.hanging(f"  {told}", self._width)
        return [line, *([(part, PLAIN)] for part in parts)]

    def _words(self, one: OperationState) -> tuple[str, str, str]:
        if one.operation is not None:
            silent_for = self._progress.silent_for(one)
            if silent_for is not None:
                words = self._last_seen(one, one.operation.status)
                return self._signs.unknown, words, WARN
        if one.ended is not None:
            state, words, style = _OUTCOMES[one.ended.outcome]
            if one.ended.is_absent:
                words = "no such operation"
            elif one.ended.outcome is events.Outcome.OTHER and one.operation:
                words = f"ended: {one.operation.status}"
        elif one.operation is None:
            state, words, style = "unknown", "nothing heard yet", DIM
        elif one.operation.state == "rolling_back":
            state, words, style = "running", "rolling back", WARN
        else:
            state, words, style = "running", one.operation.status, BUSY
        return getattr(self._signs, state), words, style

    def _last_seen(self, one: OperationState, status: str) -> str:
        """Return the words for a record of a site that does not answer."""
        words = f"last seen {status.replace('_', ' ')}"
        ended = one.ended
        if ended is not None and ended.outcome is events.Outcome.UNKNOWN:
            return f"unknown, {words}"
        return words

    def _guess(self, one: OperationState, guess: eta.Estimate) -> str:
        assert one.operation is not None
        kind = _kind(one.operation.operation_type)
        plural = kind if guess.count == 1 else f"{kind}s"
        where = "of this group" if guess.same_group else f"at {one.key.site}"
        if guess.left is None:
            return f"longer than {guess.count} {plural} {where} before"
        return (
            f"about {span(guess.left)} left, by {guess.count} {plural} {where}"
        )

    def _bar(self, percent: int, width: int) -> Line:
        full = round(width * min(100, max(0, percent)) / 100)
        return [
            (self._signs.full * full, BUSY),
            (self._signs.empty * (width - full), DIM),
        ]

    def _step(self, one: OperationState, step: phases.Step) -> Line:
        sign = getattr(self._signs, step.state)
        style = _STATES[step.state]
        # the longest names and "59m 59s" are whole on 40 columns
        indent, seconds_wide = (4, 8) if self._width >= 46 else (2, 7)
        line: Line = [(f"{' ' * indent}{sign} ", style)]
        before = indent + len("✓ ")
        room = min(32, max(8, self._width - before - seconds_wide))
        name = measure.padded(fit(step.name, room), room)
        line.append((name, DIM if style == DIM else PLAIN))
        seconds = one.taken.get(step.name)
        if step.state == "running" and one.ended is None:
            seconds = self._progress.step_elapsed(one)
        if seconds is not None:
            line.append((f"{span(seconds):>{seconds_wide}}", PLAIN))
        if step.state == "running" and one.ended is None:
            slow = self._progress.slow(one, step.name)
            if slow is not None:
                told = (
                    f"  slow: 95 % of {slow.count} took at most"
                    f" {span(slow.limit)}"
                )
                room = self._width - _cells(line)
                line.append((told if len(told) <= room else "  slow", WARN))
        return line

    # Many operations, one line each

    def rows(self, room: int) -> list[Line]:
        """Those that run first; what does not fit is counted."""
        ordered = sorted(
            self._progress.operations, key=lambda one: one.ended is not None
        )
        if len(ordered) <= room:
            return [self._row(one) for one in ordered]
        shown = max(0, room - 1)
        left = ordered[shown:]
        counts: dict[str, int] = {}
        for one in left:
            words = self._words(one)[1]
            counts[words] = counts.get(words, 0) + 1
        told = ", ".join(f"{n} {words}" for words, n in counts.items())
        rest: Line = [(f"and {len(left)} more: {told}", DIM)]
        return [*(self._row(one) for one in ordered[:shown]), rest][:room]

    def _row(self, one: OperationState) -> Line:
        sign, words, style = self._words(one)
        operation = one.operation
        if operation is None:
            return [
                (f"{sign} ", style),
                (f"{one.key.operation_id}  {words}", PLAIN),
            ]
        name = self._progress.name(operation.protection_group_id)
        narrow = self._width < 100
        long = 16 if narrow else 32
        line: Line = [
            (f"{sign} ", style),
            (f"{measure.padded(fit(name, long), long)} ", PLAIN),
        ]
        if self._width >= _NARROW:
            line.append((f"{_kind(operation.operation_type):<13} ", PLAIN))
        line.append((f"{operation.progress:>3} % ", PLAIN))
        if not narrow:
            line += self._bar(operation.progress, 20)
            line.append((" ", PLAIN))
        if self._width >= _NARROW:
            elapsed = span(self._progress.elapsed(one))
            line.append((f"{elapsed:>8}  ", PLAIN))
        silent_for = self._progress.silent_for(one)
        if silent_for is not None:
            line.append((f"last seen {span(silent_for)} ago", style))
            return line
        step = phases.current(operation)
        if one.ended is not None or step is None:
            line.append((words, style))
            return line
        line.append((step, style))
        guess = self._progress.estimate(one)
        if guess is not None and guess.left is not None and not narrow:
            line.append((f"  {span(guess.left)} left, by {guess.count}", DIM))
        if self._progress.slow(one, step) is not None:
            line.append(("  slow", WARN))
        return line


def _cells(line: Line) -> int:
    return sum(measure.width(escaped(text)) for text, _ in line)


def _apart(blocks: Iterable[list[Line]]) -> list[Line]:
    """Blocks with an empty line between them."""
    found: list[Line] = []
    for block in blocks:
        found += [[], *block] if found else block
    return found


def _silences(state: ProgressState, width: int) -> list[Line]:
    """Return the sites that are asked and do not answer, each in one line."""
    asked = {one.key.site for one in state.operations if not one.ended}
    now = state.clock()
    return [
        [(_silence(site, silence, now, width), WARN)]
        for site, silence in state.silent.items()
        # where one is not known yet, all are asked
        if asked & {site, ""}
    ]


def _silence(site: str, silence: Silence, now: float, width: int) -> str:
    """Say that a site does not answer; cut the cause where the line is
    full."""
    head = f"no answer from {site} for {span(now - silence.since)}"
    tail = ""
    if silence.until is not None:
        tail = f"; giving up in {span(silence.until - now)}"
    room = width - len(head) - len(tail) - len(" ()")
    if room < _LEAST:
        return head + tail
    return f"{head} ({fit(silence.message, room)}){tail}"


def _kind(operation_type: str) -> str:
    return {
        "sync_volumes": "replication",
        "test_cleanup": "test clean-up",
    }.get(operation_type, operation_type.replace("_", " "))


def fit(text: str, width: int) -> str:
    """Cut a text that is too long, and mark that it is cut."""
    text = escaped(text)
    if measure.width(text) <= width:
        return text
    return measure.cut(text, width - 1).rstrip() + "…"


def cut(line: Iterable[tuple[str, str]], width: int) -> Line:
    """Remove control characters from a line, and cut it to the width."""
    found: Line = []
    for text, style in line:
        if width <= 0:
            break
        shown = escaped(text)
        found.append((measure.cut(shown, width), style))
        width -= measure.width(shown)
    return found


def plain(lines: Iterable[Line]) -> list[str]:
    """Remove the styles from lines."""
    return ["".join(text for text, _ in line).rstrip() for line in lines]
