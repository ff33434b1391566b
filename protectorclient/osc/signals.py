"""End a command on SIGTERM and SIGHUP as on Ctrl-C.

Both are raised as KeyboardInterrupt, so that whatever minds the keyboard
minds them too. Only the exit status tells them apart. A signal that was
ignored when the command began, as ``nohup`` has it, stays ignored.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

#: The exit status of a command that the keyboard has interrupted.
INTERRUPTED = 130
NAMES = ("SIGTERM", "SIGHUP")


class _Heard:
    """What has arrived in this process since the command began."""

    number: int | None = None
    #: Whether the last words are being said, and what came meanwhile.
    ending = False
    repeats = 0


_heard = _Heard()
_listening = False


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Take both signals as interruptions while a command runs.

    Does nothing inside another one, or outside the main thread, where
    Python has no signals.
    """
    global _heard, _listening
    main = threading.current_thread() is threading.main_thread()
    if _listening or not main:
        yield
        return
    _heard, _listening = _Heard(), True
    with contextlib.ExitStack() as put_back:
        put_back.callback(_not_listening)
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) in (
                signal.SIG_IGN,
                None,
            ):
                continue
            before = signal.signal(number, _interrupt)
            put_back.callback(signal.signal, number, before)
        yield


@contextlib.contextmanager
def noting() -> Iterator[Callable[[], bool]]:
    """Note the first signal in place of an interruption.

    For what ends by itself once it knows: the second signal interrupts it.

    :returns: whether one has come.
    """
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def note(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            _heard.number = number
        if noted:
            raise KeyboardInterrupt
        noted.append(number)

    with contextlib.ExitStack() as put_back:
        for name in ("SIGINT", *NAMES):
            kind = getattr(signal, name, None)
            if kind is None or signal.getsignal(kind) in (
                signal.SIG_IGN,
                None,
            ):
                continue
            before = signal.signal(kind, note)
            put_back.callback(signal.signal, kind, before)
        yield lambda: bool(noted)


def _not_listening() -> None:
    global _listening
    _listening = False


def ending() -> None:
    """Note that the command writes its last message.

    A closed terminal sends SIGHUP twice: one more signal does not cut the
    message off, the next one ends the process at once.
    """
    _heard.ending = True


def status(code: int) -> int:
    """Return the exit status, with the signal that has interrupted the
    command."""
    if code == INTERRUPTED and _heard.number is not None:
        return 128 + _heard.number
    return code


def _interrupt(number: int, frame: FrameType | None) -> None:
    _heard.number = number
    if not _heard.ending:
        raise KeyboardInterrupt
    _heard.repeats += 1
    if _heard.repeats > 1:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
