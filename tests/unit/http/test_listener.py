"""A site on a port: answers, broken answers, TLS, and the end of it."""

import pathlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import requests
from urllib3.exceptions import ProtocolError

from fakeserver.faults.plan import FaultFile, FaultPlan
from fakeserver.faults.transport import FaultMiddleware
from fakeserver.http import certificate
from fakeserver.http.listener import Listener
from fakeserver.http.ports import bind
from fakeserver.http.waitress_server import Channel

BODY = b'{"answer": "' + b"x" * 5000 + b'"}'


class Served:
    """A listener over an application that counts its requests."""

    def __init__(self, folder: pathlib.Path, tls: bool) -> None:
        files = None
        self.http = requests.Session()
        self.http.trust_env = False
        if tls:
            certificate.make(folder)
            files = (
                folder / certificate.CERTIFICATE,
                folder / certificate.KEY,
            )
            self.http.verify = str(folder / certificate.CA)
        self.faults = FaultFile(folder / "faults.json")
        self.done = 0
        self.pieces: Iterable[bytes] = [BODY]
        self.hold = threading.Event()
        self.hold.set()
        #: a request has come in
        self.begun = threading.Event()
        faulty = FaultMiddleware(self.app, FaultPlan(self.faults, "site-a"))

        def begin(environ: Any, start: Any) -> Any:
            self.begun.set()
            return faulty(environ, start)

        self.listener = Listener(begin, bind(0), files, threads=4)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.listener.port}/"

    def app(self, environ: Any, start: Any) -> Iterable[bytes]:
        self.hold.wait(10)
        self.done += 1
        whole = isinstance(self.pieces, list)
        size = sum(map(len, self.pieces)) if whole else len(BODY)
        start("200 OK", [("Content-Length", str(size))])
        return self.pieces

    def get(self, **options: Any) -> requests.Response:
        return self.http.get(self.url, **{"timeout": 5, **options})

    def close(self) -> None:
        self.hold.set()
        self.http.close()
        self.listener.close()


