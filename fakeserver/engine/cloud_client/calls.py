"""Calls that every client of a cloud is made of: list, show, act, delete."""

from collections.abc import Mapping

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.engine.cloud_client.account import (
    Account,
    CloudRefused,
    CloudUnreachable,
    Record,
)
from fakeserver.engine.cloud_client.session import CloudHttp


class Calls:
    """Calls to the services of one cloud, in one project."""

    def __init__(
        self, account: Account, project_id: str, wire: Wire, faults: Faults
    ) -> None:
        self._http = CloudHttp(account, project_id, wire, faults)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._http.site!r})"

    @property
    def site(self) -> str:
        """Return the name of the site."""
        return self._http.site

    def _act(self, service: str, path: str, body: Record) -> None:
        self._http.call(
            service, "POST", f"{path}/action", json=body, silent=True
        )

    def _maybe(
        self,
        service: str,
        path: str,
        noun: str,
        params: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> Record | None:
        try:
            found = self._http.call(
                service, "GET", path, params=params, version=version
            )
        except CloudRefused as refusal:
            if refusal.status == 404:
                return None
            raise
        record: Record = found[noun]
        return record

    def _remove(self, service: str, path: str) -> None:
        try:
            self._http.call(service, "DELETE", path, silent=True)
        except CloudRefused as refusal:
            if refusal.status != 404:
                raise

    def _all(
        self,
        service: str,
        path: str,
        plural: str,
        params: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> list[Record]:
        """List every page."""
        asked = dict(params or {})
        found: list[Record] = []
        while True:
            answer = self._http.call(
                service, "GET", path, params=asked, version=version
            )
            page: list[Record] = answer[plural]
            if not isinstance(page, list):
                why = f"its {plural} are no list"
                raise CloudUnreachable(self.site, why)
            found += page
            if not page or not _goes_on(answer):
                return found
            asked["marker"] = page[-1]["id"]


def _goes_on(answer: Record) -> bool:
    """Return whether a list has a next page."""
    return any(
        link["rel"] == "next"
        for key, links in answer.items()
        if key.endswith("_links")
        for link in links
    )
