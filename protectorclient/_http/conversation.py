"""Speak with one site's service, whoever carries the requests.

A `Conversation` knows paths, versions and records. Who carries a request,
and what becomes of one that fails, is its subclass's: `adapter.SiteAdapter`
on a keystoneauth session, or `short.road.ShortRoad` for a read whose token
and address are known. This module imports neither of the two, and nothing
that they stand on.
"""

from __future__ import annotations

import abc
import dataclasses
import datetime
import email.utils
import time
from collections.abc import Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient._http import microversions, urls

#: The headers that both sides know.
REQUEST_ID_HEADER = "X-OpenStack-Request-ID"
VERSION_HEADER = "OpenStack-API-Version"


def is_mark(version: str | None) -> bool:
    """Return whether a version header is one that a protector writes."""
    return version is not None and any(
        part.strip().lower().startswith(f"{microversions.SERVICE_TYPE} ")
        for part in version.split(",")
    )


def _moment(date: str) -> datetime.datetime | None:
    """Read the time in an HTTP date header."""
    try:
        when = email.utils.parsedate_to_datetime(date)
        when.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if when.tzinfo is None:
        return when.replace(tzinfo=datetime.UTC)
    return when


#: The methods that change nothing.
SAFE = frozenset({"GET", "HEAD"})


def new_request_id() -> str:
    """Make a request id of our own; the service keeps it with what it
    starts."""
    import uuid

    return f"req-{uuid.uuid4()}"


@dataclasses.dataclass(frozen=True)
class Answer:
    """The JSON of a successful response, and its headers that are used."""

    status: int
    body: dict[str, Any]
    #: The version the service used.
    version: str | None
    request_id: str | None


class Conversation(abc.ABC):
    """What the managers ask of one site."""

    #: How messages name the site.
    site: str | None
    #: The service's URL, once it has been looked up.
    known_endpoint: urls.Endpoint | None = None
    #: The parameters of lists that this service does not have.
    missing_parameters: set[str]
    #: The `Date` of the last answer, and when it came: seconds since the
    #: epoch by this machine's clock.
    dated: tuple[str, float] | None = None
    #: What was asked for: auto, latest, or a version.
    _wanted: str
    _pinned: microversions.Version | None

    @property
    @abc.abstractmethod
    def endpoint(self) -> urls.Endpoint:
        """Return the service's URL at this site."""

    @property
    @abc.abstractmethod
    def project_id(self) -> str:
        """Return the project of the token."""

    @property
    @abc.abstractmethod
    def offered(self) -> microversions.VersionRange:
        """Return the versions that the site offers; they are asked for once.

        :raises SiteUnreachable: nobody who knows has answered.
        """

    @abc.abstractmethod
    def read_versions(self) -> microversions.VersionRange:
        """Ask for the version documents; no token is needed.

        :raises NotTheService: something answers, and it is none.
        """

    @abc.abstractmethod
    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        request_id: str | None = None,
        secrets: Sequence[str] = (),
    ) -> Answer:
        """Send one request and read its answer.

        :param path: below the service's root, from `v1` or `tenant`.
        :param secrets: values of the body that may not be seen anywhere;
            with any, the request is left out of the debug log.
        """

    @abc.abstractmethod
    def is_markless(self) -> bool:
        """Return whether no answer had the service's mark."""

    # Where

    def v1(self, *segments: str) -> str:
        """Make a path below ``/v1``."""
        return "/".join(("/v1", *segments))

    def tenant(self, *segments: str) -> str:
        """Make a path below ``/v1/<project>``."""
        return self.v1(urls.segment(self.project_id, "project"), *segments)

    # Which version

    @property
    def version(self) -> microversions.Version:
        """Return the version in use, which decides what responses hold."""
        if self._pinned is not None:
            return self._pinned
        if self._wanted == "latest":
            return self.offered.maximum
        return microversions.newest_common(self.offered, self.site)

    def require(self, feature: microversions.Feature) -> None:
        """Raise where the version in use lacks a feature."""
        if self.version >= feature.since:
            return
        raise microversions.without(
            feature, self._pinned or self.offered, self.site
        )

    def has(self, feature: microversions.Feature) -> bool:
        """Return whether the version in use has a feature."""
        return self.version >= feature.since

    def _version_header(self) -> str:
        chosen = "latest" if self._wanted == "latest" else self.version
        return f"{microversions.SERVICE_TYPE} {chosen}"

    # Calls

    def get(
        self, path: str, noun: str, params: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a GET and return what its response holds under a noun."""
        return self.noun(self.call("GET", path, params=params), noun, "GET")

    def noun(self, answer: Answer, noun: str, method: str) -> Any:
        """Return the part of a response under its noun, which must be
        there."""
        if noun in answer.body:
            self._learn(answer)
            return answer.body[noun]
        raise self._unreadable(method, f"without '{noun}'", answer.request_id)

    @abc.abstractmethod
    def _learn(self, answer: Answer) -> None:
        """Learn from a success that is the service's."""

    def headers(self, request_id: str | None = None) -> dict[str, str]:
        """Make the headers of a request, without the token."""
        headers = {
            "Accept": "application/json",
            VERSION_HEADER: self._version_header(),
        }
        if request_id:
            headers[REQUEST_ID_HEADER] = request_id
        return headers

    def _unreadable(
        self, method: str, what: str, request_id: str | None
    ) -> exceptions.ProtectorError:
        """Make the exception for a success without what belongs in it.

        :param what: is missing, such as ``without its JSON``.
        """
        if method in SAFE:
            return exceptions.UnreadableAnswer(
                f"the service answered {what}",
                site=self.site,
                request_id=request_id,
                sent=True,
            )
        return exceptions.OutcomeUnknown(
            f"the service answered {what}: whether the request was carried"
            " out is not known",
            site=self.site,
            request_id=request_id,
        )

    def note_date(self, date: str | None) -> None:
        """Note the `Date` of an answer that has just come; few ask for it."""
        if date:
            self.dated = date, time.time()

    @property
    def clock_skew(self) -> float | None:
        """Return the site's clock less this machine's, by its last answer."""
        if self.dated is None:
            return None
        date, came = self.dated
        when = _moment(date)
        return None if when is None else when.timestamp() - came

    def server_time(self) -> datetime.datetime:
        """Return the time by the site's clock, as of its last response."""
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(
            seconds=self.clock_skew or 0.0
        )
