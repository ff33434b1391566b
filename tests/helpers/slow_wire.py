"""A socket made of bytes that take their time: no network, no clock.

The client's own stack, from keystoneauth down to http.client, reads from
it. Each read costs seconds of a clock that only these reads move.
"""

import dataclasses
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3.connection

from protectorclient._http import deadline

#: What is answered to the first line of a request: pieces of bytes.
Script = Callable[[str], Iterator[bytes]]


@dataclasses.dataclass
class SlowWire:
    """Every connection that is opened, and what comes over it."""

    script: Script
    #: seconds that a read costs
    step: float = 0.0
    now: float = 0.0
    #: bytes that were read
    count: int = 0
    asked: list[str] = dataclasses.field(default_factory=list)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(
            urllib3.connection.HTTPConnection,
            "_new_conn",
            lambda connection: _Socket(self),
        )
        patch.setattr(deadline, "clock", lambda: self.now)


class _Socket:
    def __init__(self, wire: SlowWire) -> None:
        self._wire = wire
        self._sent = b""
        self._timeout: float | None = None

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        line = self._sent.split(b"\r\n", 1)[0].decode()
        self._sent = b""
        self._wire.asked.append(line)
        return io.BufferedReader(_Slow(self._wire, self._wire.script(line)))

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        return self._timeout

    def setsockopt(self, *_: Any) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...


class _Slow(io.RawIOBase):
    def __init__(self, wire: SlowWire, pieces: Iterator[bytes]) -> None:
        self._wire = wire
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wire.now += self._wire.step
        left = self._left or next(self._pieces, b"")
        count = min(len(left), len(buffer))
        buffer[:count] = left[:count]
        self._left = left[count:]
        self._wire.count += count
        return count


def answer(
    body: bytes, status: str = "200 OK", *headers: str
) -> Iterator[bytes]:
    """A whole answer in one piece."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    lines.append(f"Content-Length: {len(body)}")
    yield "\r\n".join([*lines, "", ""]).encode() + body


def dripping(data: bytes) -> Iterator[bytes]:
    """A byte at a time."""
    for n in range(len(data)):
        yield data[n : n + 1]
