"""Read from a service whose address and token are known already.

A `ShortRoad` takes nothing for an answer but a 200 with the service's version
header and its JSON. For all else, an error of the service too, it raises
`LongRoad`: the caller turns to the adapter that can tell one failure from
another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from protectorclient import exceptions
from protectorclient._http import microversions, urls
from protectorclient._http.conversation import (
    REQUEST_ID_HEADER,
    VERSION_HEADER,
    Answer,
    Conversation,
    is_mark,
)
from protectorclient._http.short.wire import LongRoad, Reply, Wire

_JSON = "application/json"
#: The fields that name both sites of a record: one is the site that has it.
_ENDS = {
    "operation": ("source_site_id", "target_site_id"),
    "protection_group": ("primary_site_id", "secondary_site_id"),
}


@dataclasses.dataclass(frozen=True)
class KnownSite:
    """What has been found out of a site, and holds for some minutes."""

    #: How messages name the site.
    name: str
    #: The service's URL above ``/v1``.
    root: str
    project_id: str
    token: str = dataclasses.field(repr=False)
    #: The versions that the service offers; None where nobody has asked.
    offered: microversions.VersionRange | None
    #: The site's own record, and both: id and name.
    local_id: str | None
    site_names: Mapping[str, str]
    #: Whether certificates are checked, or by which file.
    verify: bool | str = True
    #: The file of the client's certificate, and that of its key.
    cert: tuple[str, str | None] | None = None


class ShortRoad(Conversation):
    """A conversation that only reads.

    Before the versions of the site are known, it asks in the newest version
    of this client, which most sites have. A site without it answers 406, and
    is asked for its versions then.

    :param known: the site.
    :param api_version: auto, latest, or a version.
    :param wire: the connections to the site, where there are some already.
    """

    def __init__(
        self, known: KnownSite, *, api_version: str, wire: Wire | None = None
    ) -> None:
        self.site = known.name
        self._known = known
        self.known_endpoint = urls.Endpoint(known.root)
        self._offered = known.offered
        self._wanted = api_version
        self._pinned = microversions.pinned(api_version)
        self.missing_parameters = set()
        self._wire = wire or Wire(verify=known.verify, cert=known.cert)
        #: Whether the site has answered in the newest version that we know.
        self._has_newest = False
        #: What the adapter need not ask again.
        self.heard: tuple[Reply, ...] = ()

    @property
    def endpoint(self) -> urls.Endpoint:
        assert self.known_endpoint is not None
        return self.known_endpoint

    @property
    def project_id(self) -> str:
        return self._known.project_id

    @property
    def known(self) -> KnownSite:
        """Return the site, with the versions that are known by now."""
        offered = self._offered
        used = microversions.MAXIMUM if self._has_newest else None
        used = self._pinned or (used if offered is None else None)
        if used is not None:
            offered = microversions.VersionRange(used, used)
        return dataclasses.replace(self._known, offered=offered)

    @property
    def offered(self) -> microversions.VersionRange:
        if self._offered is None:
            reply = self._wire.ask(
                "GET", f"{self.endpoint.root}/v1/", {"Accept": _JSON}
            )
            self._offered = microversions.range_from(_document(reply))
            if self._offered is None:
                raise LongRoad("no version document", reply=reply)
            self.heard = (reply,)
        return self._offered

    @property
    def version(self) -> microversions.Version:
        return microversions.MAXIMUM if self._presumes else super().version

    @property
    def _presumes(self) -> bool:
        """Return whether the site may not have the version that is used."""
        return self._wanted == "auto" and self._offered is None

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
        url = self.endpoint.root + path
        query = urllib.parse.urlencode(urls.query(params or {}), doseq=True)
        if query:
            url += f"?{query}"
        presumes = self._presumes
        reply = self._asked(url, request_id)
        version = reply.headers.get(VERSION_HEADER)
        if presumes:
            used = microversions.version_in(version)
            self._has_newest = used == microversions.MAXIMUM
            if reply.status == http.HTTPStatus.NOT_ACCEPTABLE or (
                used is not None and not self._has_newest
            ):
                _ = self.offered
                reply = self._asked(url, request_id)
                version = reply.headers.get(VERSION_HEADER)
        if reply.status != http.HTTPStatus.OK or not is_mark(version):
            raise LongRoad(
                f"HTTP {reply.status} from {self.site}", reply=reply
            )
        found = _document(reply)
        self.note_date(reply.headers.get("Date"))
        self._recognise(found)
        return Answer(
            reply.status, found, version, reply.headers.get(REQUEST_ID_HEADER)
        )

    def _asked(self, url: str, request_id: str | None) -> Reply:
        token = {"X-Auth-Token": self._known.token}
        return self._wire.ask("GET", url, self.headers(request_id) | token)

    def _recognise(self, body: Mapping[str, Any]) -> None:
        """Raise LongRoad where another site answers than the known one.

        Addresses are given to other machines, and tokens of a restored
        Keystone may be those of another site.
        """
        local = self._known.local_id
        if local is None:
            return
        for site in _records(body.get("sites")):
            if site.get("local") and site.get("id") != local:
                raise LongRoad(f"{self.site} is another site now")
        for noun, ends in _ENDS.items():
            found = _records(body.get(f"{noun}s"))
            for one in (*found, *_records([body.get(noun)])):
                sites = {one.get(end) for end in ends}
                if local not in sites and None not in sites:
                    raise LongRoad(f"{self.site} is another site now")

    def _learn(self, answer: Answer) -> None:
        """Learn nothing: what is known came by the other road."""

    def _unreadable(
        self, method: str, what: str, request_id: str | None
    ) -> exceptions.ProtectorError:
        raise LongRoad(f"{self.site} answers {what}")

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


def _document(reply: Reply) -> dict[str, Any]:
    """Return the object that a success holds.

    :raises LongRoad: it is none, or holds none.
    """
    found = None
    if reply.status == http.HTTPStatus.OK:
        with contextlib.suppress(ValueError):
            found = json.loads(reply.content)
    if not isinstance(found, dict):
        raise LongRoad(f"no object in {reply.url}", reply=reply)
    return found


def _records(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]
