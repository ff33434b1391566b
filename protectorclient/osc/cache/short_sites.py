"""The sites of a session, in the place of those that sign in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NoReturn

from protectorclient._http.short.road import KnownSite, ShortRoad
from protectorclient._http.short.wire import LongRoad
from protectorclient.durations import SITE_GRACE
from protectorclient.osc import clouds
from protectorclient.pair.reads.groups import Reads
from protectorclient.pair.site import SiteHandle
from protectorclient.records.site import Site
from protectorclient.v1 import client

if TYPE_CHECKING:
    from protectorclient.osc.cache.session import Session


def _not_short() -> NoReturn:
    raise LongRoad("the command needs more than the session", stale=False)


class ShortSites(clouds.Sites):
    """What a command finds where it looks for its clouds.

    Whatever a session does not hold raises `LongRoad`.

    :param app: the shell.
    :param session: what is kept of the sites.
    """

    def __init__(self, app: Any, session: Session) -> None:
        super().__init__(app, lambda text: None)
        version = clouds.api_version(app)
        self._alone = session.alone
        self._whole = session.whole
        self._roads: list[ShortRoad] = []
        self._handles = tuple(
            self._handle(name, site, version)
            for name, site in session.sites.items()
        )
        self.operations = session.operations

    def _handle(
        self, name: str, known: KnownSite | None, version: str
    ) -> SiteHandle:
        handle = SiteHandle(name, _not_short, api_version=version)
        if known is None:
            return handle
        road = ShortRoad(known, api_version=version)
        self._roads.append(road)
        vars(handle)["client"] = client.over(road)
        if known.site_names:
            vars(handle)["sites"] = {
                one: Site(id=one, name=named, local=one == known.local_id)
                for one, named in known.site_names.items()
            }
        return handle

    @property
    def primary(self) -> SiteHandle:
        """Return the configured cloud."""
        return self._handles[0]

    @property
    def pair(self) -> Any:
        """Raise: both sites together do more than read."""
        _not_short()

    @property
    def has_pair(self) -> bool:
        return False

    def fresh_reads(self, parsed_args: argparse.Namespace) -> Reads:
        named = getattr(parsed_args, "formatter", None) == "table"
        grace = getattr(parsed_args, "site_grace", SITE_GRACE)
        only = getattr(parsed_args, "only_site", None)
        handles, alone = self._handles, self._alone
        if only is not None:
            handles = tuple(one for one in handles if one.name == only)
            alone = None
        if not handles or (only is None and not self._whole):
            _not_short()
        return Reads(handles, grace=grace, named=named, alone=alone)

    def close(self) -> None:
        for road in self._roads:
            road.close()
