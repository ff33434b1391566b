"""Client of the peer's protector service."""

import urllib.parse
from collections.abc import Sequence
from typing import Any

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.base.wire.session import Answer, NoAnswer, NoAnswerInTime
from fakeserver.engine.cloud_client.account import Account
from fakeserver.engine.cloud_client.account_session import AccountSession
from fakeserver.engine.cloud_client.login import LoginError, Project
from fakeserver.engine.peer.answers import (
    PeerRefused,
    PeerSilent,
    PeerState,
    PeerUnreadable,
    state_of,
)
from fakeserver.engine.peer.delta import Delta

#: connect and read, seconds; a peer that is silent is as good as dead. Its
#: Keystone and its service together are waited for less than a client waits
#: for this site, or the client would never be told
TIMEOUT = (5, 10)
#: the same for a report that a person waits for, and that decides nothing
QUICK = (1, 1)
#: how many groups are named in one question, and how many one page answers
_NAMED, _PAGE = 100, 1000
_UNREADABLE = "unreadable sync status"
VERSION = {"OpenStack-API-Version": "protector 1.0"}


class Peer:
    """The other site's service, asked with the service account."""

    def __init__(
        self,
        account: Account,
        project_id: str,
        url: str,
        wire: Wire,
        faults: Faults,
    ) -> None:
        self.site = account.site
        #: whether it is not known to be of an older version
        self._takes_changes = True
        self._answers_many = True
        self._url = url.rstrip("/")
        self._project = f"{self._url}/v1/{project_id}"
        self._base = f"{self._project}/protection-groups"
        self._faults = faults
        self._session = AccountSession(
            account, Project(project_id), wire, TIMEOUT
        )

    def ping(self) -> None:
        """Ask ``GET /``; raise PeerSilent where no protector service
        answers."""
        if self._faults.cuts(self.site):
            raise PeerSilent(self.site, "the way to it is cut")
        try:
            answer = self._session.http.request(
                "GET", f"{self._url}/", timeout=TIMEOUT
            )
            if "versions" not in answer.json():
                raise ValueError("no version document")
        except (
            NoAnswer,
            ValueError,
            RecursionError,
            # JSON, and no mapping
            TypeError,
        ) as error:
            raise PeerSilent(self.site, _why(error)) from error

    def state(self, group_id: str, quick: bool = False) -> PeerState | None:
        """Return what the peer holds; None where it does not know the
        group."""
        path = f"{self._base}/{group_id}/sync-status?local=true"
        try:
            body = self._call("GET", path, quick)
        except PeerRefused as refusal:
            if refusal.status == 404:
                return None
            raise
        try:
            return state_of(body["sync_status"])
        except (KeyError, TypeError, ValueError) as error:
            raise PeerSilent(self.site, _UNREADABLE) from error

    def states(
        self, group_ids: Sequence[str], quick: bool = False
    ) -> dict[str, PeerState]:
        """Return what the peer holds of many groups, without those that it
        does not know.

        One request for up to 100 groups; above that all groups of the
        project are read, in pages of 1000. A peer of an older version
        refuses the question: PeerRefused.
        """
        query: list[tuple[str, str | int]] = [("limit", _PAGE)]
        if len(group_ids) <= _NAMED:
            query += [("protection_group_id", one) for one in group_ids]
        found: dict[str, PeerState] = {}
        more: list[tuple[str, str | int]] = []
        try:
            while True:
                path = f"{self._project}/sync-status"
                asked = urllib.parse.urlencode(query + more)
                body = self._call("GET", f"{path}?{asked}", quick)
                held = body["sync_statuses"]
                for one in held:
                    found[str(one["protection_group_id"])] = state_of(one)
                if not body.get("links") or not held:
                    return found
                marker = str(held[-1]["protection_group_id"])
                if more == [("marker", marker)]:
                    return found
                more = [("marker", marker)]
        except (KeyError, TypeError, ValueError) as error:
            raise PeerSilent(self.site, _UNREADABLE) from error

    def held(self, group_ids: Sequence[str]) -> list[PeerState | None]:
        """Return what the peer holds of each group, by one question where it
        answers that.
        """
        if len(group_ids) > 1 and self._answers_many:
            try:
                found = self.states(group_ids)
            except PeerRefused as refusal:
                # an older version has no such address
                self._answers_many = refusal.status not in (400, 404)
            else:
                return [found.get(one) for one in group_ids]
        return [self.state(one) for one in group_ids]

    def put(
        self,
        group_id: str,
        doc: dict[str, Any],
        force: bool,
        change: Delta | None = None,
    ) -> None:
        """Push the document, or what has changed in it where the peer can
        take that; raise PeerRefused where the peer refuses the document."""
        if change is not None and self._put_change(group_id, change):
            return
        query = "?force=true" if force else ""
        self._call(
            "PUT",
            f"{self._base}/{group_id}/metadata{query}",
            json={"metadata": doc},
        )

    def _put_change(self, group_id: str, change: Delta) -> bool:
        """Push what has changed; return False where the peer does not take
        that: it is of an older version, or holds another document."""
        if not self._takes_changes:
            return False
        query = [("since", change.since), ("becomes", change.becomes)]
        query += [("removed", one) for one in change.removed]
        asked = urllib.parse.urlencode(query)
        try:
            self._call(
                "PUT",
                f"{self._base}/{group_id}/metadata?{asked}",
                json={"metadata": change.doc},
            )
        except PeerRefused as refusal:
            if refusal.status == 400 and refusal.message.startswith("since"):
                self._takes_changes = False
            return False
        return True

    def _call(
        self, method: str, url: str, quick: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        if self._faults.cuts(self.site):
            raise PeerSilent(self.site, "the way to it is cut")
        try:
            answer = self._session.request(
                url,
                method,
                headers=VERSION,
                timeout=QUICK if quick else TIMEOUT,
                **kwargs,
            )
        except (LoginError, NoAnswer) as error:
            raise PeerSilent(self.site, _why(error)) from error
        try:
            body = answer.json()
        except (ValueError, RecursionError) as error:
            raise PeerUnreadable(self.site, _came(answer)) from error
        status = answer.status_code
        if not (200 <= status < 300 or 400 <= status < 500):
            raise PeerUnreadable(self.site, _came(answer))
        if not isinstance(body, dict):
            raise PeerUnreadable(self.site, _came(answer))
        if status >= 400:
            error_body = body.get("error")
            error_body = error_body if isinstance(error_body, dict) else {}
            raise PeerRefused(
                self.site,
                status,
                str(error_body.get("reason", "")).removeprefix("protector."),
                str(error_body.get("message", answer.reason)),
            )
        return body


def _came(answer: Answer) -> str:
    """Describe an answer that no protector service gives."""
    kind, _, _ = answer.headers.get("Content-Type", "").partition(";")
    of_kind = f", {kind.strip()}" if kind else ""
    return f"HTTP {answer.status_code}{of_kind}"


def _why(error: Exception) -> str:
    """Describe in a few words what keeps an answer away."""
    if isinstance(error, ValueError):
        return "its answer is not readable"
    if isinstance(error, NoAnswerInTime):
        return "no answer in time"
    if isinstance(error, LoginError):
        return f"its {error}"
    if "refused" in str(error):
        return "connection refused"
    return "no connection"