@pytest.fixture(params=["http", "https"])
def served(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> Iterator[Served]:
    made = Served(tmp_path, request.param == "https")
    yield made
    made.close()


def test_it_answers(served: Served) -> None:
    assert [served.get().content for _ in range(3)] == [BODY] * 3


def test_small_answers_are_not_held_back(served: Served) -> None:
    served.get()
    took = []
    for _ in range(20):
        began = time.perf_counter()
        served.get()
        took.append(time.perf_counter() - began)
    # a delayed acknowledgement takes 40 ms, and each answer would have it
    assert min(took) < 0.035


class Grudging:
    """A connection that takes part of an answer at first, and then all."""

    def __init__(self, connection: socket.socket, most: int) -> None:
        self._connection = connection
        self._most = most
        #: the pieces of each write of many
        self.given: list[int] = []

    def sendmsg(self, pieces: list[bytes]) -> int:
        self.given.append(len(pieces))
        if not self._most:
            raise BlockingIOError
        return self._connection.send(b"".join(pieces)[: self._most])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("most", [0, 1, 150, 6000, 1 << 20])
def test_an_answer_is_one_write(
    tmp_path: pathlib.Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes whole where the connection takes only part of it."""
    pieces = [bytes([n]) * 700 for n in range(65, 85)]
    send = Channel.send_pieces
    connections: list[Grudging] = []

    def watched(channel: Channel) -> None:
        channel.socket = Grudging(channel.socket, most)
        connections.append(channel.socket)
        send(channel)

    monkeypatch.setattr(Channel, "send_pieces", watched)
    served = Served(tmp_path, tls=False)
    served.pieces = pieces
    assert served.get().content == b"".join(pieces)
    assert served.get().content == b"".join(pieces)
    served.close()
    # the head is a piece more
    assert [one.given for one in connections] == [[1 + len(pieces)]] * 2


def test_an_answer_that_fails_half_way_is_not_sent(
    tmp_path: pathlib.Path,
) -> None:
    def half() -> Iterator[bytes]:
        yield BODY[:100]
        raise ValueError

    served = Served(tmp_path, tls=False)
    served.pieces = half()
    with pytest.raises(requests.ConnectionError):
        served.get()
    served.pieces = [BODY]
    assert served.get().content == BODY
    served.close()


@pytest.mark.parametrize(("stage", "done"), [("before", 0), ("after", 1)])
def test_a_reset(served: Served, stage: str, done: int) -> None:
    served.faults.add("reset", stage=stage, times=1)
    with pytest.raises(requests.ConnectionError):
        served.get()
    assert served.done == done
    assert served.get().content == BODY


def test_a_truncated_answer(served: Served) -> None:
    served.faults.add("truncate", times=1)
    # requests over urllib3 before 2 takes what there is for all of it
    with served.http.get(served.url, stream=True, timeout=5) as answer:
        part = answer.raw.read(len(BODY) // 2)
        assert BODY.startswith(part)
        assert int(answer.headers["Content-Length"]) == len(BODY)
        with pytest.raises(ProtocolError):
            answer.raw.read()
    assert served.get().content == BODY


def test_a_timeout_lets_go_of_who_has_gone(served: Served) -> None:
    served.faults.add("timeout", times=1)
    with pytest.raises(requests.ReadTimeout):
        served.get(timeout=0.2)
    began = time.perf_counter()
    served.close()
    assert time.perf_counter() - began < 30


def test_a_timeout_ends(served: Served) -> None:
    served.faults.add("timeout", times=1, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        served.get()


def test_a_slow_answer(served: Served) -> None:
    served.faults.add("slow", seconds=0.2)
    began = time.perf_counter()
    assert served.get().content == BODY
    assert time.perf_counter() - began >= 0.2


def test_an_answer_that_is_held_comes_when_the_fault_is_taken_back(
    served: Served,
) -> None:
    served.faults.add("slow", seconds=60)

    def clear() -> None:
        assert served.begun.wait(5)
        served.faults.clear()

    clearing = threading.Thread(target=clear)
    clearing.start()
    assert served.get(timeout=30).content == BODY
    clearing.join()


def test_a_proxys_503(served: Served) -> None:
    served.faults.add("503", times=1)
    answer = served.get()
    assert (answer.status_code, served.done) == (503, 0)
    assert "<html>" in answer.text


def test_closing_lets_an_answer_be_finished(served: Served) -> None:
    served.hold.clear()
    got: list[bytes] = []
    asking = threading.Thread(target=lambda: got.append(served.get().content))
    asking.start()
    assert served.begun.wait(5)
    closing = threading.Thread(target=served.listener.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    served.hold.set()
    asking.join(5)
    closing.join(5)
    assert got == [BODY]
    with pytest.raises(requests.ConnectionError):
        served.get()


def test_hushing_does_not(served: Served) -> None:
    served.hold.clear()
    failed: list[Exception] = []

    def ask() -> None:
        try:
            served.get()
        except requests.RequestException as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert served.begun.wait(5)
    served.listener.hush()
    asking.join(5)
    assert len(failed) == 1
    with pytest.raises(requests.ConnectionError):
        served.get()


def test_closing_is_quick_and_frees_the_port(served: Served) -> None:
    served.get()
    began = time.perf_counter()
    served.listener.close()
    # a connection that is kept alive would be waited for, two minutes
    assert time.perf_counter() - began < 30
    bind(served.listener.port).close()


def test_one_that_has_ended_is_woken_no_more(served: Served) -> None:
    """The number of its pipe is free then, or that of another file."""
    served.listener.close()
    served.listener.hush()


def test_it_listens_on_loopback_alone() -> None:
    with bind(0) as port:
        assert port.getsockname()[0] == "127.0.0.1"


def test_who_never_says_hello_holds_nobody_up(tmp_path: pathlib.Path) -> None:
    served = Served(tmp_path, tls=True)
    address = ("127.0.0.1", served.listener.port)
    with socket.create_connection(address):
        assert served.get().content == BODY
    served.close()


def test_the_certificate_is_for_every_loopback_name(
    tmp_path: pathlib.Path,
) -> None:
    served = Served(tmp_path, tls=True)
    strict = ssl.create_default_context(cafile=tmp_path / certificate.CA)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    address = ("127.0.0.1", served.listener.port)
    for name in ("127.0.0.1", "localhost"):
        with (
            socket.create_connection(address) as plain,
            strict.wrap_socket(plain, server_hostname=name) as wrapped,
        ):
            assert wrapped.version()
    with (
        socket.create_connection(address) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        strict.wrap_socket(plain, server_hostname="example.com")
    before = (tmp_path / certificate.CA).read_bytes()
    certificate.make(tmp_path)
    assert (tmp_path / certificate.CA).read_bytes() == before
    served.close()
