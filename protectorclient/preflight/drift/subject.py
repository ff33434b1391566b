"""A group to be compared, and the sites that can be asked about it."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping.forecast import Forecast
from protectorclient.pair.reads import narrow
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight.findings import Skip
from protectorclient.preflight.resources import Resources

Item = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Subject:
    """A group, read for its direction, and both sites.

    A site that does not answer, or does not let us in, is None: what would
    be asked of it raises `Skip`.
    """

    #: The name of the group.
    group: str
    status: str
    forecast: Forecast
    source: SiteFacts | None
    target: SiteFacts | None
    #: Networks and flavors, matched at the target.
    match: Callable[[], Resources]
    #: The id that Cinder of the source has for the consistency group.
    consistency_group: str | None = None
    #: The ids of the instances that the metadata of all groups name.
    protected: Callable[[], Collection[str]] = frozenset
    #: Whether it is looked at for a failover without the source.
    unplanned: bool = False
    #: Whether it is looked at for a test failover, which takes nothing away.
    drill: bool = False
    #: When the recovery point was made from which a failover without the
    #: source starts.
    recovery_point: datetime.datetime | None = None
    #: Why a site cannot be asked.
    unasked: str = "the site does not answer"
    #: Whether no other group is compared with what the same sites answer:
    #: then they are asked for what concerns this one alone.
    alone: bool = False

    @property
    def here(self) -> SiteFacts:
        """Return the site where the group runs."""
        if self.source is None:
            raise Skip(self.unasked)
        return self.source

    @property
    def there(self) -> SiteFacts:
        """Return the site where the group goes."""
        if self.target is None:
            raise Skip(self.unasked)
        return self.target

    @property
    def is_home(self) -> bool:
        """Return whether the members of the group can be changed."""
        return self.status == "active"

    def need_quiet(self) -> None:
        """Raise where an operation changes what would be compared.

        :raises Skip: one is under way.
        """
        if self.forecast.document.get("operation"):
            raise Skip("an operation is under way")

    # What Nova, Neutron and Cinder of the source have

    @functools.cached_property
    def servers(self) -> dict[str, Item]:
        """Return the instances of the project at the source, by id."""
        here = self.here
        # of many groups it is made once
        return here.ask("servers by id", lambda: _by_id(here.servers))

    @functools.cached_property
    def volumes(self) -> dict[str, Item]:
        """Return the volumes at the source by id, those of the members at
        the least."""
        here = self.here
        if self.alone:
            made = self.consistency_group
            return _by_id(narrow.volumes(here, made, self._own_volumes()))
        return here.ask("volumes by id", lambda: _by_id(here.volumes))

    def _own_volumes(self) -> set[str]:
        """Return the ids of the volumes that the members have, or had when
        they were protected."""
        own = {str(one.get("id")) for one in self.forecast.volumes}
        for identity in self.instance_ids:
            own.update(attached(self.servers.get(identity, {})))
        return own

    @property
    def instance_ids(self) -> list[str]:
        """Return the ids of the members' instances at the source."""
        return [
            str(one.here.get("instance_id")) for one in self.forecast.instances
        ]

    @functools.cached_property
    def ports(self) -> dict[str, list[Item]]:
        """Return the ports at the source by the id of their instance, those
        of the members at the least."""
        return self.ports_of(self.instance_ids)

    def ports_of(self, instances: Iterable[str]) -> dict[str, list[Item]]:
        """Return the ports at the source by the id of their instance, those
        of some instances at the least; without any, nothing is asked."""
        here, wanted = self.here, list(instances)
        if not wanted:
            return {}
        if self.alone:
            return _by_device(narrow.ports_of(here, wanted))
        return here.ask("ports by device", lambda: _by_device(here.ports))

    def ports_there(
        self, addresses: Collection[tuple[str, str]]
    ) -> Sequence[Item]:
        """Return the ports at the target, those with some addresses at the
        least.

        :param addresses: each the id of a network, and an address on it.
        """
        if self.alone:
            return narrow.ports_with(self.there, addresses)
        return self.there.ports

    @functools.cached_property
    def has_consistency_group(self) -> bool:
        """Return whether Cinder of the source has the group's volumes in
        its consistency group.

        After a move the service puts them in some time later: as long as
        none is in it, nothing can be told.
        """
        if self.consistency_group is None:
            return False
        return not self.forecast.document.get("failover_count") or any(
            self.volumes.get(str(volume.get("id")), {}).get("group_id")
            == self.consistency_group
            for volume in self.forecast.volumes
        )

    @functools.cached_property
    def server_groups(self) -> dict[str, Item]:
        """Return the server groups at the source, by id."""
        here = self.here
        return here.ask("groups by id", lambda: _by_id(here.server_groups))

    @functools.cached_property
    def stopped_by_test(self) -> frozenset[str]:
        """Return the ids of the instances that a test failover has stopped
        and its clean-up starts."""
        return frozenset(
            str(identity)
            for test in self.forecast.document.get("tests") or ()
            for identity in test.get("stopped") or ()
        )


def attached(server: Item) -> list[str]:
    """Return the ids of the volumes of an instance."""
    found = server.get("os-extended-volumes:volumes_attached") or ()
    return [str(one.get("id")) for one in found]


def _by_device(ports: Sequence[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = collections.defaultdict(list)
    for port in ports:
        found[str(port.get("device_id"))].append(port)
    return found


def _by_id(items: Sequence[Item]) -> dict[str, Item]:
    return {str(one.get("id")): one for one in items}


def quietly(question: Callable[[], Any], otherwise: Any) -> Any:
    """Return an answer, or something else where a cloud refuses it.

    :raises SiteUnreachable: the site does not answer.
    """
    try:
        return question()
    except (
        exceptions.Forbidden,
        exceptions.NotFound,
        exceptions.ConfigProblem,
    ):
        return otherwise
