"""Ask an address: whether a port is open, and what a web server answers.

Each try has one deadline over all: an answer that drips has an end. No proxy
is used, no redirect is followed, and no more than 64 KiB are read.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from protectorclient.probes.spec import Probe

#: So much of an answer is read, in bytes.
MOST = 64 * 1024
#: Opens a connection: address, port, seconds.
Dial = Callable[[str, int, float], socket.socket]
Clock = Callable[[], float]


class NoAnswer(Exception):
    """The application does not answer as it should; the text says why."""


def direct(address: str, port: int, seconds: float) -> socket.socket:
    """Open a connection from this machine."""
    return socket.create_connection((address, port), timeout=seconds)


def ask(
    probe: Probe,
    address: str,
    seconds: float,
    *,
    dial: Dial = direct,
    clock: Clock = time.monotonic,
) -> str:
    """Ask one address once.

    :param seconds: for the whole.
    :returns: what has answered, in a few words.
    :raises NoAnswer: why it did not.
    """
    end = clock() + seconds
    try:
        with contextlib.closing(dial(address, probe.port, seconds)) as plain:
            if probe.kind == "tcp":
                return f"{address}:{probe.port} is open"
            left = _Left(end, clock)
            with contextlib.closing(
                _secured(probe, plain, address, left)
            ) as s:
                return _get(probe, s, address, left)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(
            f"the certificate is not valid: {error.verify_message}"
        ) from None
    except TimeoutError:
        raise NoAnswer("no answer in time") from None
    except http.client.HTTPException:
        # one without an answer is an error of the connection, too
        raise NoAnswer("the answer is not HTTP") from None
    except ConnectionRefusedError:
        raise NoAnswer("connection refused") from None
    except (OSError, UnicodeError) as error:
        raise NoAnswer(_brief(error)) from None


def _brief(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or "no answer")


class _Left:
    """The time that is left of a try."""

    def __init__(self, end: float, clock: Clock) -> None:
        self._end, self._clock = end, clock

    def __call__(self) -> float:
        """Return the seconds that are left.

        :raises TimeoutError: none are.
        """
        seconds = self._end - self._clock()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def _secured(
    probe: Probe, plain: socket.socket, address: str, left: _Left
) -> socket.socket:
    """Return the connection, with TLS where the probe has it."""
    if probe.kind != "https":
        return plain
    context = ssl.create_default_context()
    if probe.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    plain.settimeout(left())
    return context.wrap_socket(plain, server_hostname=probe.host or address)


class _Reader(io.RawIOBase):
    """Reads a connection, each time for no longer than is left."""

    def __init__(self, connection: socket.socket, left: _Left) -> None:
        self._connection, self._left = connection, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._left())
        return self._connection.recv_into(buffer)


class _Connection:
    """What `http.client.HTTPResponse` wants of a connection."""

    def __init__(self, connection: socket.socket, left: _Left) -> None:
        self._raw = _Reader(connection, left)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


def _get(
    probe: Probe, connection: socket.socket, address: str, left: _Left
) -> str:
    """Send a GET and read its answer."""
    host = probe.host or (f"[{address}]" if ":" in address else address)
    default = 443 if probe.kind == "https" else 80
    named = host if probe.port == default else f"{host}:{probe.port}"
    connection.settimeout(left())
    connection.sendall(
        f"GET {probe.path} HTTP/1.1\r\n"
        f"Host: {named}\r\n"
        "User-Agent: python-protectorclient\r\n"
        "Accept: */*\r\n"
        "Accept-Encoding: identity\r\n"
        "Connection: close\r\n\r\n".encode("ascii")
    )
    answer = http.client.HTTPResponse(_Connection(connection, left))  # type: ignore[arg-type]
    answer.begin()
    status = answer.status
    if 300 <= status < 400:
        raise NoAnswer(f"{status}, a redirect, is not followed")
    if not 200 <= status < 300:
        raise NoAnswer(f"it answers {status}")
    if probe.wanted:
        body = _body(answer)
        if probe.wanted.encode() not in body:
            raise NoAnswer(f"{status}, and the text is not in the answer")
    return f"{address}:{probe.port} answers {status}"


def _body(answer: http.client.HTTPResponse) -> bytes:
    """Read the first 64 KiB of an answer; one that breaks off counts."""
    try:
        return answer.read(MOST)
    except http.client.IncompleteRead as error:
        return bytes(error.partial[:MOST])
