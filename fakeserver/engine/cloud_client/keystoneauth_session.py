"""Logins of a service account by keystoneauth."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from fakeserver.base.wire.requests_session import NO_ANSWER
from fakeserver.base.wire.session import NoAnswer, NoAnswerInTime
from fakeserver.engine.cloud_client.account import Account
from fakeserver.engine.cloud_client.login import (
    UNREADABLE,
    Login,
    LoginError,
    Project,
    Timeout,
)


class KeystoneauthSession:
    """Logs in as the service account, as every client of a cloud does.

    :param http: what keystoneauth sends over.
    """

    def __init__(
        self, account: Account, project: Project, http: requests.Session
    ) -> None:
        self._auth = v3.Password(
            auth_url=account.auth_url,
            username=account.username,
            password=account.password,
            user_domain_name=account.user_domain_name,
            project_id=project.id or None,
            project_name=project.name or None,
            project_domain_name=project.domain_name or None,
        )
        self._http = http
        self._sessions: dict[Timeout, session.Session] = {}

    def login(self, timeout: Timeout) -> Login:
        """Return a token that lasts; raise LoginError or NoAnswer."""
        try:
            with _errors():
                found = self._auth.get_access(self._session(timeout))
            ends = found.expires
            return Login(
                token=str(found.auth_token),
                project_id=found.project_id,
                expires_at=0.0 if ends is None else ends.timestamp(),
                catalog=list(found.service_catalog.catalog),
            )
        except UNREADABLE as error:
            raise NoAnswer("Keystone's answer has no token") from error

    def invalidate(self) -> None:
        """Let the next login ask for a new token."""
        self._auth.invalidate()

    def _session(self, timeout: Timeout) -> session.Session:
        found = self._sessions.get(timeout)
        if found is None:
            found = session.Session(
                auth=self._auth, session=self._http, verify=self._http.verify
            )
            # keystoneauth knows one number only, requests knows both
            found.timeout = timeout  # type: ignore[assignment]
            self._sessions[timeout] = found
        return found


@contextmanager
def _errors() -> Iterator[None]:
    """Turn the errors of keystoneauth and requests into our own."""
    try:
        yield
    except exceptions.HttpError as error:
        if error.response is None:
            raise NoAnswer(str(error)) from error
        raise LoginError(error.response) from error
    except (exceptions.ConnectTimeout, requests.Timeout) as error:
        raise NoAnswerInTime(str(error)) from error
    except (exceptions.ClientException, *NO_ANSWER) as error:
        raise NoAnswer(str(error)) from error
