"""Who is let in, and what a client is told when something breaks."""

import io
import json
from typing import Any

import pytest

from fakeserver.base.loopback_guard import (
    LoopbackMiddleware,
    is_local_name,
    is_loopback,
)
from fakeserver.http.app import ErrorMiddleware
from fakeserver.http.control import Pause, PauseMiddleware


def fine(environ: Any, start: Any) -> list[bytes]:
    start("200 OK", [])
    return [b"fine"]


def ask(app: Any, **environ: str) -> tuple[int, bytes]:
    told: list[str] = []
    body = b"".join(
        app(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/",
                "REMOTE_ADDR": "127.0.0.1",
                "HTTP_HOST": "127.0.0.1:8788",
                "wsgi.input": io.BytesIO(),
                **environ,
            },
            lambda status, headers, exc_info=None: told.append(status),
        )
    )
    return int(told[0][:3]), body


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8788",
        "localhost:1",
        "LocalHost",
        "[::1]",
        "[::1]:8788",
    ],
)
def test_loopback_names(host: str) -> None:
    assert is_local_name(host)
    assert ask(LoopbackMiddleware(fine), HTTP_HOST=host) == (200, b"fine")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8788",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "127.0.0.1:8788@evil.example",
        "127.0.0.1:80:80",
        "127.0.0.2",
        "[::2]",
        "::1",
        "0.0.0.0",
        "localhost:port",
    ],
)
def test_other_names(host: str) -> None:
    assert not is_local_name(host)
    code, body = ask(LoopbackMiddleware(fine), HTTP_HOST=host)
    error = json.loads(body)["error"]
    assert (code, error["code"], error["title"]) == (403, 403, "Forbidden")
    assert error["reason"] == "protector.forbidden"
    assert error["request_id"].startswith("req-")


def test_addresses() -> None:
    good = ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1")
    assert all(is_loopback(address) for address in good)
    bad = ("10.0.0.1", "", "localhost", "::ffff:10.0.0.1", "0.0.0.0")
    assert not any(is_loopback(address) for address in bad)
    assert ask(LoopbackMiddleware(fine), REMOTE_ADDR="10.0.0.1")[0] == 403


def test_a_traceback_is_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def broken(environ: Any, start: Any) -> list[bytes]:
        raise ZeroDivisionError("in the middle of it")

    code, body = ask(ErrorMiddleware(broken))
    assert code == 500
    assert json.loads(body)["error"]["reason"] == "protector.internal"
    assert b"ZeroDivision" not in body
    assert "in the middle of it" in caplog.text


def test_a_resting_site_answers_nobody_but_its_own_channel() -> None:
    done: list[str] = []
    rest = Pause(lambda: done.append("stop"), lambda: done.append("go"))
    app = PauseMiddleware(fine, rest)
    assert ask(app)[0] == 200
    rest.begin()
    rest.begin()
    assert ask(app)[0] == 503
    assert ask(app, PATH_INFO="/_sandbox/wake")[0] == 200
    rest.end()
    rest.end()
    assert ask(app)[0] == 200
    assert done == ["stop", "go"]
