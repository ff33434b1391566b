"""Sign in to a Keystone whose address ends in ``/v3``, with one request.

Two kinds of login, each with a catalog that names the service once. Whatever
else Keystone answers is a `LongRoad`; keystoneauth makes sense of it.
"""

from __future__ import annotations

import dataclasses
import datetime
import http
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient._http import microversions, urls
from protectorclient._http.short.wire import LongRoad, Reply, Wire


@dataclasses.dataclass(frozen=True)
class Login:
    """Who signs in where, and which service is looked for."""

    #: The address of Keystone, which ends in ``/v3``.
    auth_url: str
    #: As the body of the request has it: methods, and what they take.
    identity: Mapping[str, Any] = dataclasses.field(repr=False)
    #: The project; None where the login has one itself.
    scope: Mapping[str, Any] | None
    region_name: str | None
    interface: str


@dataclasses.dataclass(frozen=True)
class SignedIn:
    """A token, and where the service is."""

    token: str = dataclasses.field(repr=False)
    #: Seconds since 1970.
    expires: float
    project_id: str
    endpoint: urls.Endpoint
    #: The answer itself, with which the adapter need not sign in again.
    reply: Reply


def sign_in(wire: Wire, login: Login) -> SignedIn:
    """Ask Keystone for a token and the catalog.

    :raises LongRoad: there is no token, or not one service in the catalog.
    """
    auth: dict[str, Any] = {"identity": login.identity}
    if login.scope is not None:
        auth["scope"] = login.scope
    reply = wire.ask(
        "POST",
        f"{login.auth_url.rstrip('/')}/auth/tokens",
        {"Accept": "application/json", "Content-Type": "application/json"},
        json.dumps({"auth": auth}).encode(),
    )
    if reply.status != http.HTTPStatus.CREATED:
        raise LongRoad(f"HTTP {reply.status} from Keystone", reply=reply)
    token = reply.headers.get("X-Subject-Token")
    try:
        body = json.loads(reply.content)["token"]
        if not token:
            raise ValueError("no token in the headers")
        return SignedIn(
            token=token,
            expires=_seconds(body["expires_at"]),
            project_id=str(body["project"]["id"]),
            endpoint=_endpoint(body["catalog"], login),
            reply=reply,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LongRoad(f"no plain token: {error!r}", reply=reply) from error


def _seconds(text: str) -> float:
    when = datetime.datetime.fromisoformat(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return when.timestamp()


def _endpoint(catalog: Any, login: Login) -> urls.Endpoint:
    """Return where the service is.

    :raises ValueError: the catalog does not name it once, in plain words.
    """
    (url,) = _addresses(catalog, login)
    parts = urllib.parse.urlsplit(url)
    # else the certificates to be trusted may be others
    alike = parts.scheme == urllib.parse.urlsplit(login.auth_url).scheme
    if not (alike and parts.hostname) or any(s in url for s in "@%$?#"):
        raise ValueError("another kind of URL")
    return urls.Endpoint.from_url(url)


def _addresses(catalog: Any, login: Login) -> Iterator[str]:
    for service in catalog:
        if service["type"] != microversions.SERVICE_TYPE:
            continue
        for endpoint in service["endpoints"]:
            region = endpoint.get("region_id", endpoint.get("region"))
            if endpoint["interface"] == login.interface and (
                login.region_name in (None, region)
            ):
                yield endpoint["url"]
