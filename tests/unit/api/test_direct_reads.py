"""The reads that pass Flask by answer as it does, to the byte."""

import io
import itertools
from collections.abc import Callable, Iterable
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
import pytest

from fakeserver.api import with_direct_reads
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
        f"marker={GROUP}",
    ),
    f"/v1/{PROJECT}/protection-groups/{GROUP}": ("",),
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

        self._direct = with_direct_reads(
            counted, cast(Service, engine), Tokens()
        )

    def __call__(self, **environ: Any) -> tuple[Answered, Answered]:
        return (
            _ask(self._direct, environ),
            _ask(self._flask, environ),
        )


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
