"""What never reaches an application: waitress' own refusals, and rests."""

import errno
import json
import logging
import pathlib
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.base import descriptors
from fakeserver.http import waitress_server
from fakeserver.http.listener import Listener
from fakeserver.http.ports import bind
from fakeserver.http.waitress_server import REST, Exhaustion, connection_limit

#: what is sent -> the status, the reason and a part of the message
POST = b"POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\n"
REFUSED = {
    b"no http at all\r\n\r\n": (400, "bad-request", "not valid HTTP"),
    b"GET / HTTP/9.9.9\r\n\r\n": (400, "bad-request", "not valid HTTP"),
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n": (400, "bad-request", "header"),
    b"GET / HTTP/1.1\r\nA b: c\r\n\r\n": (400, "bad-request", "header"),
    POST + b"Content-Length: many\r\n\r\n": (400, "bad-request", "HTTP"),
    POST + b"Content-Length: -1\r\n\r\n": (400, "bad-request", "HTTP"),
    POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n": (
        400,
        "bad-request",
        "not valid HTTP",
    ),
    POST + b"Transfer-Encoding: gzip\r\n\r\n": (
        501,
        "bad-request",
        "not supported",
    ),
    POST + b"Content-Length: 9999999999\r\n\r\n": (
        413,
        "too-large",
        "body is too large",
    ),
    b"GET / HTTP/1.1\r\nX: " + b"y" * 300_000 + b"\r\n\r\n": (
        431,
        "too-large",
        "headers are too large",
    ),
    b"GET /broken HTTP/1.1\r\n\r\n": (
        500,
        "internal",
        "its log has the cause",
    ),
}


def app(environ: Any, start: Any) -> list[bytes]:
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("secret of the application")
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = Listener(app, bind(0), threads=2)
    yield listener.port
    listener.close()


def sent(port: int, text: bytes) -> tuple[str, dict[str, str], bytes]:
    """The status line, the headers and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.sendall(text)
        got = b""
        while piece := wire.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return status, headers, body


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: str(text[:40]))
def test_a_refusal_has_the_error_form(port: int, text: bytes) -> None:
    code, reason, part = REFUSED[text]
    status, headers, body = sent(port, text)
    assert status.split()[1] == str(code)
    error = json.loads(body)["error"]
    assert error["code"] == code
    assert error["reason"] == f"protector.{reason}"
    assert part in error["message"]
    assert "secret" not in body.decode()
    assert error["request_id"] == headers["x-openstack-request-id"]
    assert re.fullmatch(r"req-[0-9a-f-]{36}", error["request_id"])
    assert headers["content-type"] == "application/json"
    assert headers["openstack-api-version"] == "protector 1.0"
    assert set(error) == {
        "code",
        "title",
        "message",
        "reason",
        "request_id",
        "details",
    }


def test_a_request_id_that_was_read_is_kept(port: int) -> None:
    given = f"req-{uuid.uuid4()}"
    told = f"X-OpenStack-Request-ID: {given}\r\n".encode()
    text = POST + told + b"Transfer-Encoding: gzip\r\n\r\n"
    _, headers, body = sent(port, text)
    assert headers["x-openstack-request-id"] == given
    assert json.loads(body)["error"]["request_id"] == given
    other = POST + told.replace(b"req-", b"rex-")
    _, headers, _ = sent(port, other + b"Content-Length: x\r\n\r\n")
    assert headers["x-openstack-request-id"].startswith("req-")


def test_a_head_request_gets_no_body(port: int) -> None:
    status, headers, body = sent(port, b"HEAD /broken HTTP/1.1\r\n\r\n")
    assert status.split()[1] == "500"
    assert (headers["content-type"], body) == ("application/json", b"")


# -- no descriptors


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rest_ends_and_is_told_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = Time()
    exhaustion = Exhaustion(time)
    assert exhaustion.left() == 0
    error = OSError(errno.EMFILE, "Too many open files")
    for _ in range(100):
        exhaustion.begin(error)
        assert exhaustion.left() == REST
        time.now += REST
        assert exhaustion.left() == 0
    told = [r.getMessage() for r in caplog.records]
    assert told == [
        "No connection can be accepted: Too many open files; "
        f"trying again every {REST} s"
    ]
    time.now += 60
    exhaustion.begin(error)
    assert len(caplog.records) == 2


class Starved:
    """A listening socket that has no descriptor for a while."""

    def __init__(self, port: socket.socket, times: int) -> None:
        self._port = port
        self.left = times
        self.asked = 0

    def accept(self) -> Any:
        self.asked += 1
        if self.left:
            self.left -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._port.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def test_a_site_without_descriptors_rests_and_then_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waitress_server, "REST", 0.01)
    caplog.set_level(logging.INFO)
    starved = Starved(bind(0), 5)
    listener = Listener(app, starved, threads=2)  # type: ignore[arg-type]
    try:
        text = b"GET / HTTP/1.0\r\n\r\n"
        status, _, body = sent(listener.port, text)
        assert (status.split()[1], body) == ("200", b"ok")
        # it asked once more for each time that it was refused, no oftener
        assert starved.asked == 6
        assert len(caplog.records) == 1
    finally:
        listener.close()


@pytest.mark.parametrize(
    ("soft", "ends", "expected", "threads"),
    [
        (1024, 1, 442, 16),
        (1024, 3, 147, 16),
        (20000, 1, 1000, 16),
        (256, 1, 58, 16),
        (64, 1, 10, 2),
        (16, 1, 8, 1),
        (descriptors.resource.RLIM_INFINITY, 3, 1000, 16),
    ],
)
def test_connections_and_threads_leave_files_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
    soft: int,
    ends: int,
    expected: int,
    threads: int,
) -> None:
    monkeypatch.setattr(
        descriptors.resource, "getrlimit", lambda _: (soft, soft)
    )
    assert connection_limit(ends) == expected
    assert descriptors.share(16) == threads
    assert descriptors.share(8) == (8 if threads == 16 else 1)


#: a site that may have few files, asked by more threads than it then has
FEW = """
import pathlib, resource, sys, threading
sys.path[:0] = sys.argv[2:]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from fakeserver.base import descriptors
from fakeserver.base.db import Database
from fakeserver.http.thread_pools import Lanes
place = pathlib.Path(sys.argv[1])
databases = [Database(place / name) for name in ("site.db", "arrays.db")]
lanes = Lanes(descriptors.share(16))
count = lanes.most
count += descriptors.share(8) + descriptors.share(4) + descriptors.OTHERS
held = [open("/dev/null") for _ in range(descriptors.left(1000, 1))]
gate, failed = threading.Barrier(count), []
def work():
    gate.wait()
    try:
        for database in databases:
            database.one("SELECT 1")
        open(place / "small").close()
    except Exception as error:
        failed.append(error)
    gate.wait()
(place / "small").touch()
threads = [threading.Thread(target=work) for _ in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
lanes.set_thread_count(0)
assert not failed, failed
"""


def test_a_site_of_few_files_has_one_for_each_of_its_threads(
    tmp_path: pathlib.Path,
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FEW, str(tmp_path), *sys.path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
