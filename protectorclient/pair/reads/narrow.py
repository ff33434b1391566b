"""Ask one site for what concerns one group, and not for the whole project.

A project has thousands of ports and volumes, and a group a few of them. Each
answer has all that is asked for, and may have more: where a question is too
long for an address, where a cloud refuses it, or does not tell all of it, the
whole list is asked for. However many members a group has, the questions are
as many.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.pair.site_facts import SiteFacts

Items = list[dict[str, Any]]

#: Longer queries are not put: servers and proxies take addresses of about
#: 8000 characters.
LONGEST_QUERY = 6000
#: What is answered to a filter that is not known, and to an address that is
#: too long.
_TOO_NARROW = frozenset({400, 414, 431})
#: Where ports of fewer instances come, that is no proof that Neutron was asked
#: for several.
_SEVERAL = 2
#: The parameter with which a list of groups has some of their fields alone.
_FIELDS = "fields"
_INSTANCES = "instances"


def ports_of(side: SiteFacts, instances: Iterable[str]) -> Items:
    """Fetch the ports of some instances, by the instances' ids."""
    wanted = sorted(set(instances))
    found = _ports(side, {"device_id": wanted})
    answered = {str(one.get("device_id")) for one in found}
    if len(wanted) > 1 and len(answered.intersection(wanted)) < _SEVERAL:
        # it may be that of several values only one arrives
        return side.ports
    return found


def ports_with(
    side: SiteFacts, addresses: Collection[tuple[str, str]]
) -> Items:
    """Fetch the ports that have some addresses.

    :param addresses: each the id of a network, and an address on it.
    """
    return _ports(
        side,
        {
            "network_id": sorted({network for network, _ in addresses}),
            # one of them is enough
            "fixed_ips": sorted({f"ip_address={one}" for _, one in addresses}),
        },
    )


def _ports(side: SiteFacts, wanted: Mapping[str, list[str]]) -> Items:
    if not all(wanted.values()):
        return []
    query = urllib.parse.urlencode(wanted, doseq=True)
    if len(query) > LONGEST_QUERY:
        return side.ports
    return side.ask(
        ("ports", query),
        lambda: _or_all(
            lambda: side.handle.finder.ports(wanted), lambda: side.ports
        ),
    )


def _or_all(some: Callable[[], Items], every: Callable[[], Items]) -> Items:
    """Ask for some things, and for all where that is refused."""
    try:
        return some()
    except exceptions.NotTheService:
        # a proxy, for which it is too long
        return every()
    except exceptions.HTTPError as error:
        if error.code not in _TOO_NARROW:
            raise
        return every()


def volumes_of(side: SiteFacts, group: str | None) -> Items:
    """Fetch the volumes of a volume group of Cinder, by its id; of none
    without one."""
    if group is None:
        return []
    return side.ask(
        ("volumes", group),
        lambda: _or_all(
            lambda: side.handle.finder.volumes({"group_id": group}),
            lambda: side.volumes,
        ),
    )


def volumes(
    side: SiteFacts, group: str | None, wanted: Collection[str]
) -> Items:
    """Fetch some volumes, as far as Cinder has them.

    :param group: the id of the volume group in which they should be.
    :param wanted: their ids.
    """
    found = volumes_of(side, group)
    if {str(one.get("id")) for one in found}.issuperset(wanted):
        return found
    return side.volumes


def has_volume_group(side: SiteFacts, group: str) -> bool:
    """Return whether Cinder has a volume group.

    :raises Forbidden: its policy shows them to nobody of this role.
    """
    with contextlib.suppress(
        exceptions.NotFound,
        exceptions.Forbidden,
        exceptions.BadRequest,
        exceptions.NotTheService,
    ):
        side.ask(
            ("volume group", group),
            lambda: side.handle.finder.volume_group(group),
        )
        return True
    # a Cinder that has no group of this id says so, and so does one that has
    # no groups at all; another one may show the list alone
    return group in {str(one.get("id")) for one in side.volume_groups}


def instances(
    side: SiteFacts, limit: int
) -> Mapping[str, frozenset[str]] | None:
    """Fetch the ids of the instances that the metadata of groups name.

    :param limit: of so many groups at most.
    :returns: by the ids of the groups; None where the service does not tell
        them without all of the metadata.
    """
    return side.ask((_INSTANCES, limit), lambda: _instances(side, limit))


def _instances(
    side: SiteFacts, limit: int
) -> Mapping[str, frozenset[str]] | None:
    missing = side.client.http.missing_parameters
    if _FIELDS in missing:
        return None
    try:
        groups = list(
            side.client.protection_groups.list(
                limit=limit, page_size=limit, fields=[_INSTANCES]
            )
        )
    except exceptions.BadRequest:
        missing.add(_FIELDS)
        return None
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        ids = group.extra.get(_INSTANCES)
        if not isinstance(ids, list):
            # it does not know of the parameter
            missing.add(_FIELDS)
            return None
        found[group.id] = frozenset(map(str, ids))
    return found
