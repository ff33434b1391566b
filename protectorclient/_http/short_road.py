"""Read from a service whose address, version and token are known already.

For a short command that is typed again and again: keystoneauth, requests
and urllib3 take longer to import than the request takes. A `ShortRoad`
carries a read over ``http.client``, and takes nothing for an answer but a
200 with the service's version header and its JSON. For all else, an error
of the service too, it raises `LongRoad`: the caller begins anew with the
adapter that can tell one failure from another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import http.client
import json
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from protectorclient import exceptions
from protectorclient._http import microversions, urls
from protectorclient._http.conversation import (
    REQUEST_ID_HEADER,
    VERSION_HEADER,
    Answer,
    Conversation,
    is_mark,
)
from protectorclient._version import __version__
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT

if TYPE_CHECKING:
    import ssl

#: Bytes of an answer; the other road takes more.
LARGEST = 8 * 2**20
_PIECE = 64 * 2**10


class LongRoad(Exception):
    """The question has to be asked by the adapter.

    :ivar stale: whether what was known of the site may be wrong.
    """

    def __init__(self, why: str, *, stale: bool = True) -> None:
        super().__init__(why)
        self.stale = stale


@dataclasses.dataclass(frozen=True)
class KnownSite:
    """What has been found out of a site, and holds for some minutes."""

    #: How messages name the site.
    name: str
    #: The service's URL above ``/v1``.
    root: str
    project_id: str
    token: str = dataclasses.field(repr=False)
    minimum: microversions.Version
    maximum: microversions.Version
    #: The site's own record, and both: id and name.
    local_id: str | None
    site_names: Mapping[str, str]
    #: Whether certificates are checked, or by which file.
    verify: bool | str = True
    #: The file of the client's certificate, and that of its key.
    cert: tuple[str, str | None] | None = None


class ShortRoad(Conversation):
    """A conversation that only reads.

    :param known: the site.
    :param api_version: auto, latest, or a version.
    """

    def __init__(self, known: KnownSite, *, api_version: str) -> None:
        self.site = known.name
        self._known = known
        self.known_endpoint = urls.Endpoint(known.root)
        self._wanted = api_version
        self._pinned = microversions.pinned(api_version)
        self.missing_parameters = set()
        self._idle: list[http.client.HTTPConnection] = []

    @property
    def endpoint(self) -> urls.Endpoint:
        assert self.known_endpoint is not None
        return self.known_endpoint

    @property
    def project_id(self) -> str:
        return self._known.project_id

    @property
    def offered(self) -> microversions.VersionRange:
        return microversions.VersionRange(
            self._known.minimum, self._known.maximum
        )

    def read_versions(self) -> NoReturn:
        raise LongRoad("the versions are asked for", stale=False)

    def is_markless(self) -> bool:
        return False

    def require(self, feature: microversions.Feature) -> None:
        if not self.has(feature):
            raise LongRoad(f"the site may have {feature.what} by now")

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
        if method != "GET" or body is not None:
            raise LongRoad(f"{method} is no read", stale=False)
        address = urllib.parse.urlsplit(self.endpoint.root + path)
        target = address.path
        if params:
            query = urllib.parse.urlencode(urls.query(params), doseq=True)
            target += f"?{query}"
        headers = {
            **self.headers(request_id),
            "X-Auth-Token": self._known.token,
            "User-Agent": f"python-protectorclient/{__version__}",
        }
        try:
            return self._asked(target, headers)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise LongRoad(f"{type(error).__name__}: {error}") from error

    def _asked(self, target: str, headers: Mapping[str, str]) -> Answer:
        connection = self._idle.pop() if self._idle else self._connected()
        try:
            connection.request("GET", target, headers=dict(headers))
            response = connection.getresponse()
            content = self._content(response)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        version = response.headers.get(VERSION_HEADER)
        if response.status != http.client.OK or not is_mark(version):
            raise LongRoad(f"HTTP {response.status} from {self.site}")
        found = json.loads(content)
        if not isinstance(found, dict):
            raise LongRoad(f"{self.site} answers without an object")
        self._note_clock(response.headers.get("Date"))
        self._recognise(found)
        return Answer(
            response.status,
            found,
            version,
            response.headers.get(REQUEST_ID_HEADER),
        )

    def _connected(self) -> http.client.HTTPConnection:
        address = urllib.parse.urlsplit(self.endpoint.root)
        host, port = address.hostname or "", address.port
        connection: http.client.HTTPConnection
        if address.scheme == "https":
            connection = http.client.HTTPSConnection(
                host,
                port,
                timeout=CONNECT_TIMEOUT,
                context=_context(self._known),
            )
        elif address.scheme == "http":
            connection = http.client.HTTPConnection(
                host, port, timeout=CONNECT_TIMEOUT
            )
        else:
            raise LongRoad(f"no such scheme: {address.scheme}")
        connection.connect()
        connection.sock.settimeout(READ_TIMEOUT)
        return connection

    @staticmethod
    def _content(response: http.client.HTTPResponse) -> bytes:
        """Read an answer, which has an end in time and in size."""
        if response.headers.get("Content-Encoding"):
            raise LongRoad("the answer is packed", stale=False)
        end = time.monotonic() + READ_TIMEOUT
        pieces: list[bytes] = []
        size = 0
        while piece := response.read1(_PIECE):
            size += len(piece)
            if size > LARGEST or time.monotonic() > end:
                raise LongRoad("the answer does not end", stale=False)
            pieces.append(piece)
        if response.length:
            raise LongRoad("the answer is cut")
        # or the connection would not take another request
        response.close()
        return b"".join(pieces)

    def _note_clock(self, date: str | None) -> None:
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            when = email.utils.parsedate_to_datetime(date or "")
            self.clock_skew = when.timestamp() - time.time()

    def _recognise(self, body: Mapping[str, Any]) -> None:
        """Compare the site that answers with the one that is known.

        Addresses are given to other machines, and tokens of a restored
        Keystone may be those of another site.
        """
        local = self._known.local_id
        if local is None:
            return
        for site in _records(body.get("sites")):
            if site.get("local") and site.get("id") != local:
                raise LongRoad(f"{self.site} is another site now")
        operations = _records(body.get("operations"))
        for one in (*operations, *_records([body.get("operation")])):
            ends = {one.get("source_site_id"), one.get("target_site_id")}
            if local not in ends and None not in ends:
                raise LongRoad(f"{self.site} is another site now")

    def _learn(self, answer: Answer) -> None:
        """Learn nothing: what is known came by the other road."""

    def _unreadable(
        self, method: str, what: str, request_id: str | None
    ) -> exceptions.ProtectorError:
        raise LongRoad(f"{self.site} answers {what}")

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()


def _records(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]


def _context(known: KnownSite) -> ssl.SSLContext:
    import ssl

    if known.verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        authority = known.verify if isinstance(known.verify, str) else None
        context = ssl.create_default_context(cafile=authority)
    if known.cert:
        context.load_cert_chain(*known.cert)
    return context
