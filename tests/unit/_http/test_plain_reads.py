"""A plain read is prepared as requests prepares it, from what is known."""

import datetime
from typing import Any
from unittest import mock

import pytest
import requests
from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session

from protectorclient._http import conversation, limits, tokens
from protectorclient._http import session as sessions

URL = "http://site.a:8788/v1/p/operations/op-1"


def prepared(below: requests.Session, **options: Any) -> dict[str, Any]:
    asked = requests.Request(**{"method": "GET", "url": URL, **options})
    made = below.prepare_request(asked)
    return {
        "method": made.method,
        "url": made.url,
        "headers": dict(made.headers),
        "body": made.body,
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"X-Auth-Token": "t", "accept": "application/json"}},
        {"headers": {"User-Agent": None}},
        {"url": "HTTP://Site.a:80/a b/%7e?x=1"},
        {"url": "http://user:pass@site.a/"},
        {"params": {"limit": "1"}},
        {"params": {"id": ["a", "b"]}},
        {"cookies": {"a": "b"}},
        {"method": "POST", "json": {"a": 1}},
    ],
)
def test_it_is_prepared_as_requests_does(options: dict[str, Any]) -> None:
    assert prepared(sessions.BoundedSession(), **options) == prepared(
        requests.Session(), **options
    )


def test_cookies_of_the_session_are_sent() -> None:
    below = sessions.BoundedSession()
    below.cookies.set("a", "b", domain="site.a")
    assert prepared(below)["headers"]["Cookie"] == "a=b"


def test_what_no_header_may_hold_is_refused() -> None:
    with pytest.raises(requests.exceptions.InvalidHeader):
        prepared(sessions.BoundedSession(), headers={"X": "a\nb"})


@pytest.mark.parametrize("login", [None, ("me", "secret")])
def test_netrc_is_read_once_for_a_host(
    monkeypatch: pytest.MonkeyPatch, login: tuple[str, str] | None
) -> None:
    read: list[str] = []

    def netrc(url: str) -> tuple[str, str] | None:
        read.append(url)
        return login

    monkeypatch.setattr(sessions, "get_netrc_auth", netrc)
    monkeypatch.setattr("requests.sessions.get_netrc_auth", netrc)
    below = sessions.BoundedSession()
    made = [prepared(below) for _ in range(3)]
    assert ["Authorization" in one["headers"] for one in made] == [
        login is not None
    ] * 3
    # where there is a login, requests reads it for each request
    assert len(read) == (1 if login is None else 4)


def asked(url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


def test_the_connections_of_a_host_are_found_once() -> None:
    adapter = limits.Adapter()
    found = mock.Mock(wraps=adapter.poolmanager.connection_from_host)
    adapter.poolmanager.connection_from_host = found

    def pool(url: str, **more: Any) -> Any:
        return adapter.get_connection_with_tls_context(
            asked(url), more.pop("verify", True), **more
        )

    first = pool(URL)
    assert [pool(f"{URL}?x={n}") for n in range(3)] == [first] * 3
    assert found.call_count == 1
    # another host, scheme, or way to check whom it is
    others = [
        pool("http://site.a:8789/"),
        pool("https://site.a:8788/"),
        pool("https://site.a:8788/", verify=False),
    ]
    assert len({first, *others}) == 4
    # nor is it kept open, or used again, once it is closed
    adapter.close()
    assert pool(URL) is not first


def test_by_a_proxy_the_proxy_s_connections_are_used() -> None:
    adapter = limits.Adapter()
    proxies = {"http": "http://proxy.a:3128"}
    plain = adapter.get_connection_with_tls_context(asked(URL), True)
    for _ in range(2):
        pool = adapter.get_connection_with_tls_context(
            asked(URL), True, proxies=proxies
        )
        assert (pool.host, plain.host) == ("proxy.a", "site.a")
    assert adapter.request_url(asked(URL), proxies) == URL
    assert adapter.request_url(asked(URL), {}) == URL.partition(":8788")[2]


# The token


class Plugin(plugin.BaseAuthPlugin):
    """Has a token that expires at a moment."""

    MIN_TOKEN_LIFE_SECONDS = 120

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.auth_ref: Any = self.token(1)

    def token(self, number: int) -> Any:
        moment = datetime.datetime.fromtimestamp(1000.0 * number, datetime.UTC)
        return mock.Mock(expires=moment, auth_token=f"token-{number}")

    def get_token(self, session: Any) -> Any:
        self.asked += 1
        return self.auth_ref.auth_token


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(tokens, "clock", lambda: now[0])
    return now


def test_a_plugin_is_asked_once_for_a_token(clock: list[float]) -> None:
    auth = Plugin()
    headers = tokens.TokenHeaders(ksa_session.Session(), auth)
    assert [headers.read() for _ in range(3)] == [
        {"X-Auth-Token": "token-1"}
    ] * 3
    assert auth.asked == 1
    # soon before it expires, when the plugin renews it
    clock[0] = 880.0
    headers.read()
    assert auth.asked == 2
    # and as soon as the plugin has another one
    clock[0] = 0.0
    auth.auth_ref = auth.token(2)
    assert headers.read() == {"X-Auth-Token": "token-2"}


@pytest.mark.parametrize("kind", ["own headers", "no end", "no token"])
def test_what_is_not_a_token_alone_is_asked_for_anew(
    clock: list[float], kind: str
) -> None:
    auth = Plugin()
    if kind == "own headers":
        auth.__class__ = type(
            "Own", (Plugin,), {"get_headers": lambda *_: {"X": "1"}}
        )
    elif kind == "no end":
        auth.auth_ref = mock.Mock(expires=None, auth_token="t")
    else:
        del auth.auth_ref
        auth.get_token = lambda session: "t"  # type: ignore[method-assign]
    below = ksa_session.Session(auth=auth)
    read = mock.Mock(wraps=below.get_auth_headers)
    below.get_auth_headers = read  # type: ignore[method-assign]
    headers = tokens.TokenHeaders(below, None)
    assert headers.read() == headers.read()
    assert read.call_count == 2


# The clock


class Bare(conversation.Conversation):
    """Asks nobody."""


Bare.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("date", "known"),
    [
        ("Fri, 27 Nov 2026 12:00:00 GMT", True),
        ("Fri, 27 Nov 2026 12:00:00", True),
        ("noon", False),
        ("Fri, 27 Nov 99999 12:00:00 GMT", False),
    ],
)
def test_the_date_of_an_answer_is_read_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, date: str, known: bool
) -> None:
    site = Bare()  # type: ignore[abstract]
    assert site.clock_skew is None
    read = mock.Mock(wraps=conversation._moment)
    monkeypatch.setattr(conversation, "_moment", read)
    site.note_date(date)
    # an answer without a date says nothing else
    site.note_date(None)
    assert not read.called
    assert site.dated is not None
    noon = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC)
    wanted = noon.timestamp() - site.dated[1] if known else None
    assert site.clock_skew == wanted
