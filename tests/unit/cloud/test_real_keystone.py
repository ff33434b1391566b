"""A real Keystone asked about tokens: what is believed, kept and refused."""

import dataclasses
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import requests_mock

from fakeserver.base.wire.requests_session import RequestsSession
from fakeserver.cloud.identity.check import IdentityUnreachable
from fakeserver.cloud.identity.real import Credentials, RealKeystone

URL = "http://keystone.example.com:5000/v3"
TOKENS = f"{URL}/auth/tokens?nocatalog"
ACCOUNT = Credentials("protector", "a-secret", "service", "Default")
NOT_FOUND = {"error": {"code": 404, "title": "Not Found", "message": "No."}}
GOOD: dict[str, Any] = {
    "user": {"id": "u1", "name": "demo", "domain": {"id": "default"}},
    "project": {"id": "p1", "name": "demo", "domain": {"id": "default"}},
    "roles": [{"id": "r1", "name": "member"}, {"id": "r2", "name": "reader"}],
    "methods": ["password"],
    "audit_ids": ["a1"],
    "issued_at": "2026-11-27T06:00:00.000000Z",
    "expires_at": "2026-11-27T07:00:00.000000Z",
}
OF_DOMAIN = {**GOOD, "domain": {"id": "default", "name": "Default"}}
del OF_DOMAIN["project"]
OF_SYSTEM = {**GOOD, "system": {"all": True}}
del OF_SYSTEM["project"]
UNSCOPED = {k: v for k, v in GOOD.items() if k not in ("project", "roles")}


@dataclasses.dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


class OneSession:
    """A wire whose requests a test answers."""

    def __init__(self) -> None:
        self.http = requests.Session()

    def session(self) -> RequestsSession:
        return RequestsSession(self.http)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mocked() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.post(TOKENS, status_code=201, **login("own-1"))
        mocker.get(TOKENS, json={"token": GOOD})
        yield mocker


@pytest.fixture
def keystone(clock: Clock) -> RealKeystone:
    return RealKeystone(URL, ACCOUNT, OneSession(), now=clock)


def login(token: str) -> dict[str, Any]:
    return {"headers": {"X-Subject-Token": token}, "json": {"token": {}}}


def test_it_asks_with_the_services_own_account(
    keystone: RealKeystone, mocked: requests_mock.Mocker
) -> None:
    token = keystone.check("theirs")
    assert token is not None
    assert (token.user_id, token.user_name) == ("u1", "demo")
    assert (token.project_id, token.project_name) == ("p1", "demo")
    assert token.roles == ("member", "reader")
    assert token.expires_at - token.issued_at == 3600
    login_request, question = mocked.request_history
    auth = login_request.json()["auth"]
    assert auth["scope"]["project"]["name"] == "service"
    assert auth["identity"]["password"]["user"] == {
        "name": "protector",
        "password": "a-secret",
        "domain": {"name": "Default"},
    }
    assert question.headers["X-Auth-Token"] == "own-1"
    assert question.headers["X-Subject-Token"] == "theirs"
    assert question.query == "nocatalog"


@pytest.mark.parametrize(
    "said, project, domain, system",
    [
        (GOOD, "p1", "", False),
        (OF_DOMAIN, "", "default", False),
        (OF_SYSTEM, "", "", True),
        (UNSCOPED, "", "", False),
    ],
)
def test_every_scope_is_told_apart(
    keystone: RealKeystone,
    mocked: requests_mock.Mocker,
    said: dict[str, Any],
    project: str,
    domain: str,
    system: bool,
) -> None:
    mocked.get(TOKENS, json={"token": said})
    token = keystone.check("theirs")
    assert token is not None
    found = (token.project_id, token.domain_id, token.system)
    assert found == (project, domain, system)
    assert token.scoped == bool(project or domain or system)


@pytest.mark.parametrize("good", [True, False])
def test_an_answer_is_kept_for_five_seconds(
    keystone: RealKeystone,
    mocked: requests_mock.Mocker,
    clock: Clock,
    good: bool,
) -> None:
    if not good:
        mocked.get(TOKENS, status_code=404, json=NOT_FOUND)
    first = keystone.check("theirs")
    assert (first is not None) == good
    clock.seconds += 4.9
    assert keystone.check("theirs") == first
    assert mocked.call_count == 2
    clock.seconds += 0.1
    keystone.check("theirs")
    assert mocked.call_count == 3


