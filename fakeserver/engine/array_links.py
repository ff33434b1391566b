"""Keep the replication of the arrays in line with a group."""

from collections.abc import Callable
from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.base.vault import Unreadable
from fakeserver.engine.model.document import (
    Doc,
    peer_of,
    sealed_token,
)
from fakeserver.site import Site
from fakeserver.storage.driver import StorageError
from fakeserver.store import groups
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES

#: noted with a change of the group that the replication has to follow, and
#: whether one that was stopped is to run again
FOLLOW, START = "follow", "start"


def owe(group: Group, how: str) -> None:
    """Note that the replication has to follow a change; a site that dies
    before it does follows at its next start."""
    primary = group.doc["current_primary_site_id"]
    # a start that is owed already is not given up for a later change
    if (group.local.replicate, group.local.replicate_from) != (START, primary):
        group.local.replicate = how
    group.local.replicate_from = primary
    group.local.look = True


def catch_up(site: Site, group: Group) -> None:
    """Replicate the volumes that the group has now, as its policy asks, where
    a change is noted that the replication has to follow.

    The caller holds the group's lock and has read the group under it: of
    two changes at once, that of the older one would else be the last.

    A replication that an operation has stopped stays so, until a start is
    asked for: a new member does not decide that the copies at the other
    site may be overwritten.

    Nothing is done where the group has gone to the other site since: what
    replicates it from there is not for this one to say.

    Raises RequestRefused where the arrays do; it is owed still, then.
    """
    local = group.local
    if local.replicate is None:
        return
    if local.replicate_from == group.doc["current_primary_site_id"]:
        _follow(site, group, start=local.replicate == START)
    with site.db.transaction() as tx:
        # what people note of it meanwhile is not overwritten
        again = groups.anew(site.db, group)
        for one in (group, again):
            one.local.replicate = one.local.replicate_from = None
        groups.save_local(tx, again)


def _follow(site: Site, group: Group, start: bool) -> None:
    doc = group.doc
    if doc["policy"] is None:
        site.arrays.stop_replication(group.id)
        return
    link = site.arrays.link(group.id)
    if link is not None and not link.running and not start:
        return
    source = doc["current_primary_site_id"]
    if refuses(site, doc, source):
        # taken all the same: the step that needs the array fails with it.
        # What replicates already goes on, arrays know each other without it
        return
    try:
        site.arrays.replicate(
            group.id,
            _array(site, source),
            _array(site, peer_of(doc, source)),
            group.array_names(),
            float(doc["policy"]["replication_interval"]),
            doc["replication_type"] == "sync",
        )
    except StorageError as error:
        raise RequestRefused(
            "invalid-state", f"The arrays refused: {error}"
        ) from (error)


def refuses(site: Site, doc: Doc, site_id: str) -> bool:
    """Return whether the array of a site refuses the policy's API token."""
    sealed = sealed_token(doc, site_id)
    return TokenCheck(site).refuses(doc["id"], site_id, sealed)


class TokenCheck:
    """Checks for many groups whether the arrays refuse their API tokens."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._accepting: dict[str, Callable[[str | None], bool]] = {}

    def refuses(self, group: str, site_id: str, sealed: str | None) -> bool:
        """Return whether the array of a site refuses a token that is sealed
        for a group."""
        if sealed is None:
            return False
        try:
            token = self._site.pair.decrypt(sealed, group)
            return not self._array(site_id)(token)
        except (RequestRefused, Unreadable):
            # not registered, or not readable: others say that
            return False

    def _array(self, site_id: str) -> Callable[[str | None], bool]:
        if site_id not in self._accepting:
            arrays = self._site.arrays
            name = _array(self._site, site_id)
            self._accepting[site_id] = arrays.accepting(name)
        return self._accepting[site_id]


def _array(site: Site, site_id: str) -> str:
    record: dict[str, Any] = SITES.get(site.db, site_id)
    return str(record["array_name"])
