"""Paint a frame on a terminal, again and again.

Rich does the drawing. It is imported here alone, once there is a terminal
to draw on, so that no other command pays for it.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any, TextIO

from protectorclient.osc.live import frame as view

#: Terminals that cannot move their cursor.
DUMB = ("", "dumb", "unknown")
FRAMES_A_SECOND = 4
#: The lines of a picture: for a width, a height and the characters that the
#: terminal takes; and whether it says how it is left.
Draw = Callable[[int, int, view.Signs, bool], list[view.Line]]


def can_draw(stream: TextIO) -> bool:
    """Return whether a stream leads to a terminal on which pictures can
    change."""
    if os.environ.get("TERM", "") in DUMB:
        return False
    try:
        if not stream.isatty():
            return False
        # a job in the background leaves the screen to who is in front
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        return False


def signs_for(stream: TextIO) -> view.Signs:
    """Return the characters that a stream can take."""
    try:
        "".join(vars(view.UNICODE).values()).encode(stream.encoding or "")
    except (LookupError, UnicodeError):
        return view.ASCII
    return view.UNICODE


def wants_color(environment: Mapping[str, str]) -> bool:
    """Return whether a terminal gets colors: NO_COLOR, then CLICOLOR_FORCE,
    then CLICOLOR say so."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return environment.get("CLICOLOR") != "0"


class Screen:
    """A context in which the picture is on the terminal and kept current.

    The terminal's other screen is used: it can be resized in any way, and
    what was there before is there again afterwards, with the last picture
    below it.

    :param draw: called for every frame, from a thread of its own.
    :param size: the width and height of the terminal; without it the
        terminal is asked at each frame.
    :param ticks: draw several times a second; else :meth:`refresh` draws.
    """

    def __init__(
        self,
        draw: Draw,
        stream: TextIO,
        *,
        size: Callable[[], tuple[int, int]] | None = None,
        ticks: bool = True,
    ) -> None:
        from rich import console, live

        self._draw = draw
        self._asked_size = size
        self._signs = signs_for(stream)
        self._last: list[view.Line] = []
        self._console = console.Console(
            # what is drawn has been escaped piece by piece
            file=getattr(stream, "picture", stream),
            highlight=False,
            markup=False,
            emoji=False,
            no_color=not wants_color(os.environ),
        )
        self._live = live.Live(
            get_renderable=self._picture,
            console=self._console,
            screen=True,
            auto_refresh=ticks,
            refresh_per_second=FRAMES_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._handlers = contextlib.ExitStack()

    def __enter__(self) -> Screen:
        if threading.current_thread() is threading.main_thread():
            self._handlers.enter_context(_handled("SIGTSTP", self._suspend))
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._live.stop()
        self._handlers.close()
        width, _ = self._size()
        with contextlib.suppress(OSError):
            for line in self._lines(width, 10_000, footer=False):
                self._console.print(self._text(line), soft_wrap=True)

    def __call__(self, event: object) -> None:
        """Mark that the next frame has to be drawn."""

    def refresh(self) -> None:
        """Draw the picture now, as large as the terminal is now."""
        # rich takes the room that a picture has before it asks for one
        self._size()
        self._live.refresh()

    def _size(self) -> tuple[int, int]:
        if self._asked_size is not None:
            self._console.size = self._asked_size()
        size = self._console.size
        return size.width, size.height

    def _picture(self) -> Any:
        from rich import console

        width, height = self._size()
        # a mistake in here must not end what it only shows
        with contextlib.suppress(Exception):
            self._last = self._lines(width, height, footer=True)
        return console.Group(*map(self._text, self._last))

    def _lines(
        self, width: int, height: int, *, footer: bool
    ) -> list[view.Line]:
        return self._draw(width, height, self._signs, footer)

    def _text(self, line: view.Line) -> Any:
        from rich import text

        made = text.Text(no_wrap=True, overflow="crop", end="")
        for words, style in line:
            made.append(words, style or None)
        made.end = "\n"
        return made

    def _suspend(self, number: int, frame: FrameType | None) -> None:
        """Give the terminal back while this is stopped."""
        self._live.stop()
        with _handled("SIGTSTP", signal.SIG_DFL):
            os.kill(os.getpid(), signal.SIGTSTP)
        self._live.start()


Handler = Callable[[int, FrameType | None], Any] | signal.Handlers


@contextlib.contextmanager
def _handled(name: str, handler: Handler) -> Iterator[None]:
    """Handle a signal in our way within the block."""
    number = getattr(signal, name, None)
    if number is None:
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
