"""The sites of a read that has no session: each asked by the short road first.

Where both entries of clouds.yaml are simple ones, see
`protectorclient.config.simple`, neither the SDK nor keystoneauth is loaded
before a site answers with something that only they can explain.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions, user_paths
from protectorclient._http.conversation import Conversation
from protectorclient._http.short.first import ShortFirst
from protectorclient.config import simple
from protectorclient.osc import clouds
from protectorclient.pair import same_site
from protectorclient.pair.site import SiteHandle
from protectorclient.v1 import client

if TYPE_CHECKING:
    from protectorclient._http.short.heard import Heard

LOG = logging.getLogger(__name__)
#: openstack.config changes what holds for the whole process meanwhile.
_OPENING = threading.RLock()


def find(app: Any, warn: Callable[[str], object]) -> ColdSites | None:
    """Return the sites of a command line; None where they are not simple.

    :param app: the shell.
    :param warn: takes a sentence where the audit log cannot be written.
    """
    given = simple.Surroundings(
        vars(app.options), os.environ, user_paths.config_folders()
    )
    try:
        found = simple.pair(given)
        _refuse_one(found)
        return ColdSites(app, warn, found)
    except (simple.NotSimple, exceptions.UsageProblem) as error:
        LOG.debug("not by the short road: %s", error)
        return None


def _refuse_one(found: simple.SimplePair) -> None:
    """Raise where both may be one site.

    :raises NotSimple: they have one Keystone.
    """
    first, second = (
        same_site.keystone(one.login.auth_url)
        for one in (found.first, found.second)
    )
    if first == second:
        raise simple.NotSimple("both have one Keystone")


class ColdSites(clouds.Sites):
    """What a command finds where it looks for its clouds.

    :param found: the entries of the two clouds.
    """

    def __init__(
        self,
        app: Any,
        warn: Callable[[str], object],
        found: simple.SimplePair,
    ) -> None:
        super().__init__(app, warn)
        self._found = found
        self._has_both = False
        version = clouds.api_version(app)
        second = found.second.name
        self._roads: list[ShortFirst] = []
        self._handles = (
            self._handle(
                found.first, version, lambda: clouds.open_primary(app)
            ),
            self._handle(
                found.second, version, lambda: clouds.open_named(app, second)
            ),
        )

    def _handle(
        self,
        found: simple.SimpleCloud,
        version: str,
        open_it: Callable[[], SiteHandle],
    ) -> SiteHandle:
        def access() -> Any:
            with _OPENING:
                return open_it().access

        def open_long(heard: Heard) -> Conversation:
            with _OPENING:
                below: Any = handle.access.session.session
                below.heard = heard
                return handle.access.client(api_version=version).http

        handle = SiteHandle(found.name, access, api_version=version)
        road = ShortFirst(
            found.name,
            found.login,
            verify=found.verify,
            api_version=version,
            open_long=open_long,
        )
        self._roads.append(road)
        vars(handle)["client"] = client.over(road)
        return handle

    @functools.cached_property
    def primary(self) -> SiteHandle:
        """Return the configured cloud."""
        return self._handles[0]

    @property
    def has_pair(self) -> bool:
        return self._has_both or "pair" in vars(self)

    @property
    def settings(self) -> Mapping[str, Any]:
        return self._found.settings

    @property
    def choice(self) -> str | None:
        return None if self._found.is_told else super().choice

    def readable(self) -> tuple[tuple[SiteHandle, ...], str | None]:
        _ = self.primary
        self._has_both = True
        return self._handles, None

    def _open_only(self, name: str) -> SiteHandle:
        for handle in self._handles:
            if handle.name == name:
                return handle
        return super()._open_only(name)

    def close(self) -> None:
        for road in self._roads:
            road.close()
        handles = {*self._handles, *self._opened()}
        for handle in handles:
            if "access" in vars(handle):
                handle.access.session.session.close()

    def _opened(self) -> tuple[SiteHandle, ...]:
        pair = self.pair.handles if "pair" in vars(self) else ()
        return (*pair, *([self._only] if self._only else []))
