"""Plain requests that pass requests by: what comes back, and what does not."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.base.wire import Sockets
from fakeserver.base.wire.plain_session import PlainSession
from fakeserver.base.wire.session import Answer, NoAnswer, NoAnswerInTime

BODY = b'{"answer": 42}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SIZED = OK + b"Content-Length: 14\r\n\r\n" + BODY
TIMEOUTS = (5.0, 5.0)


class Server:
    """Answers connections with the pieces that it is given, one after the
    other; a connection ends with its pieces."""

    def __init__(self) -> None:
        self._port = socket.create_server(("127.0.0.1", 0))
        self.host = "127.0.0.1:{1}".format(*self._port.getsockname())
        self.url = f"http://{self.host}"
        #: of each connection: of each request its answer, in pieces
        self.answers: list[list[list[bytes]]] = []
        self.asked: list[bytes] = []
        #: the connection that was served last is closed
        self.closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._port.accept()
            except OSError:
                return
            with connection:
                for pieces in self.answers.pop(0):
                    self.asked.append(_request(connection))
                    for piece in pieces:
                        connection.sendall(piece)
            self.closed.set()

    def close(self) -> None:
        self._port.shutdown(socket.SHUT_RDWR)
        self._port.close()
        self._thread.join(5)


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data or (
        b"Content-Length: 2" in data and not data.endswith(b"{}")
    ):
        more = connection.recv(1 << 16)
        if not more:
            break
        data += more
    return data


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainSession]:
    """A session that may not leave anything to requests."""

    def refused(*asked: Any, **_: Any) -> None:
        raise AssertionError(f"left to requests: {asked[1:]}")

    monkeypatch.setattr(requests.Session, "request", refused)
    made = Sockets().session()
    assert isinstance(made, PlainSession)
    yield made
    made.close()


def ask(session: PlainSession, url: str, **more: Any) -> Answer:
    options: dict[str, Any] = {"timeout": TIMEOUTS, "allow_redirects": False}
    return session.request("GET", url, **{**options, **more})


CHUNKED = (
    OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n" + BODY[:4],
    b"\r\na\r\n" + BODY[4:] + b"\r\n0\r\n\r\n",
)
#: the same answer, as servers send it
WAYS: dict[str, list[bytes]] = {
    "in one piece": [SIZED],
    "byte by byte": [SIZED[n : n + 1] for n in range(len(SIZED))],
    "head first": [SIZED[:-14], SIZED[-14:]],
    "in chunks": list(CHUNKED),
    "to the end": [OK + b"\r\n" + BODY[:3], BODY[3:]],
    "and closed": [SIZED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")],
    "by HTTP/1.0": [SIZED.replace(b"1.1", b"1.0", 1)],
    "with more": [SIZED + b"HTTP/1.1 200 OK\r\n"],
    "after a 100": [b"HTTP/1.1 100 Continue\r\n\r\n", SIZED],
    "a field twice": [SIZED.replace(b"OK\r\n", b"OK\r\nA: 1\r\na: 2\r\n")],
}


@pytest.mark.parametrize("way", WAYS)
def test_an_answer(server: Server, session: PlainSession, way: str) -> None:
    server.answers = [[WAYS[way]], [[SIZED]]]
    found = ask(session, f"{server.url}/v1/x", params={"a": "b c"})
    assert (found.status_code, found.reason) == (200, "OK")
    assert found.json() == {"answer": 42}
    assert found.headers["CONTENT-TYPE"] == "application/json"
    assert found.headers.get("A") == (
        "1, 2" if way == "a field twice" else None
    )
    assert not found.is_redirect
    [asked] = server.asked
    assert asked == (
        f"GET /v1/x?a=b+c HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode()
    )
    # what was read of the one is not the other's
    server.closed.wait(5)
    assert ask(session, f"{server.url}/").json() == {"answer": 42}


def test_a_connection_is_kept(server: Server, session: PlainSession) -> None:
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    server.answers = [[[SIZED], [empty], [SIZED]], [[SIZED]]]
    headers = {"X-Auth-Token": "t"}
    ask(session, f"{server.url}/", headers=headers)
    made = session.request(
        "POST",
        f"{server.url}/",
        data=b"{}",
        headers=headers,
        timeout=TIMEOUTS,
        allow_redirects=False,
    )
    assert (made.status_code, made.content) == (204, b"")
    assert not server.closed.is_set()
    assert ask(session, f"{server.url}/").status_code == 200
    assert (
        server.asked[1]
        == (
            f"POST / HTTP/1.1\r\nHost: {server.host}\r\nX-Auth-Token: t\r\n"
            "Content-Length: 2\r\n\r\n{}"
        ).encode()
    )
    # it has ended meanwhile: there is a new one, and nothing is asked twice
    server.closed.wait(5)
    assert ask(session, f"{server.url}/").status_code == 200
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "pieces",
    [[], [SIZED[:20]], [SIZED[:-3]], [b"junk\r\n\r\n"], list(CHUNKED[:1])],
    ids=["nothing", "half a head", "half a body", "no HTTP", "half a chunk"],
)
def test_no_answer(
    server: Server, session: PlainSession, pieces: list[bytes]
) -> None:
    server.answers = [[pieces]]
    with pytest.raises(NoAnswer):
        ask(session, f"{server.url}/")
    assert len(server.asked) == 1


def test_nobody_there_and_nobody_answers(session: PlainSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        url = "http://127.0.0.1:{1}/".format(*port.getsockname())
        with pytest.raises(NoAnswerInTime):
            ask(session, url, timeout=(5.0, 0.01))
    with pytest.raises(NoAnswer, match="refused"):
        ask(session, url)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://127.0.0.1:1/", {}),
        ("http://127.0.0.1/", {}),
        ("http://user:pass@127.0.0.1:1/", {}),
        ("http://[::1]:1/", {}),
        ("http://127.0.0.1:1/a b", {}),
        ("http://127.0.0.1:1/#part", {}),
        ("http://127.0.0.1:1/ä", {}),
        ("http://127.0.0.1:1/", {"headers": {"A": "x\r\nB: y"}}),
        ("http://127.0.0.1:1/", {"headers": {"A": "ä"}}),
        ("http://127.0.0.1:1/", {"data": {"form": "1"}}),
        ("http://127.0.0.1:1/", {"timeout": 3}),
        ("http://127.0.0.1:1/", {"stream": True}),
    ],
)
def test_what_is_left_to_requests(
    session: PlainSession, url: str, options: dict[str, Any]
) -> None:
    with pytest.raises(AssertionError, match="left to requests"):
        ask(session, url, **options)


REDIRECT = (
    b"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n"
)


def test_an_answer_that_leads_elsewhere(
    server: Server, session: PlainSession
) -> None:
    server.answers = [[[REDIRECT], [REDIRECT], [SIZED]]]
    found = ask(session, f"{server.url}/")
    assert found.is_redirect
    assert found.headers["Location"] == "/else"
    with pytest.raises(AssertionError, match="left to requests"):
        ask(session, f"{server.url}/", allow_redirects=True)
    assert not ask(session, f"{server.url}/", allow_redirects=True).is_redirect
    # one that has done something is not repeated
    with pytest.raises(AssertionError, match="left to requests"):
        session.request("POST", f"{server.url}/", timeout=TIMEOUTS)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (requests.ReadTimeout("late"), NoAnswerInTime),
        (requests.ConnectTimeout("late"), NoAnswerInTime),
        (requests.ConnectionError("refused"), NoAnswer),
        (requests.exceptions.InvalidURL("none"), NoAnswer),
    ],
)
def test_the_errors_of_requests(
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    expected: type[Exception],
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(requests.Session, "request", fail)
    with pytest.raises(NoAnswer, match=str(raised)) as found:
        Sockets().session().request("GET", "https://127.0.0.1:1/")
    assert type(found.value) is expected
    session = Sockets("authorities.pem").session().by_requests
    assert (session.verify, session.trust_env) == ("authorities.pem", False)
