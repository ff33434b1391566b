"""Read a response from a socket, up to a deadline and a size.

A peer that sends a byte now and then would else block its caller for ever, in
the headers already. It stands on ``http.client`` alone, as both roads do.
"""

from __future__ import annotations

import http.client
import io
from typing import Any

from protectorclient._http import deadline

#: The most that is read of one answer, in bytes, unpacked.
LARGEST = 64 * 2**20
#: What headers and framing may add to that on the wire.
_FRAMING = 2**20


class AnswerTooLarge(OSError):
    """A response is larger than the limit."""

    def __init__(self) -> None:
        super().__init__(f"the answer is larger than {LARGEST >> 20} MiB")


class AnswerTooSlow(TimeoutError):
    """A response did not end before its deadline."""

    def __init__(self) -> None:
        super().__init__("the answer did not end in time")


class _Reader(io.RawIOBase):
    """Reads one response from a socket, up to a deadline and a size."""

    def __init__(self, raw: Any, sock: Any, end: float) -> None:
        self._raw = raw
        self._sock = sock
        self._end = end
        self._left = LARGEST + _FRAMING

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - deadline.clock()
        if left <= 0:
            raise AnswerTooSlow
        timeout = self._sock.gettimeout()
        if timeout is None or left < timeout:
            self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise AnswerTooLarge
        return count

    def close(self) -> None:
        super().close()
        self._raw.close()


class Response(http.client.HTTPResponse):
    """A response whose bytes are counted, headers included."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        timeout = sock.gettimeout()
        if timeout is not None:
            raw: Any = self.fp.detach()
            end = deadline.end_of(timeout)
            self.fp = io.BufferedReader(_Reader(raw, sock, end))