def test_a_revoked_token_ends(
    keystone: RealKeystone, mocked: requests_mock.Mocker, clock: Clock
) -> None:
    assert keystone.check("theirs") is not None
    mocked.get(TOKENS, status_code=404, json=NOT_FOUND)
    clock.seconds += 5
    assert keystone.check("theirs") is None


def test_its_own_token_is_renewed(
    keystone: RealKeystone, mocked: requests_mock.Mocker
) -> None:
    mocked.get(
        TOKENS,
        [
            {"json": {"token": GOOD}},
            {"status_code": 401, "json": {"error": {}}},
            {"json": {"token": GOOD}},
        ],
    )
    keystone.check("one")
    mocked.post(TOKENS, status_code=201, **login("own-2"))
    assert keystone.check("two") is not None
    used = [
        r.headers["X-Auth-Token"]
        for r in mocked.request_history[1::]
        if r.method == "GET"
    ]
    assert used == ["own-1", "own-1", "own-2"]


@pytest.mark.parametrize("text", [None, "", "é", "x" * 9000])
def test_what_is_no_token_is_not_sent_on(
    keystone: RealKeystone, mocked: requests_mock.Mocker, text: str | None
) -> None:
    assert keystone.check(text) is None
    assert mocked.call_count == 0


@pytest.mark.parametrize(
    "answer, why",
    [
        ({"exc": requests.ConnectionError("refused")}, "connection refused"),
        ({"exc": requests.ConnectTimeout}, "no answer in time"),
        ({"exc": requests.ReadTimeout}, "no answer in time"),
        ({"status_code": 503, "text": "<html>"}, "it answers HTTP 503"),
        ({"status_code": 500, "json": {}}, "it answers HTTP 500"),
        ({"status_code": 429, "json": {}}, "it answers HTTP 429"),
        ({"status_code": 302, "headers": {"Location": "/"}}, "HTTP 302"),
        # a web server's, that has no Keystone at this path
        ({"status_code": 404, "text": "<html>"}, "it answers HTTP 404"),
        (
            {"status_code": 403, "json": {"error": {}}},
            "it refuses its account with HTTP 403",
        ),
        (
            {"status_code": 401, "json": {"error": {}}},
            "it refuses its account with HTTP 401",
        ),
        ({"text": "{"}, "the answer has no token"),
        ({"text": "[" * 100_000}, "the answer has no token"),
        ({"json": []}, "the answer has no token"),
        ({"json": {"token": {}}}, "the answer has no token"),
        ({"json": {"token": []}}, "the answer has no token"),
        ({"json": {"token": {**GOOD, "user": 1}}}, "the answer has no token"),
        (
            {"json": {"token": {**GOOD, "expires_at": "soon"}}},
            "the answer has no token",
        ),
    ],
)
def test_no_answer_is_said_as_such(
    keystone: RealKeystone,
    mocked: requests_mock.Mocker,
    answer: dict[str, Any],
    why: str,
) -> None:
    mocked.get(TOKENS, **answer)
    with pytest.raises(IdentityUnreachable, match=why) as caught:
        keystone.check("theirs")
    assert URL in str(caught.value)
    # and it is not kept: the next request asks again
    mocked.get(TOKENS, json={"token": GOOD})
    assert keystone.check("theirs") is not None


@pytest.mark.parametrize(
    "answer, why",
    [
        ({"exc": requests.ConnectionError}, "no connection"),
        (
            {"status_code": 401, "json": {"error": {}}},
            "it refuses the account protector with HTTP 401",
        ),
        ({"status_code": 201, "json": {}}, "the answer has no token"),
        ({"status_code": 200, "text": "ok"}, "it answers HTTP 200"),
    ],
)
def test_a_login_that_fails_is_said_as_such(
    keystone: RealKeystone,
    mocked: requests_mock.Mocker,
    answer: dict[str, Any],
    why: str,
) -> None:
    mocked.post(TOKENS, **answer)
    with pytest.raises(IdentityUnreachable, match=why) as caught:
        keystone.check("theirs")
    assert "a-secret" not in str(caught.value)


def test_an_answer_that_drips_ends(
    keystone: RealKeystone, mocked: requests_mock.Mocker, clock: Clock
) -> None:
    """Each piece comes in time, and the whole never does."""

    class Drip(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            clock.seconds += 1
            return super().read(1)

    body = Drip(json.dumps({"token": GOOD}).encode())
    mocked.get(TOKENS, body=body)
    with pytest.raises(IdentityUnreachable, match="no answer in time"):
        keystone.check("theirs")
