"""Ask a site by the short road, and by the long one where that does not do.

Each site turns by itself, and once: what it was asked is answered by
keystoneauth then, with the same words as if there were no other road. It is
given what the site has answered before, so that nothing is asked twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from protectorclient._http import microversions, urls
from protectorclient._http.conversation import Answer, Conversation
from protectorclient._http.short.road import KnownSite, ShortRoad
from protectorclient._http.short.sign_in import Login, SignedIn, sign_in
from protectorclient._http.short.wire import LongRoad, Wire
from protectorclient.durations import SHORT_CONNECT_TIMEOUT, SHORT_READ_TIMEOUT

if TYPE_CHECKING:
    from protectorclient._http.short.heard import Heard

T = TypeVar("T")


class ShortFirst(Conversation):
    """A conversation that signs in when it is needed first.

    Several threads may ask at once; one of them signs in.

    :param site: how messages name it.
    :param login: who signs in where.
    :param verify: whether certificates are checked, or by which file.
    :param api_version: auto, latest, or a version.
    :param open_long: opens the long road; it takes what was heard by then.
    """

    def __init__(
        self,
        site: str,
        login: Login,
        *,
        verify: bool | str,
        api_version: str,
        open_long: Callable[[Heard], Conversation],
    ) -> None:
        self.site = site
        self._login = login
        self._verify = verify
        self._wanted = api_version
        self._pinned = microversions.pinned(api_version)
        self.missing_parameters = set()
        self._open_long = open_long
        self._wire = Wire(
            verify=verify,
            connect_timeout=SHORT_CONNECT_TIMEOUT,
            read_timeout=SHORT_READ_TIMEOUT,
        )
        self._lock = threading.Lock()
        self._road: Conversation | None = None
        #: The token, where the site has given one by the short road.
        self.signed_in: SignedIn | None = None

    @property
    def road(self) -> Conversation | None:
        """Return who carries the requests by now; None before the first."""
        return self._road

    def _either(self, question: Callable[[Conversation], T]) -> T:
        """Put a question by the short road, or else by the long one."""
        road = self._opened()
        try:
            answer = question(road)
        except LongRoad as error:
            road = self._turned(road, error)
            answer = question(road)
        self.known_endpoint = road.known_endpoint
        self.dated = road.dated
        return answer

    def _opened(self) -> Conversation:
        with self._lock:
            if self._road is None:
                try:
                    self._road = self._short()
                except LongRoad as error:
                    self._road = self._long(error)
            return self._road

    def _turned(self, road: Conversation, error: LongRoad) -> Conversation:
        with self._lock:
            if self._road is road or self._road is None:
                heard = road.heard if isinstance(road, ShortRoad) else ()
                self._road = self._long(error, *heard)
            return self._road

    def _short(self) -> ShortRoad:
        self.signed_in = found = sign_in(self._wire, self._login)
        return ShortRoad(
            KnownSite(
                name=str(self.site),
                root=found.endpoint.root,
                project_id=found.project_id,
                token=found.token,
                offered=None,
                local_id=None,
                site_names={},
                verify=self._verify,
            ),
            api_version=self._wanted,
            wire=self._wire,
        )

    def _long(self, error: LongRoad, *heard: Any) -> Conversation:
        from protectorclient._http.short.heard import Heard

        signed_in = [self.signed_in.reply] if self.signed_in else []
        last = [error.reply] if error.reply else []
        return self._open_long(Heard([*signed_in, *heard, *last]))

    @property
    def endpoint(self) -> urls.Endpoint:
        return self._either(lambda road: road.endpoint)

    @property
    def project_id(self) -> str:
        return self._either(lambda road: road.project_id)

    @property
    def offered(self) -> microversions.VersionRange:
        return self._either(lambda road: road.offered)

    def read_versions(self) -> microversions.VersionRange:
        return self._either(lambda road: road.read_versions())

    def is_markless(self) -> bool:
        return self._either(lambda road: road.is_markless())

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
        return self._either(
            lambda road: road.call(
                method,
                path,
                params=params,
                body=body,
                request_id=request_id,
                secrets=secrets,
            )
        )

    def _learn(self, answer: Answer) -> None:
        if self._road is not None:
            self._road._learn(answer)

    def close(self) -> None:
        """Close the connections of the short road."""
        self._wire.close()
