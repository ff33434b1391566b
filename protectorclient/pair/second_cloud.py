"""Find the clouds.yaml entry of the other site, where none is named.

Entries are read, and none but the two of the pair is ever signed in to.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.config import cloud
from protectorclient.pair import same_site
from protectorclient.pair.same_site import keystone
from protectorclient.pair.site import SiteHandle
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.records.site import Site

if TYPE_CHECKING:
    from openstack.config.loader import OpenStackConfig


class NotKnown(exceptions.ConfigProblem):
    """Nothing says which cloud is the other site."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """The entry of the other site."""

    name: str
    #: Why it is taken for the other site, where nobody has named it.
    why: str | None = None


@dataclasses.dataclass(frozen=True)
class _Entry:
    """What an entry says of where its cloud is, and of who signs in."""

    name: str
    auth_url: str | None
    region: str | None
    #: User and project, by which entries of one Keystone are told apart.
    who: tuple[Any, ...]


def choose(
    explicit: str | None, primary: SiteHandle, config: OpenStackConfig
) -> Choice:
    """Choose the other site's entry: the one named, or found in clouds.yaml.

    A file of exactly two entries has it as the other one. Else the first
    site is asked for its peer's record, and the entry is the one that has
    the Keystone of that record.

    :param explicit: the entry's name, where it is told.
    :param primary: the first site; asked only where the file has not
        exactly two entries.
    :param config: clouds.yaml as read.
    :returns: the entry, and why it is taken where nobody has named it.
    :raises NotKnown: none can be chosen.
    :raises SameSite: the first site is told to be the other one.
    :raises AuthenticationFailed: the first site would have to tell, and
        does not let us in.
    """
    known = without_asking(explicit, primary, config)
    if known is not None:
        return known
    entries = _entries(config)
    own = _own(primary)
    return _of_peer(primary, own, _others(primary, own, entries), entries)


def without_asking(
    explicit: str | None, primary: SiteHandle, config: OpenStackConfig
) -> Choice | None:
    """Return the other site's entry, where no site has to be asked for it.

    :param explicit: the entry's name, where it is told.
    :param primary: the first site.
    :param config: clouds.yaml as read.
    :returns: the entry; None where it is neither told nor the other one
        of two.
    :raises SameSite: it is told to be the first one.
    """
    access = primary.access
    told = explicit or os.environ.get(cloud.SECONDARY_VARIABLE)
    told = told or access.secondary
    if told:
        return Choice(cloud.secondary_name(told, access))
    entries = _entries(config)
    others = _others(primary, _own(primary), entries)
    if len(entries) != 2 or len(others) != 1:
        return None
    name = others[0].name
    return Choice(
        name,
        f"'{name}' is taken for the other site: it is the only other entry"
        " of clouds.yaml",
    )


def names(config: OpenStackConfig) -> list[str]:
    """Return the entries of clouds.yaml, without what the environment adds."""
    return [entry.name for entry in _entries(config)]


def _others(
    primary: SiteHandle, own: _Entry, entries: list[_Entry]
) -> list[_Entry]:
    """Return the entries that are not the first cloud's."""
    return [
        entry
        for entry in entries
        if entry.name != own.name
        and not (primary.nameless and _at(entry, own))
    ]


def _of_peer(
    primary: SiteHandle,
    own: _Entry,
    others: list[_Entry],
    entries: list[_Entry],
) -> Choice:
    """Return the entry whose Keystone is that of the peer's site record."""
    try:
        peers, local = _records(primary)
    except (*NO_ANSWER, exceptions.ConfigProblem) as error:
        raise _unknown(
            own, entries, f"{primary.name} cannot be asked: {error.message}"
        ) from error
    found = [
        entry
        for entry in others
        if any(_is(entry, peer, local) for peer in peers)
    ]
    regions = {peer.region_name for peer in peers}
    for nearer in (
        [entry for entry in found if entry.region in regions],
        [entry for entry in found if entry.who and entry.who == own.who],
    ):
        if len(found) > 1 and nearer:
            found = [entry for entry in found if entry in nearer]
    urls = ", ".join(sorted(str(peer.auth_url) for peer in peers))
    if not found:
        raise _unknown(own, entries, f"no entry has the auth_url {urls}")
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise _unknown(own, entries, f"{names} have the auth_url {urls}")
    name = found[0].name
    return Choice(
        name,
        f"'{name}' is taken for the other site: its auth_url is that of the"
        f" peer's record at {primary.name}",
    )


def _records(primary: SiteHandle) -> tuple[list[Site], Site]:
    """Return the records of the peers and of the first site itself."""
    records = primary.sites
    same_site.take_name(primary, None)
    local = primary.local
    peers = [it for it in records.values() if it.id != local.id]
    if not peers:
        raise exceptions.ConfigProblem(
            f"{primary.name} has no other site registered"
        )
    return peers, local


def _is(entry: _Entry, peer: Site, local: Site) -> bool:
    """Return whether an entry leads to the site of a record."""
    where = keystone(peer.auth_url)
    if where is None or keystone(entry.auth_url) != where:
        return False
    if where != keystone(local.auth_url):
        return True
    # one Keystone of two regions
    return entry.region == peer.region_name


def _at(entry: _Entry, own: _Entry) -> bool:
    """Return whether an entry leads to where the first cloud is."""
    where = keystone(own.auth_url)
    return (
        where is not None
        and keystone(entry.auth_url) == where
        and (entry.region or own.region) == (own.region or entry.region)
    )


def _own(primary: SiteHandle) -> _Entry:
    """Return the first cloud, as it was opened."""
    access = primary.access
    auth = access.session.auth
    return _Entry(
        primary.name,
        getattr(auth, "auth_url", None),
        access.region_name,
        access.who,
    )


def _entries(config: OpenStackConfig) -> list[_Entry]:
    """Return the entries of clouds.yaml, without what the environment adds."""
    found = config.cloud_config.get("clouds")
    if not isinstance(found, Mapping):
        return []
    added = {getattr(config, "envvar_key", None), "defaults"}
    return [
        _entry(str(name), entry)
        for name, entry in found.items()
        if isinstance(entry, Mapping) and name not in added
    ]


def _entry(name: str, entry: Mapping[str, Any]) -> _Entry:
    auth = entry.get("auth")
    auth = auth if isinstance(auth, Mapping) else {}
    region = entry.get("region_name")
    regions = entry.get("regions")
    if not region and isinstance(regions, list) and regions:
        region = regions[0]
        region = region.get("name") if isinstance(region, Mapping) else region
    return _Entry(
        name,
        auth.get("auth_url") or entry.get("auth_url"),
        str(region) if region else None,
        cloud.who({**entry, **auth}),
    )


def _unknown(own: _Entry, entries: list[_Entry], why: str) -> NotKnown:
    names = ", ".join(entry.name for entry in entries) or "none"
    return NotKnown(
        f"the other site's cloud is not known: {why}. Give"
        f" --secondary-cloud, set {cloud.SECONDARY_VARIABLE}, or"
        f" {cloud.SECONDARY_KEY} in the entry of '{own.name}' in"
        f" clouds.yaml; its entries: {names}"
    )
