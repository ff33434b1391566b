"""What an address answers, over a connection of the test's own."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from protectorclient.probes import network, spec

ADDRESS = "192.0.2.7"


class Server:
    """Answers one connection with what it was given."""

    def __init__(self) -> None:
        self.asked = b""
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def dial(self, *pieces: bytes) -> network.Dial:
        def opened(address: str, port: int, seconds: float) -> socket.socket:
            here, there = socket.socketpair()
            self._ends.append(there)
            thread = threading.Thread(target=self._serve, args=(there, pieces))
            self._threads.append(thread)
            thread.start()
            return here

        return opened

    def _serve(self, end: socket.socket, pieces: tuple[bytes, ...]) -> None:
        with end:
            while b"\r\n\r\n" not in self.asked:
                found = end.recv(4096)
                if not found:
                    return
                self.asked += found
            try:
                for piece in pieces:
                    end.sendall(piece)
            except OSError:
                return

    def close(self) -> None:
        for thread in self._threads:
            thread.join(10)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def answer(status: str, body: bytes = b"", head: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def ask(text: str, dial: network.Dial, **options: Callable[[], float]) -> str:
    return network.ask(spec.parse(text), ADDRESS, 5.0, dial=dial, **options)


def test_the_request_and_its_answer(server: Server) -> None:
    told = ask("http:80/a=OK", server.dial(answer("200 OK", b"all OK")))
    assert told == "192.0.2.7:80 answers 200"
    lines = server.asked.decode().split("\r\n")
    assert lines[:2] == ["GET /a HTTP/1.1", "Host: 192.0.2.7"]
    assert "Connection: close" in lines


def test_the_name_and_the_port_are_in_the_host(server: Server) -> None:
    ask("http:www.example.com:8080/", server.dial(answer("204 No Content")))
    assert b"Host: www.example.com:8080\r\n" in server.asked


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (answer("404 Not Found"), "it answers 404"),
        (answer("503 Busy", b"OK"), "it answers 503"),
        (
            answer("301 Moved", b"OK", "Location: /x\r\n"),
            "301, a redirect, is not followed",
        ),
        (answer("200 OK", b"KO"), "200, and the text is not in the answer"),
        (answer("200 OK", b"x" * 65536 + b"OK"), "the text is not in"),
        (b"", "the answer is not HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "the answer is not HTTP"),
    ],
)
def test_what_is_no_answer(given: bytes, why: str, server: Server) -> None:
    with pytest.raises(network.NoAnswer, match=why):
        ask("http:80/=OK", server.dial(given))


def test_no_more_than_64_kib_are_read(server: Server) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with pytest.raises(network.NoAnswer, match="the text is not in"):
        ask("http:80/=OK", server.dial(head, *[b"x" * 4096] * 100_000))


def test_an_answer_that_breaks_off_counts_as_far_as_it_came(
    server: Server,
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    assert ask("http:80/=OK", server.dial(head, b"OK"))


class Dripping(socket.socket):
    """Sends a byte of a head that has no end, a second each."""

    now = 0.0

    def sendall(self, data: object, flags: int = 0) -> None:
        pass

    def recv_into(self, buffer: Any, *_: int) -> int:
        self.now += 1.0
        buffer[:1] = b"H"
        return 1


def test_one_that_drips_has_an_end() -> None:
    made = Dripping()
    with pytest.raises(network.NoAnswer, match="no answer in time"):
        ask("http:80/=OK", lambda *_: made, clock=lambda: made.now)
    assert made.now == 5.0


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(111, "x"), "connection refused"),
        (TimeoutError(), "no answer in time"),
        (OSError(113, "No route to host"), "No route to host"),
        (socket.gaierror(-2, "Name unknown"), "Name unknown"),
        (UnicodeError("label too long"), "label too long"),
        (ssl.SSLError(1, "wrong version number"), "wrong version number"),
    ],
)
def test_what_cannot_be_reached(error: Exception, why: str) -> None:
    def dial(address: str, port: int, seconds: float) -> socket.socket:
        raise error

    with pytest.raises(network.NoAnswer, match=why):
        ask("tcp:22", dial)


def test_a_port_is_open(server: Server) -> None:
    dial = server.dial()
    assert ask("tcp:22", dial) == "192.0.2.7:22 is open"
