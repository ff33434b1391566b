"""Write to stdout and stderr, also when one of them fails.

stderr carries words about the work. A full disk, a closed pipe or a lost
terminal must not decide what becomes of the work, so that no write to it
ever fails. stdout carries the result: one that cannot be written is an
error of its own, `OutputNotWritten`, or the closed pipe that every tool
knows.

Both hold to the end of the process: Python flushes its streams when it
ends, and what fails there would overwrite the exit status.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from protectorclient import exceptions
from protectorclient.escape import escaped

NAMES = ("stdin", "stdout", "stderr")


class _Stream:
    """Passes everything on to a stream but what it does itself."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def write(self, text: str) -> int:
        """Write a text.

        :returns: how many characters.
        """
        raise NotImplementedError


class Picture(_Stream):
    """stderr as a screen to draw on: what cannot be drawn is missing."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class Words(Picture):
    """stderr: a message that cannot be written is dropped.

    Messages and logs hold what others wrote: no control character of
    theirs reaches the terminal from here.
    """

    def write(self, text: str) -> int:
        return super().write(escaped(text, keep="\n\t"))

    @property
    def picture(self) -> Picture:
        """Write a frame, whose control characters are our own."""
        return Picture(self._stream)


class Result(_Stream):
    """stdout: a failed write is raised once, when it is flushed.

    Until then writing goes on, as if the result had arrived.
    """

    #: What went wrong; the end of the process must not repeat it.
    error: OSError | None = None
    is_reported = False

    def write(self, text: str) -> int:
        if self.error is None:
            with self._noting():
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held.

        :raises OutputNotWritten: that, or an earlier write, has failed.
        :raises BrokenPipeError: nobody reads any more.
        """
        if self.error is None:
            with self._noting():
                self._stream.flush()
        if self.error is None or self.is_reported:
            return
        self.is_reported = True
        reason = self.error.strerror or self.error
        raise exceptions.OutputNotWritten(
            f"standard output cannot be written: {reason}"
        ) from self.error

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            self.error, self.is_reported = error, True
            raise
        except OSError as error:
            self.error = error


_KINDS: dict[str, type[_Stream]] = {"stdout": Result, "stderr": Words}


def replace_closed() -> None:
    """Open what is closed on nothing; for a process of our own.

    Python has None for a stream that was closed before it began, as after
    ``2>&-``.
    """
    for number, name in enumerate(NAMES):
        try:
            os.fstat(number)
        except OSError:
            # takes the lowest that is free: no socket becomes a stream
            os.open(os.devnull, os.O_RDWR)
        _lend(sys, name)
    guard(sys)


def lend(app: Any) -> None:
    """Replace the streams of a shell that is not ours, and has begun.

    :param app: None where a command is made only to look at it.
    """
    if app is None:
        return
    for holder in (sys, app):
        for name in NAMES:
            _lend(holder, name)
        guard(holder)


def guard(holder: Any) -> None:
    """Have a shell, or ``sys``, write to streams that do as said above."""
    for name, kind in _KINDS.items():
        stream = getattr(holder, name)
        if stream is None or isinstance(stream, _Stream):
            continue
        known = getattr(sys, name)
        _take_every_name(stream)
        if isinstance(known, kind) and known._stream is stream:
            setattr(holder, name, known)
        else:
            setattr(holder, name, kind(stream))
    if not _AtExit.is_prepared:
        _AtExit.is_prepared = True
        atexit.register(let_go)


class _AtExit:
    is_prepared = False


def let_go() -> None:
    """Drop what a stream still buffers and cannot write.

    Python would try once more when it throws the stream away, and complain.
    """
    if isinstance(sys.stdout, Result):
        # the command has reported it
        sys.stdout.is_reported = True
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _lend(holder: Any, name: str) -> None:
    if getattr(holder, name, None) is None:
        mode = "r" if name == "stdin" else "w"
        with contextlib.suppress(OSError):
            setattr(holder, name, open(os.devnull, mode))  # noqa: SIM115


def _take_every_name(stream: Any) -> None:
    """Spell out the characters that the terminal's encoding lacks.

    It must not hide the rest of what is written.
    """
    with contextlib.suppress(AttributeError, OSError, ValueError):
        stream.reconfigure(errors="backslashreplace")
