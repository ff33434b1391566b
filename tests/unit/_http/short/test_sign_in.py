"""To sign in with one request: a plain catalog, or the long road."""

from __future__ import annotations

import dataclasses
import email.message
import http.client
import json
from collections.abc import Mapping
from typing import Any

import pytest
from keystoneauth1 import access, fixture

from protectorclient._http.short.sign_in import Login, sign_in
from protectorclient._http.short.wire import LongRoad, Reply, Wire

LOGIN = Login(
    auth_url="http://a/v3/",
    identity={"methods": ["password"]},
    scope=None,
    region_name="one",
    interface="public",
)


def token() -> fixture.V3Token:
    made = fixture.V3Token(
        project_id="p-1", expires="2026-11-27T12:00:00.000000Z"
    )
    service = made.add_service("protector")
    for region in ("one", "two"):
        service.add_standard_endpoints(
            public=f"http://{region}/public/v1/p-1",
            internal=f"http://{region}/internal",
            region=region,
        )
    made.add_service("compute").add_standard_endpoints(public="http://nova")
    return made


class Answering(Wire):
    """A wire whose end is here."""

    def __init__(
        self,
        body: object,
        *,
        status: int = 201,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.body, self.status = body, status
        self.headers = http.client.HTTPMessage()
        for name, value in (headers or {"X-Subject-Token": "t"}).items():
            self.headers[name] = value

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Reply:
        self.asked.append((method, url, json.loads(body or b"null")))
        content = (
            self.body
            if isinstance(self.body, bytes)
            else json.dumps(self.body).encode()
        )
        return Reply(method, url, self.status, "", self.headers, content)


def test_the_request_and_what_is_known_then() -> None:
    wire = Answering(token())
    found = sign_in(wire, LOGIN)
    assert wire.asked == [
        (
            "POST",
            "http://a/v3/auth/tokens",
            {"auth": {"identity": {"methods": ["password"]}}},
        )
    ]
    assert (found.token, found.project_id) == ("t", "p-1")
    assert found.expires == 1795780800.0
    assert found.endpoint.root == "http://one/public"
    assert found.reply.status == 201


@pytest.mark.parametrize("region", ["one", "two"])
@pytest.mark.parametrize("interface", ["public", "internal"])
def test_the_address_is_that_of_keystoneauth(
    region: str, interface: str
) -> None:
    body = token()
    login = dataclasses.replace(LOGIN, region_name=region, interface=interface)
    known = access.AccessInfoV3(body).service_catalog.url_for(
        service_type="protector", region_name=region, interface=interface
    )
    found = sign_in(Answering(body), login).endpoint
    assert known.startswith(found.root)


def changed(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(token()))
    body["token"].update(changes)
    return {"token": {k: v for k, v in body["token"].items() if v is not None}}


def at(*urls: str, **more: object) -> dict[str, Any]:
    """A token whose catalog has the service at each of some addresses."""
    endpoints = [
        {"url": url, "interface": "public", "region": "one", **more}
        for url in urls
    ]
    return changed(catalog=[{"type": "protector", "endpoints": endpoints}])


OTHERWISE: dict[str, object] = {
    "no object": [],
    "no JSON": b"<html>",
    "nothing": b"",
    "no project": changed(project=None),
    "no catalog": changed(catalog=None),
    "no end": changed(expires_at=None),
    "an end in other words": changed(expires_at="tomorrow"),
    "no service": changed(catalog=[]),
    "two": at("http://one/a", "http://one/b"),
    "another region": at("http://one/a", region="two"),
    "another region by its id": at("http://one/a", region_id="two"),
    "another scheme": at("https://one"),
    "no host": at("http:///v1"),
    "a login": at("http://user:word@one"),
    "a template": at("http://one/v1/%(tenant_id)s"),
    "another template": at("http://one/v1/$(tenant_id)s"),
    "no text": at(5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_is_left_to_keystoneauth(what: str) -> None:
    with pytest.raises(LongRoad) as raised:
        sign_in(Answering(OTHERWISE[what]), LOGIN)
    # nobody has to sign in a second time for that
    assert raised.value.reply is not None


@pytest.mark.parametrize("status", [200, 300, 401, 404, 500, 503])
def test_any_other_status(status: int) -> None:
    with pytest.raises(LongRoad, match=str(status)) as raised:
        sign_in(Answering(token(), status=status), LOGIN)
    assert raised.value.reply is not None


def test_no_token_in_the_headers() -> None:
    with pytest.raises(LongRoad, match="no token"):
        sign_in(Answering(token(), headers={"Date": "x"}), LOGIN)


def test_a_token_is_not_shown() -> None:
    found = sign_in(
        Answering(token(), headers={"X-Subject-Token": "gAA"}), LOGIN
    )
    assert "gAA" not in repr(dataclasses.replace(found, reply=None))
    assert isinstance(found.reply.headers, email.message.Message)
