"""Logins of a service account, and what a token says."""

import dataclasses
import datetime
import json
import time
from typing import Any

from fakeserver.base.loopback_guard import is_local_name
from fakeserver.base.wire.redirects import followed
from fakeserver.base.wire.session import Answer, NoAnswer, Session
from fakeserver.engine.cloud_client.account import Account, Record

Timeout = tuple[float, float]

#: a token that ends sooner is not used any more, seconds; as keystoneauth
#: thinks
_LEAST = 120.0
USER_AGENT = "protector"
#: what reading an answer raises that no Keystone gives
UNREADABLE = (
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class LoginError(Exception):
    """Keystone has answered a login with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"Keystone says HTTP {answer.status_code}")
        self.answer = answer


@dataclasses.dataclass(frozen=True)
class Project:
    """The project that a token is for: its id, or its name and domain."""

    id: str = ""
    name: str = ""
    domain_name: str = ""

    @property
    def scope(self) -> Record:
        """Return it in the form of a login."""
        if self.id:
            return {"id": self.id}
        return {"name": self.name, "domain": {"name": self.domain_name}}


@dataclasses.dataclass(frozen=True)
class Login:
    """A token of the account.

    Raises NoAnswer for a token that no request can carry.
    """

    token: str = dataclasses.field(repr=False)
    project_id: str | None
    #: seconds since the epoch
    expires_at: float
    #: the services and their endpoints, as Keystone lists them
    catalog: list[Record] = dataclasses.field(repr=False)

    def __post_init__(self) -> None:
        token = self.token
        if not token or not token.isprintable() or token.strip() != token:
            raise NoAnswer("Keystone's answer has no token")

    def lasts(self) -> bool:
        """Return whether a request may still be sent with it."""
        return time.time() < self.expires_at - _LEAST

    def url(self, kind: str, interface: str, region: str) -> str | None:
        """Return the address of a service.

        Raises NoAnswer for a catalog that is none.

        :param kind: the type of the service, or an alias of it.
        """
        try:
            return self._url(kind, interface, region)
        except UNREADABLE as error:
            raise NoAnswer("Keystone's catalog is not readable") from error

    def _url(self, kind: str, interface: str, region: str) -> str | None:
        for service in self.catalog:
            if service.get("type") != kind:
                continue
            for endpoint in service.get("endpoints", ()):
                place = endpoint.get("region_id") or endpoint.get("region")
                if (
                    endpoint.get("interface") == interface
                    and region in ("", place)
                    and endpoint.get("url")
                ):
                    return str(endpoint["url"])
        # it knows the aliases of a service
        from keystoneauth1.access import service_catalog

        urls = service_catalog.ServiceCatalogV3(self.catalog).get_urls(
            service_type=kind, interface=interface, region_name=region
        )
        return urls[0] if urls and urls[0] else None


def is_plain(account: Account) -> bool:
    """Return whether the login is one of a sandbox: over HTTP, to this
    machine. All others are those of keystoneauth."""
    place = account.auth_url.removeprefix("http://").partition("/")[0]
    return account.auth_url.startswith("http://") and is_local_name(place)


def log_in(
    account: Account, project: Project, http: Session, timeout: Timeout
) -> Login:
    """Log in with one request; raise LoginError or NoAnswer."""
    user = {
        "password": account.password,
        "name": account.username,
        "domain": {"name": account.user_domain_name},
    }
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": project.scope},
        }
    }
    url = account.auth_url.rstrip("/")
    if not url.endswith("v3"):
        url += "/v3"
    url += "/auth/tokens"

    def send(address: str) -> Answer:
        return http.request(
            "POST",
            address,
            data=json.dumps(body).encode(),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
            },
            timeout=timeout,
            allow_redirects=False,
        )

    answer = followed(send(url), "POST", url, send)
    if answer.status_code >= 400:
        raise LoginError(answer)
    return _read(answer)


def _read(answer: Answer) -> Login:
    """Read a token as Keystone describes it; NoAnswer for anything else."""
    try:
        said = answer.json()["token"]
        catalog: Any = said.get("catalog") or []
        ends = datetime.datetime.fromisoformat(said["expires_at"])
        if ends.tzinfo is None:
            ends = ends.replace(tzinfo=datetime.UTC)
        return Login(
            token=answer.headers["X-Subject-Token"],
            project_id=(said.get("project") or {}).get("id"),
            expires_at=ends.timestamp(),
            catalog=list(catalog),
        )
    except UNREADABLE as error:
        raise NoAnswer("Keystone's answer has no token") from error
