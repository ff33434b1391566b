"""The one clock that everything in a site reads; a test can set it.

``time()`` is seconds since the epoch, UTC.
"""

import datetime
import functools
import itertools
import os
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from fakeserver.base import json_file

#: Seconds; three of them are before the year 9999.
_FURTHEST = 6e10
FORMAT = "%Y-%m-%dT%H:%M:%SZ"
#: How long to wait before each further look at what is to come, seconds;
#: from then on the longest. Most changes of a cloud take a moment.
_POLLS, _LONGEST_POLL = (0.1, 0.1, 0.2, 0.3, 0.5), 1.0


class Clock(Protocol):
    """The interface of a clock for the engine, the tokens and the arrays."""

    def time(self) -> float: ...

    def sleep(
        self, seconds: float, stop: threading.Event | None = None
    ) -> None: ...


def stamp(seconds: float) -> str:
    """Format seconds since the epoch as the API writes a time."""
    return _stamp(int(seconds))


# a list has the same few moments in many rows, and strftime is slow
@functools.lru_cache(maxsize=1024)
def _stamp(seconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime(FORMAT)


def parse_stamp(text: str) -> float:
    """Parse a time of the API into seconds since the epoch."""
    moment = datetime.datetime.strptime(text, FORMAT)
    return moment.replace(tzinfo=datetime.UTC).timestamp()


def polls() -> Iterator[float]:
    """Yield the seconds to wait before each further look, without end."""
    return itertools.chain(_POLLS, itertools.repeat(_LONGEST_POLL))


class ManualClock:
    """A clock that moves only when a test moves it; a sleep moves it too."""

    def __init__(self, start: float = 1_760_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def time(self) -> float:
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds

    def sleep(
        self, seconds: float, stop: threading.Event | None = None
    ) -> None:
        self.advance(seconds)


class SharedClock:
    """The sandbox's clock: one small file that both sites read.

    It survives a killed process because nothing of it is in a process. The
    file says how far the clock is ahead of the machine's, whether it stands
    still, and how far one site is off from the other.
    """

    #: how often a sleeper looks whether somebody moved the clock, seconds
    TICK = 0.05

    def __init__(self, path: pathlib.Path, site: str = "") -> None:
        self._path = path
        # each request asks several times
        self._name = os.fspath(path)
        self._site = site
        self._cached: tuple[object, dict[str, object]] | None = None

    def time(self) -> float:
        state = self._read()
        frozen = state.get("frozen_at")
        base = time.time() if frozen is None else float(str(frozen))
        skew = state.get("skew")
        own = skew.get(self._site, 0.0) if isinstance(skew, dict) else 0.0
        return base + float(str(state.get("ahead", 0.0))) + float(own)

    def sleep(
        self, seconds: float, stop: threading.Event | None = None
    ) -> None:
        if seconds <= 0:
            return
        end = self.time() + seconds
        waiter = stop or threading.Event()
        while (left := end - self.time()) > 0:
            if waiter.wait(min(left, self.TICK)):
                return

    def advance(self, seconds: float, site: str | None = None) -> None:
        state = self._read()
        if site is None:
            state["ahead"] = float(str(state.get("ahead", 0.0))) + seconds
        else:
            skew = state.get("skew")
            skew = dict(skew) if isinstance(skew, dict) else {}
            skew[site] = skew.get(site, 0.0) + seconds
            state["skew"] = skew
        self._write(state)

    def freeze(self) -> None:
        state = self._read()
        if state.get("frozen_at") is None:
            state["frozen_at"] = time.time()
            self._write(state)

    def run(self) -> None:
        """Let a frozen clock go on from where it stands."""
        state = self._read()
        frozen = state.get("frozen_at")
        if frozen is not None:
            stood = time.time() - float(str(frozen))
            state["ahead"] = float(str(state.get("ahead", 0.0))) - stood
            state["frozen_at"] = None
            self._write(state)

    def _read(self) -> dict[str, object]:
        try:
            found = os.stat(self._name)
        except FileNotFoundError:
            return {}
        # two changes can fall into one tick of the file system's clock
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if self._cached is None or self._cached[0] != seen:
            self._cached = (seen, _checked(self._path))
        return dict(self._cached[1])

    def _write(self, state: dict[str, object]) -> None:
        json_file.write(self._path, state)


def _checked(path: pathlib.Path) -> dict[str, object]:
    """Return what a clock's file says; raise BrokenFile where it says no
    time."""
    state = json_file.read(path)
    skew, frozen = state.get("skew", {}), state.get("frozen_at")
    numbers = [state.get("ahead", 0.0), 0.0 if frozen is None else frozen]
    numbers += skew.values() if isinstance(skew, dict) else [None]
    if not all(map(_is_time, numbers)):
        raise json_file.broken(path, "it holds something that is no number")
    return state


def _is_time(number: object) -> bool:
    """Return whether a value is seconds of a clock, before the year 9999."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    # not so for what is no number, either
    return abs(number) < _FURTHEST
