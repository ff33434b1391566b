"""The calls that pass Flask by are answered as by it, to the byte."""

import io
import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
import pytest

from fakeserver.api import with_direct_calls
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import stable_id
from fakeserver.engine.service import Service
from fakeserver.site import Site
from tests.helpers.api_parts import (
    OTHER,
    PROJECT,
    Engine,
    Tokens,
    add_group,
    add_operation,
    operation,
)

RID = f"req-{stable_id(1, 'asked')}"
OPERATION = operation(1)["id"]
GROUP = stable_id(1, "b")
#: what a client asks for again and again
USUAL = {
    f"/v1/{PROJECT}/operations/{OPERATION}": ("",),
    f"/v1/{PROJECT}/operations": (
        "",
        "limit=2",
        "limit=2&status=running",
        f"id={OPERATION}&id=op-none",
        f"marker={operation(2)['id']}&limit=1",
        "operation_type=failback",
    ),
    f"/v1/{PROJECT}/protection-groups": (
        "",
        "limit=1",
        "name=b",
        "metadata=true",
        "fields=name&fields=instances",
        "fields=metadata_brief&limit=1",
        f"marker={GROUP}",
    ),
    f"/v1/{PROJECT}/protection-groups/{GROUP}": ("",),
    f"/v1/{PROJECT}/protection-groups/{GROUP}/sync-status": ("local=true",),
}
VERSIONS = (None, "protector 1.0", "protector 1.1", "protector latest")
#: a request that Flask has to answer: what is other than usual
UNUSUAL: dict[str, dict[str, Any]] = {
    "no token": {"HTTP_X_AUTH_TOKEN": ""},
    "a token of nobody": {"HTTP_X_AUTH_TOKEN": "junk"},
    "Keystone is silent": {"HTTP_X_AUTH_TOKEN": "silence"},
    "another project's token": {"HTTP_X_AUTH_TOKEN": f"reader:{OTHER}"},
    "a token of the domain": {"HTTP_X_AUTH_TOKEN": "admin:@domain"},
    "too small a role": {"HTTP_X_AUTH_TOKEN": "stranger"},
    "a version that is none": {"HTTP_OPENSTACK_API_VERSION": "protector x"},
    "a later version": {"HTTP_OPENSTACK_API_VERSION": "protector 9.9"},
    "an unknown parameter": {"QUERY_STRING": "foo=1"},
    "a value that does not fit": {"QUERY_STRING": "limit=0"},
    "what has to be decoded": {"QUERY_STRING": "name=a%20b"},
    "a marker that is gone": {"QUERY_STRING": "marker=none"},
    "a body": {"CONTENT_LENGTH": "2", "wsgi.input": b"{}"},
    "HEAD": {"REQUEST_METHOD": "HEAD"},
    "POST": {"REQUEST_METHOD": "POST"},
    "a slash more": {"PATH_INFO": f"/v1/{PROJECT}/operations/"},
    "an id that is not there": {"PATH_INFO": f"/v1/{PROJECT}/operations/no"},
    "another address": {"PATH_INFO": "/v1/admin/sites"},
}

Answered = tuple[str, list[tuple[str, str]], bytes]


class Both:
    """An application with the short way and without it."""

    def __init__(self, app: flask.Flask, engine: Engine) -> None:
        self.passed_on = 0
        self._flask = app.wsgi_app

        def counted(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            self.passed_on += 1
            return self._flask(environ, start_response)

        self._direct = with_direct_calls(
            counted, cast(Service, engine), Tokens()
        )

    def __call__(self, **environ: Any) -> tuple[Answered, Answered]:
        return (
            _ask(self._direct, environ),
            _ask(self._flask, environ),
        )


ACTION = f"/v1/{PROJECT}/protection-groups/{GROUP}/action"
#: bodies of actions; of each the status
ACTIONS: dict[bytes, str] = {
    b'{"sync_volumes": {}}': "202",
    b'{"failover":{"network_mapping":{"a":"b"},"force":true}}': "202",
    b'{"failover": {"retain_primary": true}}': "202",
    b'{"reset_status": {"status": "active"}}': "403",
    b'{"sync_volumes": {}, "failover": {}}': "400",
    b'{"sync_volumes": {"x": 1}}': "400",
    b'{"sync_volumes": {}, "sync_volumes": {}}': "400",
    b'["sync_volumes"]': "400",
    b"{": "400",
    b"\xff": "400",
}


def posted(body: bytes, **more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": ACTION,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AUTH_TOKEN": "member",
        "wsgi.input": body,
        **more,
    }


def _ask(app: Callable[..., Iterable[bytes]], given: Any) -> Answered:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/v1/{PROJECT}/operations",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8788",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "HTTP_X_AUTH_TOKEN": "reader",
        "HTTP_X_OPENSTACK_REQUEST_ID": RID,
        **{key: value for key, value in given.items() if value is not None},
    }
    environ["wsgi.input"] = io.BytesIO(environ.get("wsgi.input", b""))
    told: list[Any] = []
    parts = app(environ, lambda *values: told.extend(values))
    return told[0], told[1], b"".join(parts)


