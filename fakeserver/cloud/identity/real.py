"""A real Keystone, asked about each token with the service's account.

This is what keystonemiddleware does for the services of OpenStack. It is
not used here, for what it would bring: 30 packages, oslo.config and
oslo.cache among them, for one GET; a WSGI layer before the whole
application, where five emulated services and the protector API answer one
port, each with open addresses and a 401 form of its own; and an answer in
HTML while Keystone is down, where this API promises its error form. Like
it, an answer is kept for a while; for 5 seconds, not for 300, so that a
revoked token ends while somebody watches.
"""

import dataclasses
import datetime
import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from fakeserver.base.wire import Wire
from fakeserver.base.wire.requests_session import NO_ANSWER
from fakeserver.cloud.identity.check import IdentityUnreachable
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.rows import Doc

#: how long an answer about a token is believed, seconds
KEPT = 5.0
#: to connect, and between two pieces of an answer, seconds
TIMEOUTS = (3.0, 5.0)
#: for a whole answer, however steadily it drips, seconds
WHOLE = 8.0
#: no answer about a token is larger, bytes
LARGEST = 1 << 20
#: longer texts are no tokens, and are not sent on
LONGEST = 8192
#: how many answers are remembered
REMEMBERED = 4096
_PIECE = 16

_UNREADABLE = "the answer has no token"


@dataclasses.dataclass(frozen=True)
class Credentials:
    """The account with which the service asks."""

    username: str
    password: str = dataclasses.field(repr=False)
    project_name: str
    domain_name: str


@dataclasses.dataclass(frozen=True)
class _Answer:
    status: int
    subject: str
    body: bytes

    @property
    def json(self) -> Doc:
        """Return the body as a mapping; an empty one where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class RealKeystone:
    """The Keystone at an address that somebody else runs."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        wire: Wire,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param url: with ``/v3``, as users have it in clouds.yaml.
        :param now: a real Keystone lives in real time, not in that of the
            sandbox's clock.
        """
        self._url = url
        self._credentials = credentials
        self._wire = wire
        self._now = now
        self._kept: dict[bytes, tuple[float, Token | None]] = {}
        self._own: str | None = None
        self._lock = threading.Lock()
        self._local = threading.local()

    @property
    def url(self) -> str:
        return self._url

    def check(self, text: str | None) -> Token | None:
        """Return the holder of a token, as Keystone answered within the last 5
        s."""
        if not text or not text.isascii() or len(text) > LONGEST:
            return None
        key = hashlib.sha256(text.encode()).digest()
        with self._lock:
            until, token = self._kept.get(key, (0.0, None))
        if until > self._now():
            return token
        token = self._ask(text)
        with self._lock:
            if len(self._kept) >= REMEMBERED:
                self._kept.clear()
            self._kept[key] = (self._now() + KEPT, token)
        return token

    def _ask(self, text: str) -> Token | None:
        answer = self._asked_as(self._own or self._log_in(), text)
        if answer.status == 401:
            # the service's own token has expired, or was revoked
            answer = self._asked_as(self._log_in(), text)
        if answer.status == 404 and "error" in answer.json:
            return None
        if answer.status != 200:
            raise self._silent(_refusal(answer.status, "its account"))
        try:
            return _token(answer.json["token"])
        except (AttributeError, LookupError, TypeError, ValueError):
            raise self._silent(_UNREADABLE) from None

    def _asked_as(self, own: str, text: str) -> "_Answer":
        return self._send(
            "GET",
            "/auth/tokens?nocatalog",
            headers={"X-Auth-Token": own, "X-Subject-Token": text},
        )

    def _log_in(self) -> str:
        """Return a fresh token of the service's account."""
        used = self._credentials
        domain = {"name": used.domain_name}
        user = {
            "name": used.username,
            "password": used.password,
            "domain": domain,
        }
        project = {"name": used.project_name, "domain": domain}
        answer = self._send(
            "POST",
            "/auth/tokens?nocatalog",
            json={
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {"user": user},
                    },
                    "scope": {"project": project},
                }
            },
        )
        if answer.status != 201:
            who = f"the account {used.username}"
            raise self._silent(_refusal(answer.status, who))
        if not answer.subject:
            raise self._silent(_UNREADABLE)
        self._own = answer.subject
        return answer.subject

    def _send(self, method: str, path: str, **options: Any) -> "_Answer":
        http = getattr(self._local, "http", None)
        if http is None:
            http = self._local.http = self._wire.session().by_requests
        until = self._now() + WHOLE
        try:
            with http.request(
                method,
                self._url + path,
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,
                **options,
            ) as answer:
                body = self._whole(answer, until)
        except requests.Timeout:
            raise self._silent("no answer in time") from None
        except NO_ANSWER as error:
            raise self._silent(_cause(error)) from error
        subject = answer.headers.get("X-Subject-Token", "")
        return _Answer(answer.status_code, subject, body)

    def _whole(self, answer: requests.Response, until: float) -> bytes:
        """Read a body within a deadline; requests counts each piece anew."""
        body = b""
        for piece in answer.iter_content(_PIECE):
            body += piece
            if self._now() > until:
                raise requests.Timeout
            if len(body) > LARGEST:
                raise self._silent("its answer is too large")
        return body

    def _silent(self, why: str) -> IdentityUnreachable:
        return IdentityUnreachable(self._url, why)


def _refusal(status: int, who: str) -> str:
    """Return the error for a status other than the expected one."""
    if status in (401, 403):
        return f"it refuses {who} with HTTP {status}"
    return f"it answers HTTP {status}"


def _cause(error: Exception) -> str:
    return "connection refused" if "refused" in str(error) else "no connection"


def _token(said: Doc) -> Token:
    """Parse a token as Keystone describes it; raise for anything else."""
    project = said.get("project") or {}
    credential = said.get("application_credential") or {}
    return Token(
        user_id=str(said["user"]["id"]),
        user_name=str(said["user"]["name"]),
        project_id=str(project["id"]) if project else "",
        project_name=str(project["name"]) if project else "",
        roles=tuple(str(role["name"]) for role in said.get("roles") or ()),
        issued_at=_seconds(said["issued_at"]),
        expires_at=_seconds(said["expires_at"]),
        system=bool(said.get("system")),
        methods=tuple(said["methods"]),
        audit_ids=tuple(said["audit_ids"]),
        app_credential_id=str(credential.get("id") or ""),
        domain_id=str((said.get("domain") or {}).get("id") or ""),
    )


def _seconds(stamp: str) -> float:
    return datetime.datetime.fromisoformat(stamp).timestamp()
