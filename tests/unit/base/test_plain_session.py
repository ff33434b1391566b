"""Plain requests that pass requests by: what comes back, and what does not."""

import gzip
import os
import socket
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3

from fakeserver.base.wire import Sockets, plain_answer, plain_request
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


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """The connections of the session."""
    made: list[socket.socket] = []
    connect = socket.create_connection

    def kept(*asked: Any, **more: Any) -> socket.socket:
        made.append(connect(*asked, **more))
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", kept)
    return made


def ask(session: PlainSession, url: str, **more: Any) -> Answer:
    options: dict[str, Any] = {"timeout": TIMEOUTS, "allow_redirects": False}
    return session.request("GET", url, **{**options, **more})


CHUNKED = (
    OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n" + BODY[:4],
    b"\r\na\r\n" + BODY[4:] + b"\r\n0\r\n\r\n",
)


def packed(coding: str, body: bytes) -> bytes:
    fields = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}"
    return OK + fields.encode() + b"\r\n\r\n" + body


def field(*lines: bytes) -> bytes:
    """The answer with more fields."""
    return SIZED.replace(b"OK\r\n", b"OK\r\n" + b"".join(lines))


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\n"
CHUNKS = OK + b"Transfer-Encoding: Chunked\r\n\r\n"
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
#: the same answer, as servers send it
WAYS: dict[str, list[bytes]] = {
    "in one piece": [SIZED],
    "in chunks that say more": [
        CHUNKS + b"e;a=b\r\n" + BODY + b"\r\n0;c\r\nX-Sum: 1\r\n\r\n"
    ],
    "packed": [packed("gzip", gzip.compress(BODY))],
    "packed in chunks": [
        CHUNKS.replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n"),
        b"%x\r\n%b\r\n0\r\n\r\n"
        % (len(gzip.compress(BODY)), gzip.compress(BODY)),
    ],
    "packed otherwise": [packed("deflate", zlib.compress(BODY))],
    "packed without a frame": [
        packed("deflate", BARE.compress(BODY) + BARE.flush())
    ],
    "packed by nothing": [packed("identity", BODY)],
    "lines of one byte less": [SIZED.replace(b"\r\n", b"\n")],
    "one line of one byte less": [field(b"X-A: 1\n")],
    "small letters": [SIZED[:17] + SIZED[17:].lower()],
    "a folded line": [field(b"X-A: 1\r\n 2\r\n")],
    "its length twice": [field(b"Content-Length: 14\r\n")],
    "a length that is none": [SIZED.replace(b"14", b"\xb2", 1)],
    "a length without end": [SIZED.replace(b"14", b"1" * 5000, 1)],
    "bytes of no text": [field(b"X-A: \xff\xfe\x85\r\n")],
    "a long line": [field(b"X-A: " + b"a" * 60_000 + b"\r\n")],
    "many lines": [field(*(b"X-%d: a\r\n" % n for n in range(90)))],
    "byte by byte": [SIZED[n : n + 1] for n in range(len(SIZED))],
    "head first": [SIZED[:-14], SIZED[-14:]],
    "in chunks": list(CHUNKED),
    "to the end": [OK + b"\r\n" + BODY[:3], BODY[3:]],
    "and closed": [SIZED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")],
    "by HTTP/1.0": [SIZED.replace(b"1.1", b"1.0", 1)],
    "with more": [SIZED + b"HTTP/1.1 200 OK\r\n"],
    "after a 100": [b"HTTP/1.1 100 Continue\r\n\r\n", SIZED],
    "after a 100 at once": [b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED],
    "after two others": [EARLY, EARLY + SIZED],
    "a field twice": [field(b"A: 1\r\na: 2\r\n")],
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


#: requests takes a 103 for the answer
AS_REQUESTS = [way for way in WAYS if way != "after two others"]


@pytest.mark.parametrize("way", AS_REQUESTS)
def test_requests_reads_the_same(server: Server, way: str) -> None:
    server.answers = [[WAYS[way]], [WAYS[way]]]
    session = Sockets().session()
    ours = ask(session, f"{server.url}/")
    theirs = session.by_requests.get(
        f"{server.url}/", timeout=TIMEOUTS, allow_redirects=False
    )
    assert (ours.status_code, ours.reason) == (200, theirs.reason)
    assert ours.content == theirs.content == BODY
    for name, value in theirs.headers.items():
        assert ours.headers[name] == value.strip()


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


OLD = SIZED.replace(b"1.1", b"1.0", 1)
#: answers that http.client reads, and whether their connection stays open
LONGER: dict[str, tuple[list[bytes], bool]] = {
    "in chunks": (list(CHUNKED), True),
    "in chunks at once": ([b"".join(CHUNKED)], True),
    "in chunks, and more": ([b"".join(CHUNKED) + SIZED], False),
    "in chunks, and closed": (
        [b"".join(CHUNKED).replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")],
        False,
    ),
    "old": ([OLD], False),
    "old and kept": (
        [OLD.replace(b"OK\r\n", b"OK\r\nConnection: keep-alive\r\n")],
        True,
    ),
    "by lines": ([SIZED.replace(b"\r\n", b"\n")], True),
    "by lines, and more": ([SIZED.replace(b"\r\n", b"\n") + b"H"], False),
}


@pytest.mark.parametrize("way", LONGER)
def test_a_connection_that_is_at_the_end_of_an_answer_is_kept(
    server: Server, session: PlainSession, way: str
) -> None:
    pieces, is_kept = LONGER[way]
    if is_kept:
        server.answers = [[pieces, [SIZED]]]
    else:
        server.answers = [[pieces, []], [[SIZED]]]
    assert ask(session, f"{server.url}/").content == BODY
    assert ask(session, f"{server.url}/").content == BODY
    assert [one[:3] for one in server.asked] == (
        [b"GET", b"GET"] if is_kept else [b"GET", b"", b"GET"]
    )


#: no answers, or not all of one; after them the connection ends
BROKEN: dict[str, list[bytes]] = {
    "nothing": [],
    "half a head": [SIZED[:20]],
    "half a body": [SIZED[:-3]],
    "half an old body": [OLD[:-3]],
    "much less than its length": [OLD.replace(b"14", b"1" * 18, 1)],
    "half a chunk": list(CHUNKED[:1]),
    "no last chunk": [CHUNKS + b"e\r\n" + BODY + b"\r\n"],
    "less than a chunk": [CHUNKS + b"7fffffffffff\r\n" + BODY],
    "less than a huge chunk": [CHUNKS + b"f" * 99 + b"\r\n" + BODY],
    "less than no chunk": [CHUNKS + b"-1\r\n" + BODY],
    "news alone": [EARLY],
}
#: what is known for no answer while the connection stays open
WRONG: dict[str, list[bytes]] = {
    "no HTTP": [b"junk\r\n\r\n"],
    "no HTTP and no line": [b"SSH-2.0-"],
    "no number": [b"HTTP/1.1 abc OK\r\n\r\n"],
    "a small number": [SIZED.replace(b"200", b"099", 1)],
    "another version": [SIZED.replace(b"1.1", b"2.0", 1)],
    "no chunk": [CHUNKS + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"],
    "an unknown coding": [CHUNKS.replace(b"Chunked", b"gzip, chunked")],
    "two lengths": [field(b"Content-Length: 15\r\n")],
    "another protocol": [b"HTTP/1.1 101 Go\r\n\r\n"],
    "packed by another": [packed("gzip", BODY)],
    "half of what was packed": [packed("gzip", gzip.compress(BODY)[:-9])],
    "not packed": [packed("deflate", BODY)],
    "a head without an end": [OK + b"X-A: " + b"a" * 300],
}


@pytest.mark.parametrize("broken", [*BROKEN, *WRONG])
def test_no_answer(
    server: Server,
    session: PlainSession,
    connections: list[socket.socket],
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    monkeypatch.setattr(plain_answer, "_LONGEST_HEAD", 300)
    ended = broken in BROKEN
    server.answers = [[BROKEN[broken]] if ended else [WRONG[broken], []]]
    with pytest.raises(NoAnswer) as found:
        ask(session, f"{server.url}/")
    # what is wrong is not waited for
    assert type(found.value) is NoAnswer
    assert [one.fileno() for one in connections] == [-1]
    server.closed.wait(5)
    # and nothing is asked twice
    assert [one[:3] for one in server.asked] == [b"GET", b""][: 2 - ended]


def test_a_body_of_other_bytes(server: Server, session: PlainSession) -> None:
    def sent(text: bytes, kind: bytes) -> bytes:
        fields = b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\n" + fields % (kind, len(text)) + text

    plain = b"application/json"
    server.answers = [
        [
            [sent('{"a": "ä☃"}'.encode(), plain)],
            [sent('{"a": "ä☃"}'.encode("utf-16"), plain)],
            [sent(b'{"a": "\xe4"}', plain + b'; charset="Latin-1"')],
            [sent(b'{"a": "\xe4"}', plain + b"; charset=none")],
            [sent(b'{"a": "b', plain)],
        ]
    ]
    found = [ask(session, f"{server.url}/") for _ in range(5)]
    said = [answer.json()["a"] for answer in found[:4]]
    assert said == ["ä☃", "ä☃", "ä", "\N{REPLACEMENT CHARACTER}"]
    with pytest.raises(ValueError, match="Unterminated"):
        found[4].json()


def test_answers_that_have_no_body(
    server: Server, session: PlainSession
) -> None:
    """Whatever they say of one."""
    none = SIZED[:-14]
    server.answers = [
        [
            [none],
            [none.replace(b"200", b"304")],
            [none.replace(b"200", b"204")],
            [SIZED],
        ]
    ]
    for method, status in (("head", 200), ("GET", 304), ("GET", 204)):
        found = session.request(
            method, f"{server.url}/", timeout=TIMEOUTS, allow_redirects=False
        )
        assert (found.status_code, found.content) == (status, b"")
    assert ask(session, f"{server.url}/").content == BODY
    assert server.asked[0].startswith(b"HEAD / ")


def test_an_answer_that_did_not_wait_for_the_request(
    session: PlainSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(SIZED.replace(b"200 OK", b"413 Much"))
    theirs.close()
    monkeypatch.setattr(session, "_open_to", lambda *_: ours)
    found = session.request(
        "PUT", "http://a:1/", data=b"{}", allow_redirects=False
    )
    assert (found.status_code, found.reason) == (413, "Much")


def test_a_connection_is_one_thread_s_and_one_process_s(
    session: PlainSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, other = socket.socketpair()
    with other:
        session._put_back(("a", 1), kept, keeps_open=True)
        own = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: own + 1)
        assert session._kept(("a", 1)) is None
        monkeypatch.setattr(os, "getpid", lambda: own)
        assert session._kept(("b", 1)) is None
        assert session._kept(("a", 1)) is kept
        assert session._kept(("a", 1)) is None
        kept.close()


@pytest.mark.parametrize("path", ["/x", "/{x}"], ids=["plain", "requests"])
def test_no_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.answers = [[[SIZED]]]
    session = Sockets().session()
    assert ask(session, f"{server.url}{path}").json() == {"answer": 42}


def test_nobody_there_and_nobody_answers(session: PlainSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        url = "http://127.0.0.1:{1}/".format(*port.getsockname())
        with pytest.raises(NoAnswerInTime, match="Read"):
            ask(session, url, timeout=(5.0, 0.01))
    with pytest.raises(NoAnswer, match="refused"):
        ask(session, url)


def test_no_connection_in_time(
    session: PlainSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: object, timeout: float) -> None:
        assert timeout == 5.0
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", late)
    with pytest.raises(NoAnswerInTime, match="^timed out"):
        ask(session, "http://127.0.0.1:1/", timeout=(5.0, 1.0))


LONG = "a" * 64


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://127.0.0.1:1/", {}),
        ("http://user:pass@127.0.0.1:1/", {}),
        ("http://[fe80::1%25eth0]:1/", {}),
        ("http://[v1.a]:1/", {}),
        ("http://127.0.0.1:0/", {}),
        ("http://127.0.0.1:65536/", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://127.0.0.1:111111/", {}),
        ("http://127.0.0.1:/", {}),
        ("http://127.0.0.1:1", {}),
        ("HTTP://127.0.0.1:1/", {}),
        ("http://a..b:1/", {}),
        ("http://.a:1/", {}),
        ("http://a.:1/", {}),
        ("http://a-:1/", {}),
        (f"http://{LONG}:1/", {}),
        ("http://127.0.0.1:1/a b", {}),
        ("http://127.0.0.1:1/{a}", {}),
        ("http://127.0.0.1:1/%zz", {}),
        ("http://127.0.0.1:1/%4", {}),
        ("http://127.0.0.1:1/a/../b", {}),
        ("http://127.0.0.1:1/a/.", {}),
        ("http://127.0.0.1:1/#part", {}),
        ("http://127.0.0.1:1/ä", {}),
        ("http://127.0.0.1:1/", {"headers": {"A": "x\r\nB: y"}}),
        ("http://127.0.0.1:1/", {"headers": {"A": "ä"}}),
        ("http://127.0.0.1:1/", {"headers": {"A\n": "b"}}),
        ("http://127.0.0.1:1/", {"headers": {"A": None}}),
        ("http://127.0.0.1:1/", {"headers": {"A": b"b"}}),
        ("http://127.0.0.1:1/", {"params": {"a": None}}),
        ("http://127.0.0.1:1/", {"params": "a=b"}),
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


@pytest.mark.parametrize(
    ("method", "url", "options"),
    [
        ("GET", "http://cloud/identity", {}),
        ("GET", "http://cloud.example.com:65535/a/b?c=d&e", {}),
        ("GET", "http://127.0.0.1:1/%C3%A4%20b?c=%2F", {}),
        ("GET", "http://a-b:1//c//", {}),
        ("GET", "http://site_b.lab:1/c", {}),
        ("GET", "http://[::1]:1/c", {}),
        ("GET", "http://[fd00::ffff:10.0.0.1]/c", {}),
        ("GET", "http://a:1/x", {"params": {"b c": "ä/ö&?", "d": ["1", "2"]}}),
        ("GET", "http://a:1/x?y=1", {"params": {"z": ""}}),
        ("GET", "http://a:1/x", {"params": {}}),
        ("POST", "http://a:1/x", {}),
        ("DELETE", "http://a:1/x", {}),
        ("PUT", "http://a:1/x", {"data": b"{}"}),
        ("PUT", "http://a:1/x", {"data": b""}),
        ("GET", "http://a:1/x", {"data": b"{}"}),
        ("GET", "http://a:1/x", {"headers": {"X-Auth-Token": "t"}}),
    ],
)
def test_requests_writes_the_same(
    method: str, url: str, options: dict[str, Any]
) -> None:
    ours = plain_request.written(method, url, options)
    assert ours is not None
    (host, port), message = ours
    theirs = requests.Request(method, url, **options).prepare()
    parts = urllib3.util.parse_url(str(theirs.url))
    assert (f"[{host}]" if ":" in host else host) == parts.host
    assert port == (parts.port or 80)
    head, _, body = message.decode().partition("\r\n\r\n")
    first, at, *lines = head.split("\r\n")
    assert first == f"{method} {theirs.path_url} HTTP/1.1"
    assert at == f"Host: {parts.netloc}"
    fields = dict(line.split(": ") for line in lines)
    assert fields == {**theirs.headers}
    assert body.encode() == (theirs.body or b"")


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
        (urllib3.exceptions.LocationParseError("none"), NoAnswer),
        (UnicodeError("none"), NoAnswer),
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
