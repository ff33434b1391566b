"""Requests in a token of the service account."""

import json
import time
from collections.abc import Mapping
from typing import Any

import requests
from keystoneauth1 import access, session
from keystoneauth1.identity import v3

from fakeserver.base.wire import Wire
from fakeserver.engine.cloud_client.account import Account, Record

Timeout = tuple[float, float]


class _Password(v3.Password):
    """A login that reads the expiry of its token once.

    keystoneauth parses its text again at each request, which is a twentieth
    of the time of one.
    """

    _known: access.AccessInfo | None = None
    _good_until = 0.0

    def get_access(
        self, session: session.Session, **kwargs: Any
    ) -> access.AccessInfo:
        known = self._known
        if (
            known is not None
            and known is self.auth_ref
            and time.time() < self._good_until
        ):
            return known
        found = super().get_access(session, **kwargs)
        self._known = None
        if found.expires is not None:
            ends = found.expires.timestamp()
            self._good_until = ends - self.MIN_TOKEN_LIFE_SECONDS
            self._known = found
        return found


class AccountSession:
    """Sends requests as the service account, in a token of one project.

    keystoneauth logs in, and has the say in everything but a plain answer: a
    request of its own takes twelve times as long.

    What keeps an answer away is an error of requests, or one of keystoneauth.

    :param timeout: until a connection stands, and between two pieces of an
        answer, seconds.
    """

    def __init__(
        self, account: Account, project_id: str, wire: Wire, timeout: Timeout
    ) -> None:
        self._timeout = timeout
        self._auth = _Password(
            auth_url=account.auth_url,
            username=account.username,
            password=account.password,
            user_domain_name=account.user_domain_name,
            project_id=project_id,
        )
        self.http = wire.session()
        self._sessions: dict[Timeout, session.Session] = {}

    def login(self, timeout: Timeout | None = None) -> access.AccessInfo:
        """Return the token of the account, and its catalog."""
        return self._auth.get_access(self._by_keystoneauth(timeout))

    def request(
        self,
        url: str,
        method: str,
        *,
        headers: Mapping[str, str],
        json: Record | None = None,
        params: Mapping[str, str] | None = None,
        timeout: Timeout | None = None,
        log: bool = True,
    ) -> requests.Response:
        """Send a request; return the answer, whatever its status."""
        sent = {
            "X-Auth-Token": str(self.login(timeout).auth_token),
            "Accept": "application/json",
            "User-Agent": "protector",
            **headers,
        }
        body = None
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = _dumped(json)
        answer = self.http.request(
            method,
            url,
            params=params or None,
            data=body,
            headers=sent,
            timeout=timeout or self._timeout,
            allow_redirects=False,
        )
        if answer.status_code != 401 and not answer.is_redirect:
            return answer
        if answer.status_code == 401:
            # not valid any more: the next one is asked for
            self._auth.invalidate()
        return self._by_keystoneauth(timeout).request(
            url,
            method,
            json=json,
            params=dict(params or {}),
            headers=dict(headers),
            raise_exc=False,
            log=log,
        )

    def _by_keystoneauth(self, timeout: Timeout | None) -> session.Session:
        within = timeout or self._timeout
        found = self._sessions.get(within)
        if found is None:
            found = session.Session(
                auth=self._auth, session=self.http, verify=self.http.verify
            )
            # keystoneauth knows one number only, requests knows both
            found.timeout = within  # type: ignore[assignment]
            self._sessions[within] = found
        return found


def _dumped(value: Record) -> bytes:
    return json.dumps(value).encode()
