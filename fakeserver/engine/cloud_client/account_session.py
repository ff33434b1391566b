"""Requests in a token of the service account."""

import functools
import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fakeserver.base.wire import Wire
from fakeserver.base.wire.redirects import followed
from fakeserver.base.wire.session import Answer
from fakeserver.engine.cloud_client import login
from fakeserver.engine.cloud_client.account import Account, Record
from fakeserver.engine.cloud_client.login import Login, Project, Timeout

if TYPE_CHECKING:
    from fakeserver.engine.cloud_client.keystoneauth_session import (
        KeystoneauthSession,
    )


class AccountSession:
    """Sends requests as the service account, in a token of one project.

    A plain request goes over the wire as it is: one of keystoneauth takes
    twelve times as long. So does the login at a sandbox of this machine,
    which then loads neither keystoneauth nor requests, nine of a site's
    megabytes. keystoneauth does all other logins.

    Raises NoAnswer, or LoginError for a Keystone that refuses the account.

    :param timeout: until a connection stands, and between two pieces of an
        answer, seconds.
    """

    def __init__(
        self, account: Account, project: Project, wire: Wire, timeout: Timeout
    ) -> None:
        self._account = account
        self._project = project
        self._timeout = timeout
        self.http = wire.session()
        self._login: Login | None = None
        self._lock = threading.Lock()

    @functools.cached_property
    def _keystoneauth(self) -> "KeystoneauthSession":
        from fakeserver.engine.cloud_client.keystoneauth_session import (
            KeystoneauthSession,
        )

        return KeystoneauthSession(
            self._account, self._project, self.http.by_requests
        )

    def login(self, timeout: Timeout | None = None) -> Login:
        """Return a token of the account; ask for one where there is none that
        lasts."""
        found = self._login
        if found is not None and found.lasts():
            return found
        with self._lock:
            found = self._login
            if found is None or not found.lasts():
                found = self._login = self._log_in(timeout or self._timeout)
        return found

    def _log_in(self, timeout: Timeout) -> Login:
        if login.is_plain(self._account):
            return login.log_in(
                self._account, self._project, self.http, timeout
            )
        return self._keystoneauth.login(timeout)

    def request(
        self,
        url: str,
        method: str,
        *,
        headers: Mapping[str, str],
        json: Record | None = None,
        params: Mapping[str, str] | None = None,
        timeout: Timeout | None = None,
    ) -> Answer:
        """Send a request; return the answer, whatever its status."""
        body = None if json is None else _dumped(json)

        def send(
            address: str, params: Mapping[str, str] | None = None
        ) -> Answer:
            return self._authorized(
                lambda used: self._send(
                    used, address, method, headers, body, params, timeout
                ),
                timeout,
            )

        return followed(send(url, params), method, url, send)

    def _authorized(
        self, send: Callable[[Login], Answer], timeout: Timeout | None
    ) -> Answer:
        used = self.login(timeout)
        answer = send(used)
        if answer.status_code != 401:
            return answer
        # not valid any more: the next one is asked for
        self._forget(used)
        return send(self.login(timeout))

    def _forget(self, used: Login) -> None:
        with self._lock:
            if self._login is not used:
                return
            self._login = None
            if "_keystoneauth" in self.__dict__:
                self._keystoneauth.invalidate()

    def _send(
        self,
        used: Login,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        params: Mapping[str, str] | None,
        timeout: Timeout | None,
    ) -> Answer:
        sent = {
            "X-Auth-Token": used.token,
            "Accept": "application/json",
            "User-Agent": login.USER_AGENT,
            **headers,
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.http.request(
            method,
            url,
            params=params or None,
            data=body,
            headers=sent,
            timeout=timeout or self._timeout,
            allow_redirects=False,
        )


def _dumped(value: Record) -> bytes:
    return json.dumps(value).encode()
