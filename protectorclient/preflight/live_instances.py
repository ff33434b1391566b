"""Find the instances of a group at both sites, and their age.

For whoever has to choose which of two copies stays: how long each has been
written to.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from protectorclient.pair.location import Location
from protectorclient.pair.reads import group_servers
from protectorclient.preflight import copies


@dataclasses.dataclass(frozen=True)
class Instance:
    """An instance of the group, wherever it is."""

    copy: copies.Copy
    #: When Nova started it.
    since: datetime.datetime | None
    #: When it was last changed, of one that does not run.
    until: datetime.datetime | None

    def written(self, now: datetime.datetime) -> float:
        """Return the seconds in which it may have written, by Nova's times."""
        if self.since is None:
            return 0.0
        return max(0.0, ((self.until or now) - self.since).total_seconds())


@dataclasses.dataclass(frozen=True)
class Instances:
    """The instances at both sites, without those of tests."""

    at: Mapping[str, tuple[Instance, ...]]
    #: Why a site did not tell, by its cloud's name.
    unknown: Mapping[str, str]


def look(located: Location) -> Instances:
    """Ask both sites: one document and one list of instances each."""
    told = group_servers.ask(located.asked, located)
    found = {}
    for site, some in told.servers.items():
        by_id = {str(server.get("id")): server for server in some}
        # no site is the primary here: its instances are asked for as well
        known = copies.find(
            told.documents, None, located.site_ids[site], site, some
        )
        found[site] = tuple(
            _instance(copy, by_id[copy.instance_id]) for copy in known
        )
    return Instances(found, told.unknown)


def _instance(copy: copies.Copy, server: Mapping[str, Any]) -> Instance:
    since = server.get("OS-SRV-USG:launched_at") or server.get("created")
    until = None if copy.runs else _moment(server.get("updated"))
    return Instance(copy, _moment(since), until)


def _moment(text: object) -> datetime.datetime | None:
    """Read a time of Nova's; one without a zone is UTC."""
    try:
        when = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