@pytest.fixture
def both(app: flask.Flask, engine: Engine, site: Site) -> Both:
    for name in "abc":
        add_group(site, name)
    for number, kind in enumerate(("failover", "failback", "failover")):
        add_operation(site, operation(number, kind, group=GROUP))
    return Both(app, engine)


def test_the_same_to_the_byte(both: Both) -> None:
    for path, queries in USUAL.items():
        for query, version in itertools.product(queries, VERSIONS):
            direct, through_flask = both(
                PATH_INFO=path,
                QUERY_STRING=query,
                HTTP_OPENSTACK_API_VERSION=version,
            )
            assert direct == through_flask, (path, query, version)
            assert direct[0] == "200 OK"
    assert both.passed_on == 0


@pytest.mark.parametrize("what", UNUSUAL)
def test_what_is_not_as_usual_goes_to_flask(both: Both, what: str) -> None:
    direct, through_flask = both(**UNUSUAL[what])
    assert both.passed_on == 1
    assert direct == through_flask


@pytest.mark.parametrize("body", ACTIONS)
def test_an_action(both: Both, engine: Engine, body: bytes) -> None:
    """It is asked of the engine once, also where its body is known."""
    status = ACTIONS[body]
    for _ in range(2):
        engine.calls.clear()
        direct, through_flask = both(**posted(body))
        assert direct == through_flask
        assert direct[0].startswith(status)
        asked = [call for call in engine.calls if call[0] == "act"]
        assert len(asked) == 2 * (status == "202")
        assert asked[:1] == asked[1:]
    assert both.passed_on == 2 * (status != "202")


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (RequestRefused("out-of-sync", "The sites differ"), "409"),
        (RequestRefused("identity-unreachable", "It is silent"), "503"),
        (RuntimeError("broken"), "500"),
    ],
    ids=["refused", "silent", "broken"],
)
def test_an_action_that_fails_is_not_tried_again(
    both: Both, engine: Engine, failure: Exception, status: str
) -> None:
    engine.refusal = failure
    direct, through_flask = both(**posted(b'{"failover": {}}'))
    assert direct == through_flask
    assert direct[0].startswith(status)
    # once by each way
    assert [call[0] for call in engine.calls] == ["act", "act"]


def test_a_failure_keeps_the_request_id(both: Both, engine: Engine) -> None:
    engine.refusal = RequestRefused("out-of-sync", "The sites differ")
    given = posted(b'{"failover": {}}', HTTP_X_OPENSTACK_REQUEST_ID=None)
    direct, _ = both(**given)
    told = dict(direct[1])["X-OpenStack-Request-ID"]
    assert engine.calls[0][-1] == told
    assert json.loads(direct[2])["error"]["request_id"] == told


@pytest.mark.parametrize(
    "more",
    [
        {"CONTENT_TYPE": "text/plain"},
        {"CONTENT_TYPE": "application/json; charset=utf-8"},
        {"CONTENT_LENGTH": ""},
        {"QUERY_STRING": "force=true"},
        {"HTTP_X_AUTH_TOKEN": "reader"},
        {"HTTP_X_AUTH_TOKEN": f"member:{OTHER}"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
    ],
)
def test_an_action_that_is_not_as_usual(
    both: Both, more: dict[str, Any]
) -> None:
    direct, through_flask = both(**posted(b'{"failover": {}}', **more))
    assert both.passed_on == 1
    assert direct == through_flask


def test_a_request_id_of_its_own(both: Both) -> None:
    for given in ("", "mine"):
        direct, _ = both(HTTP_X_OPENSTACK_REQUEST_ID=given)
        told = dict(direct[1])["X-OpenStack-Request-ID"]
        assert told.startswith("req-") and len(told) == len(RID)
    assert both.passed_on == 0


def test_a_role_that_changed_counts_at_once(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, _ = both()
    assert direct[0] == "200 OK"
    monkeypatch.setattr(Tokens, "check", lambda *_: None)
    direct, _ = both()
    assert direct[0].startswith("401")
