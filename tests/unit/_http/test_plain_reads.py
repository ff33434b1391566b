"""A plain read is prepared as requests prepares it, from what is known."""

from typing import Any

import pytest
import requests

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
