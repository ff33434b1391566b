"""Choose how running operations are shown: as a frame or as lines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.polling.events import Event
    from protectorclient.polling.progress_state import ProgressState
    from protectorclient.records.operation import Operation

#: Takes one event, when the state has it already.
Display = Callable[["Event"], object]
#: A display while operations run.
Shown = contextlib.AbstractContextManager[Display]


@contextlib.contextmanager
def progress(
    command: Command, state: ProgressState, *, each: bool = False
) -> Iterator[Display]:
    """Show events on stderr: a frame on a terminal, lines elsewhere.

    :param each: name the group of an operation that is alone, too.
    """
    from protectorclient.osc.live import lines

    if command.is_quiet:
        state.estimates = False
        yield lambda event: None
    elif may_draw(command, command.app.stderr):
        with drawn(command, state, command.app.stderr) as display:
            yield display
    else:
        state.estimates = False
        yield lines.Reporter(command.info, label=labels(state, each=each))


@contextlib.contextmanager
def drawn(
    command: Command, state: ProgressState, stream: Any
) -> Iterator[Display]:
    """Draw the state in place; warnings follow when the frame is finished."""
    from protectorclient.osc.live import frame, screen

    def draw(
        width: int, height: int, signs: frame.Signs, footer: bool
    ) -> list[frame.Line]:
        return frame.frame(state, width, height, signs, footer=footer)

    try:
        with screen.Screen(draw, stream) as picture:
            yield picture
    finally:
        for message in state.doubts:
            command.warn(message)


def may_draw(command: Command, stream: Any) -> bool:
    """Return whether a frame can be drawn: not between the lines of a log."""
    from protectorclient.osc.live import screen

    given = command.app.options
    is_log = given.verbose_level > 1 or given.debug
    return not is_log and screen.can_draw(stream)


def labels(
    state: ProgressState, *, each: bool = False, several: bool = False
) -> Callable[[Operation], str]:
    """Return the labels of the lines of several operations.

    :param each: name the group of one that is alone, too.
    :param several: there may be more of them later.
    """

    def group(operation: Operation) -> str:
        name = state.names.get(operation.protection_group_id or "")
        return f"{name}: " if name and each else ""

    if len(state.operations) < 2 and not several:
        return group

    def label(operation: Operation) -> str:
        name = state.names.get(operation.protection_group_id or "")
        return f"{name} {operation.id}: " if name else f"{operation.id}: "

    return label
