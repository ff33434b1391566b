"""Write messages to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TextIO

from protectorclient.escape import escaped


def put(stream: TextIO, lines: Iterable[str]) -> None:
    """Write lines at once."""
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()


def fitted(text: str, stream: TextIO) -> list[str]:
    """Return the lines of a sentence, broken for a terminal."""
    from protectorclient.osc.formats import formatters, measure

    line = escaped(text)
    if not stream.isatty():
        return [line]
    return measure.hanging(line, formatters.terminal_width(stream))


def sentence(error: BaseException) -> str:
    """Return an error as one line."""
    if isinstance(error, KeyboardInterrupt) and not str(error):
        return "interrupted"
    lines = [line.strip() for line in str(error).splitlines()]
    text = " ".join(line for line in lines if line)
    request_id = getattr(error, "request_id", None)
    if request_id:
        text = f"{text} ({request_id})"
    return text or type(error).__name__


class Messages:
    """What a command writes to stderr.

    :param stream: returns where it goes.
    """

    def __init__(self, stream: Callable[[], TextIO]) -> None:
        self._stream = stream
        #: What waits until nothing more is asked; None where nothing does.
        self._held: list[list[str]] | None = None

    def write(self, lines: list[str]) -> None:
        """Write lines at once, or when they are released."""
        if self._held is None:
            put(self._stream(), lines)
        else:
            self._held.append(lines)

    @property
    def are_held(self) -> bool:
        """Return whether they wait until nothing more is asked."""
        return self._held is not None

    def hold(self) -> None:
        """Keep what is written until `release`."""
        self._held = []

    def release(self, *, written: bool = True) -> None:
        """Write what was kept, or forget it; keep nothing more."""
        held, self._held = self._held or [], None
        for lines in held if written else ():
            put(self._stream(), lines)
