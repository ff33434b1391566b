"""Streams that are not there, as after ``2>&-``.

Python has None for a stream that was closed before it began. What a command
ends with must not depend on whether anybody listens.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

NAMES = ("stdin", "stdout", "stderr")


def replace_closed() -> None:
    """Open what is closed on nothing; for a process of our own."""
    for number, name in enumerate(NAMES):
        try:
            os.fstat(number)
        except OSError:
            # takes the lowest that is free: no socket becomes a stream
            os.open(os.devnull, os.O_RDWR)
        _lend(sys, name)


def lend(app: Any) -> None:
    """The same for a shell that is not ours, and has begun."""
    for name in NAMES:
        _lend(app, name)


def _lend(holder: Any, name: str) -> None:
    if getattr(holder, name, None) is None:
        mode = "r" if name == "stdin" else "w"
        with contextlib.suppress(OSError):
            setattr(holder, name, open(os.devnull, mode))  # noqa: SIM115
