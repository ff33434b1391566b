"""HTTP session to the cloud of a registered site."""

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NoReturn, TypeVar

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.base.wire.session import Answer, NoAnswer, NoAnswerInTime
from fakeserver.engine.cloud_client.account import (
    TIMEOUTS,
    Account,
    CloudRefused,
    CloudUnreachable,
    LoginRefused,
    Record,
)
from fakeserver.engine.cloud_client.account_session import AccountSession
from fakeserver.engine.cloud_client.login import LoginError, Project

T = TypeVar("T")


class _ServiceAnswer(Record):
    """What a service has answered; CloudUnreachable for what is not there:
    somebody else has answered for it."""

    def __init__(self, site: str, found: Record) -> None:
        super().__init__(found)
        self._site = site

    def __missing__(self, name: str) -> NoReturn:
        raise CloudUnreachable(self._site, f"its answer has no {name}")


class CloudHttp:
    """Calls to the services of one cloud, in a token of one project."""

    def __init__(
        self, account: Account, project_id: str, wire: Wire, faults: Faults
    ) -> None:
        self.site = account.site
        self._project_id = project_id
        self._region = account.region_name
        self._interface = account.interface
        self._faults = faults
        self._session = AccountSession(
            account, Project(project_id), wire, TIMEOUTS
        )
        self._endpoints: dict[str, str] = {}
        self._lock = threading.Lock()

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: Record | None = None,
        params: Mapping[str, str] | None = None,
        silent: bool = False,
        version: str | None = None,
    ) -> Record:
        """Send a request and return its JSON; a ``silent`` call has none.

        :param version: the microversion, where it is not the usual one.
        """
        url = self._endpoint(service) + path
        headers = dict(_VERSIONS.get(service, {}))
        if version is not None:
            headers["OpenStack-API-Version"] = f"{service} {version}"
        answer = self._guarded(
            lambda: self._session.request(
                url,
                method,
                json=json,
                params=params,
                headers=headers,
            )
        )
        if answer.status_code >= 300:
            self._refuse(answer)
        if silent:
            return {}
        found = _json(answer)
        if found is None:
            raise CloudUnreachable(self.site, "its answer is cut off")
        return _ServiceAnswer(self.site, found)

    def _endpoint(self, service: str) -> str:
        """Return the address of a service from the catalog, looked up once."""
        with self._lock:
            known = self._endpoints.get(service)
        if known is not None:
            return known
        found = self._guarded(lambda: self._listed(service))
        if found is None:
            raise CloudRefused(
                self.site,
                404,
                f"no {self._interface} endpoint of a {service} service in "
                f"region {self._region} of the catalog",
            )
        url = self._completed(service, found.rstrip("/"))
        with self._lock:
            self._endpoints[service] = url
        return url

    def _listed(self, service: str) -> str | None:
        """Return the address of a service as the catalog has it."""
        login = self._session.login()
        each = (
            login.url(kind, self._interface, self._region)
            for kind in _TYPES[service]
        )
        return next(filter(None, each), None)

    def _completed(self, service: str, url: str) -> str:
        """Complete an address of the catalog with the version and the
        project."""
        tail = {"network": "/v2.0", "volume": f"/{self._project_id}"}
        ending = tail.get(service, "")
        return url if url.endswith(ending) else url + ending

    def _guarded(self, ask: Callable[[], T]) -> T:
        """Send a request; raise CloudUnreachable for all that keeps an answer
        away."""
        if self._faults.cuts(self.site):
            raise CloudUnreachable(self.site, "the way to it is cut")
        try:
            return ask()
        except LoginError as error:
            self._refuse(error.answer, LoginRefused)
        except NoAnswerInTime as error:
            why = "it does not answer in time"
            raise CloudUnreachable(self.site, why) from error
        except NoAnswer as error:
            raise CloudUnreachable(self.site) from error

    def _refuse(
        self,
        answer: Answer,
        kind: type[CloudRefused] = CloudRefused,
    ) -> NoReturn:
        """Raise CloudRefused for a 4xx, CloudUnreachable for a 3xx that leads
        nowhere and a 5xx, which are no answers to the request."""
        status = answer.status_code
        # who offers several addresses has understood, and does not do it
        if status != HTTPStatus.MULTIPLE_CHOICES and not 400 <= status < 500:
            raise CloudUnreachable(self.site, f"HTTP {status}")
        raise kind(self.site, status, message_of(answer))


#: names under which catalogs list a service
_TYPES = {
    "compute": ("compute",),
    "network": ("network",),
    "volume": ("volumev3", "block-storage", "volume"),
}
#: groups came to Cinder with 3.13, their volumes can be listed since 3.25
_VERSIONS: Mapping[str, Mapping[str, str]] = {
    "volume": {"OpenStack-API-Version": "volume 3.25"},
}


def _json(answer: Answer) -> Record | None:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def message_of(answer: Answer) -> str:
    """Return the message of an error; each service has a wrapper of its
    own."""
    for value in (_json(answer) or {}).values():
        if isinstance(value, dict) and value.get("message"):
            return str(value["message"])
    return answer.reason or "no reason given"
