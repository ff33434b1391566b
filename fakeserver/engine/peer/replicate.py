"""Change the metadata and push it to the peer; repeat what did not arrive."""

import copy
import sqlite3
from collections.abc import Callable
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import PEER_UNREACHABLE, STATUS, RequestRefused
from fakeserver.engine.model.document import Doc, checksum
from fakeserver.engine.model.group_state import SharedVersion
from fakeserver.engine.peer import cinder_group, delta
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.answers import (
    PeerRefused,
    PeerSilent,
    PeerState,
    PeerUnreadable,
)
from fakeserver.site import Site
from fakeserver.store import groups, tombstones
from fakeserver.store.groups import Group

#: how the last push to the peer went (``GroupState.push``)
OK, REFUSED, DUE, FORCED = "ok", "refused", "due", "forced"
#: of pushes that the peer refuses, one in so many turns is tried again
REFUSED_PUSH_EVERY = 10

Write = Callable[[sqlite3.Connection], None]


def nothing(tx: sqlite3.Connection) -> None:
    """Write nothing more."""


class PushLost(Exception):
    """The push did not arrive: the peer does not hold it."""


class Metadata:
    """Keeps the two copies of each group's document equal."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access
        self._turns = 0

    def now(self) -> str:
        return stamp(self._site.clock.time())

    def peer_state(self, group: Group) -> PeerState | None:
        return self._access.peer(group).state(group.id)

    # -- pushing

    def deliver(
        self, group: Group, force: bool = False, since: Group | None = None
    ) -> None:
        """Push the document; where the answer is lost, ask what the peer
        holds.

        :param since: as the group was before, when both sites held the same:
            what has changed since is pushed, where the peer can take that.

        Raises PeerRefused, Undelivered, or PeerSilent when nobody knows.
        What came instead of an answer is noted, for the sync status.
        """
        peer = self._access.peer(group)
        group.local.push_came = None
        if group.local.push_over is not None:
            held = peer.state(group.id)
            force = held is not None and held.version == group.local.push_over
        try:
            change = None
            if since is not None and not force:
                change = delta.between(since, group)
            peer.put(group.id, group.doc, force, change)
        except PeerSilent as silent:
            if isinstance(silent, PeerUnreadable):
                group.local.push_came = silent.came
            held = peer.state(group.id)
            if held is None and group.doc["deleted"]:
                # it has no copy any more, which is all that was asked
                return
            if held is None or held.checksum != group.new_checksum():
                raise PushLost(peer.site) from None

    def delivered(self, group: Group) -> None:
        """Note that both sites hold this version."""
        local = group.local
        local.push = OK
        local.push_repeat = False
        local.push_message = ""
        local.push_came = None
        local.doubt = None
        local.push_over = None
        local.last_sync_at = self.now()
        written = group.written
        if written is None or written[0] != group.version:
            written = group.version, group.new_checksum()
        local.base = SharedVersion(*written)

    def owe(self, group: Group, forced: bool) -> None:
        """Note that the push is due; after a forced operation only sync-force
        pushes."""
        local = group.local
        local.push = FORCED if forced else DUE
        local.push_repeat = not forced
        local.push_message = ""
        local.push_came = None

    def refused(self, group: Group, refusal: PeerRefused) -> None:
        group.local.push = REFUSED
        group.local.push_message = refusal.message
        # busy is no answer for good: it is asked again soon
        group.local.push_busy = refusal.reason == "operation-in-progress"

    # -- what is due

    def due(self) -> list[str]:
        """Return the ids of the groups whose push is to be repeated now.

        A peer that refuses a push is asked less often than one that is
        silent: it is people who have to do something there.
        """
        self._turns += 1
        db = self._site.db
        found = groups.ids_with_push(db, DUE)
        for group in groups.with_push(db, REFUSED):
            if not group.local.push_repeat:
                continue
            if group.local.push_busy or self._turns % REFUSED_PUSH_EVERY == 0:
                found.append(group.id)
        return found

    def repeat_push(self, group_id: str) -> bool:
        """Repeat a push that is due; the caller holds the group's lock.

        False when the peer is silent: then it is so for all others, too. An
        answer that cannot be read may be about this one alone.
        """
        group = groups.find(self._site.db, group_id)
        if group is None or not group.local.push_repeat:
            return True
        before = copy.deepcopy(group.local)
        answered = True
        try:
            self.deliver(group)
        except PeerRefused as refusal:
            self.refused(group, refusal)
        except (PeerSilent, PushLost):
            answered = group.local.push_came is not None
        else:
            if group.doc["deleted"]:
                self.bury(group)
                return True
            self.delivered(group)
        if group.local != before:
            with self._site.db.transaction() as tx:
                groups.save(tx, group)
        return answered

    def bury(self, group: Group) -> None:
        """Delete the group here, its volume group and its replication."""
        with self._site.db.transaction() as tx:
            groups.remove(tx, group)
        cinder_group.drop(self._site, self._access, group)
        self._site.arrays.drop_group(group.id)

    def repeat_deletions(self) -> None:
        """Push the deletions that the peer has not confirmed."""
        for group in tombstones.due(self._site.db):
            try:
                self.deliver(group)
            except (PeerSilent, PushLost):
                continue
            except PeerRefused:
                # it has made something else of the group meanwhile
                pass
            with self._site.db.transaction() as tx:
                tombstones.confirm(tx, group.id)

    # -- changing

    def change(
        self,
        group: Group,
        mutate: Callable[[Doc], None],
        also: Write = nothing,
        take_back: Write = nothing,
        then: Write = nothing,
    ) -> Group:
        """Change the document, and push it before the request is answered.

        It is on disk before the push, and marked as due, so that after a
        crash it is pushed once more; what the peer refuses is taken back.
        When nobody can say whether the peer took it, the old content
        becomes a newer version, which ends the doubt at the next push.

        :param also: written with the change.
        :param take_back: written where the change is taken back.
        :param then: written with what the peer has confirmed.
        """
        before = group.copy()
        mutate(group.doc)
        group.doc["version"] += 1
        group.local.updated_at = self.now()
        self.owe(group, forced=False)
        with self._site.db.transaction() as tx:
            groups.save(tx, group)
            also(tx)
        try:
            self.deliver(group, since=before)
        except PeerRefused as refusal:
            self._restore(before, take_back)
            raise passed_on(refusal) from refusal
        except PushLost as error:
            self._restore(before, take_back)
            raise unreachable() from error
        except PeerSilent as error:
            self._take_back_unknown(group, before, take_back)
            raise unreachable() from error
        if group.doc["deleted"]:
            # it stays due until it is gone here as well
            return group
        self.delivered(group)
        try:
            with self._site.db.transaction() as tx:
                groups.save_local(tx, group)
                then(tx)
        except RequestRefused:
            # it was new, and had to make room meanwhile for one of the
            # peer's with the same name: what the peer has taken goes again
            self._bury_at_peer(group, take_back)
            raise
        return group

    def _take_back_unknown(
        self, group: Group, before: Group, take_back: Write
    ) -> None:
        """Take back a change whose push has no known result, as a version that
        is newer than what the peer may hold."""
        if before.version:
            before.doc["version"] += 2
            before.local.doubt = checksum(group.doc)
            self.owe(before, forced=False)
            before.local.push_came = group.local.push_came
            self._restore(before, take_back)
            return
        self._bury_at_peer(group, take_back)

    def _bury_at_peer(self, group: Group, take_back: Write) -> None:
        """Take back a new group, and delete it at the peer if it is there."""
        group.doc["deleted"] = True
        group.doc["version"] += 1
        with self._site.db.transaction() as tx:
            take_back(tx)
            tombstones.put(tx, group, due=True)

    def _restore(self, before: Group, take_back: Write) -> None:
        with self._site.db.transaction() as tx:
            if before.version:
                groups.save(tx, before)
            take_back(tx)


def unreachable() -> RequestRefused:
    return RequestRefused("peer-unreachable", PEER_UNREACHABLE)


def passed_on(refusal: PeerRefused) -> RequestRefused:
    """Return the peer's refusal as this site's own answer."""
    reason = refusal.reason
    if STATUS.get(reason) != 409:
        reason = "out-of-sync"
    details: dict[str, Any] = {
        "site": refusal.site,
        "peer_reason": refusal.reason,
    }
    return RequestRefused(
        reason,
        f"{refusal.site} refused the change: {refusal.message}",
        **details,
    )
