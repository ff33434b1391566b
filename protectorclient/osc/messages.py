"""Write messages to stderr."""

from __future__ import annotations

from collections.abc import Iterable
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
