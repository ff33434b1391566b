"""What is lost below HTTP, in the words of every version of urllib3."""

import http.client
import socket
from typing import Any

import pytest
import requests
import urllib3.exceptions
from keystoneauth1 import adapter, session
from keystoneauth1 import exceptions as ksa
from keystoneauth1.identity import v3

from protectorclient import exceptions
from protectorclient._http import failures

pytestmark = pytest.mark.versions

URL = "http://site-a.example.invalid:8788/v1"


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name resolves here."""

    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)


@pytest.mark.usefixtures("nameless")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_does_not_resolve(method: str) -> None:
    with (
        pytest.raises(exceptions.SiteUnreachable) as caught,
        failures.sending("site-a", URL, safe=method == "GET", headers={}),
    ):
        requests.request(method, URL, timeout=5)
    assert caught.value.sent is False
    assert caught.value.site == "site-a"
    said = f"no answer from {URL}: the name does not resolve"
    assert str(caught.value) == said


@pytest.mark.usefixtures("nameless")
def test_a_keystone_whose_name_does_not_resolve() -> None:
    asked = session.Session(auth=v3.Password(URL, "demo", "secret"))
    with (
        pytest.raises(exceptions.SiteUnreachable) as caught,
        failures.authenticating("site-a"),
    ):
        asked.get_token()
    assert "the name does not resolve" in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_keystone_that_is_too_busy_is_silent(status: int) -> None:
    """Not one that refuses; a 429 has a class of its own since 5.16 only."""
    answer = requests.Response()
    answer.status_code = status
    with (
        pytest.raises(exceptions.SiteUnreachable, match="Keystone"),
        failures.authenticating("site-a"),
    ):
        raise ksa.from_response(answer, "POST", URL)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_keystone_that_refuses_is_not(status: int) -> None:
    answer = requests.Response()
    answer.status_code = status
    with (
        pytest.raises(exceptions.AuthenticationFailed),
        failures.authenticating("site-a"),
    ):
        raise ksa.from_response(answer, "POST", URL)


def test_what_answers_for_keystone_is_named() -> None:
    answer = requests.Response()
    answer.status_code = 200
    answer.url = URL
    answer._content = b"<title>Welcome</title>"
    with (
        pytest.raises(exceptions.SiteUnreachable) as caught,
        failures.authenticating("site-a"),
    ):
        raise ksa.InvalidResponse(answer)
    assert str(caught.value) == (
        "Keystone does not answer: something else answered HTTP 200"
        f" (Welcome) at {URL}"
    )


@pytest.mark.parametrize(
    "url", ["/v1", "http://a..b:8788/v1", f"http://{'a' * 64}/v1", "ftp://a/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_url_that_names_no_host(method: str, url: str) -> None:
    """That of a catalog: to ask again would not help."""
    asked = adapter.Adapter(session.Session(), endpoint_override=url)
    with (
        pytest.raises(exceptions.ConfigProblem) as caught,
        failures.sending("site-a", url, safe=method == "GET", headers={}),
    ):
        asked.request("", method)
    assert str(caught.value) == (f"site-a: the URL '{url}' names no host")


def test_a_keystone_whose_url_names_no_host() -> None:
    asked = session.Session(auth=v3.Password("http://a..b/v3", "demo", "x"))
    with (
        pytest.raises(exceptions.ConfigProblem, match="auth_url, or where"),
        failures.authenticating("site-a"),
    ):
        asked.get_token()


def test_what_speaks_no_http() -> None:
    lost = requests.ConnectionError(
        urllib3.exceptions.ProtocolError(
            "Connection aborted.", http.client.BadStatusLine("SSH-2.0")
        )
    )
    assert failures.cause(lost) == "the answer is not HTTP"


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("junk://:x", "names no host"),
        ("http://", "the proxy cannot be used"),
        ("http://127.0.0.1:99999", "names no host"),
    ],
)
def test_a_proxy_that_there_cannot_be(
    proxy: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with (
        pytest.raises(exceptions.ConfigProblem) as caught,
        failures.sending("site-a", URL, safe=True, headers={}),
    ):
        requests.get(URL, timeout=5)
    assert "http_proxy, https_proxy, all_proxy" in str(caught.value)
    assert said in str(caught.value)


def test_a_proxy_that_is_not_there() -> None:
    lost = requests.exceptions.ProxyError(ConnectionRefusedError())
    assert failures.cause(lost) == (
        "the proxy: connection refused; check http_proxy, https_proxy,"
        " all_proxy and no_proxy"
    )
