"""Compare both copies of the metadata, and force one of them."""

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.document import checksum
from fakeserver.engine.model.group_state import GroupState, SharedVersion
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.answers import (
    PeerRefused,
    PeerSilent,
    PeerState,
)
from fakeserver.engine.peer.replicate import (
    REFUSED,
    Metadata,
    PushLost,
    passed_on,
    unreachable,
)
from fakeserver.site import Site
from fakeserver.store import groups, operations, summary
from fakeserver.store.groups import Group
from fakeserver.store.summary import GroupSummary

if TYPE_CHECKING:
    from fakeserver.engine.peer.client import Peer

_Any = TypeVar("_Any", Group, GroupSummary)


class Sync:
    """The sync status and ``sync-force``."""

    def __init__(self, site: Site, access: Access, metadata: Metadata) -> None:
        self._site = site
        self._access = access
        self._metadata = metadata

    # -- comparing

    def status(self, group: Group) -> dict[str, Any]:
        """Compare both copies now, ours as it was read; the peer is asked."""
        unfinished = self._unfinished(group)
        found = self.compare(group)
        found["unfinished_operation_id"] = unfinished
        return found

    def compare(self, group: Group) -> dict[str, Any]:
        """Compare as :meth:`status` does, for somebody who knows whether an
        operation is unfinished."""
        own = summary.of(group)
        found = _own(own)
        try:
            held = self._metadata.peer_state(group)
        except PeerSilent as silent:
            found.update(status="UNREACHABLE", message=str(silent))
        except PeerRefused as refusal:
            found.update(status="FAILED", message=str(refusal))
        else:
            self._compare(own, held, found)
        return found

    def local(self, several: Sequence[GroupSummary]) -> list[dict[str, Any]]:
        """Return what this site alone knows of many groups."""
        ids = [group.id for group in several]
        running = operations.running(self._site.db, ids)
        made = []
        for group in several:
            found = _own(group)
            found["unfinished_operation_id"] = running.get(group.id)
            made.append(_from_here_alone(group, found))
        return made

    def shared(self, several: Sequence[Group]) -> set[str]:
        """Return the ids of the groups of which both sites hold now what they
        were known to share; the peer is asked once.

        Raises PeerSilent and PeerRefused.
        """
        found: set[str] = set()
        for peer, some in self._by_peer(several):
            held = peer.held([group.id for group in some])
            for group, there in zip(some, held, strict=True):
                if _is_shared(group, group.local.base, there):
                    found.add(group.id)
        return found

    def statuses(self, several: Sequence[GroupSummary]) -> dict[str, str]:
        """Compare both copies of many groups: group id -> status.

        The peer is asked once for all of them, and waited for a short
        time. One of an older version is asked for each group.
        """
        found: dict[str, str] = {}
        for peer, some in self._by_peer(several):
            try:
                held = peer.states([group.id for group in some], quick=True)
            except PeerSilent:
                found.update((group.id, "UNREACHABLE") for group in some)
            except PeerRefused:
                found.update(self._one_by_one(peer, some))
            else:
                for group in some:
                    there = held.get(group.id)
                    if _is_shared(group, group.base, there):
                        found[group.id] = "IN_SYNC"
                        continue
                    own = _own(group)
                    self._compare(group, there, own)
                    found[group.id] = own["status"]
        return found

    def _by_peer(
        self, several: Sequence[_Any]
    ) -> list[tuple["Peer", list[_Any]]]:
        """Spread groups over the clients of their peers; those of one project
        and one pair of sites have the same."""
        parts: dict[tuple[str, ...], list[_Any]] = {}
        for group in several:
            one, two = group.primary_site_id, group.secondary_site_id
            parts.setdefault((group.project_id, one, two), []).append(group)
        return [(self._access.peer(some[0]), some) for some in parts.values()]

    def _one_by_one(
        self, peer: "Peer", several: Sequence[GroupSummary]
    ) -> dict[str, str]:
        """Compare as :meth:`statuses` does, with a question for each group
        until the peer is silent."""
        found: dict[str, str] = {}
        silent = False
        for group in several:
            own = _own(group)
            try:
                held = None if silent else peer.state(group.id, quick=True)
            except PeerSilent:
                silent = True
            except PeerRefused:
                own["status"] = "FAILED"
            else:
                if not silent:
                    self._compare(group, held, own)
            found[group.id] = "UNREACHABLE" if silent else own["status"]
        return found

    def _unfinished(self, group: Group) -> str | None:
        """Return the id of the group's unfinished operation at this site."""
        running = operations.unfinished(self._site.db, group.id)
        return running[0].id if running else None

    def unknown(self, group: Group) -> bool:
        """Return whether the peer answers that it has no such group."""
        try:
            return self._metadata.peer_state(group) is None
        except (PeerSilent, PeerRefused):
            return False

    def _compare(
        self,
        group: GroupSummary,
        held: PeerState | None,
        found: dict[str, Any],
    ) -> None:
        if held is not None:
            found.update(
                remote_version=held.version,
                remote_checksum=held.checksum,
                remote_failover_count=held.failover_count,
            )
        came = group.push_came
        if held is not None and (held.version, held.checksum) == (
            group.version,
            found["local_checksum"],
        ):
            found["message"] = f"Both sites hold version {held.version}"
            self._seen_equal(group, found)
        elif came:
            name = self._access.peer(group).site
            found.update(
                status="FAILED",
                message=f"The last push was not answered by the service of "
                f"{name}: {came}",
            )
        elif group.push == REFUSED:
            found.update(
                status="FAILED",
                message=f"The last push was refused: {group.push_message}",
            )
        elif held is None:
            name = self._access.peer(group).site
            found.update(
                status="OUT_OF_SYNC",
                message=f"{name} does not know the protection group",
            )
        else:
            found.update(
                status="OUT_OF_SYNC", message=self._apart(group, held)
            )

    def _apart(self, group: GroupSummary, held: PeerState) -> str:
        here = self._access.name(self._access.local_id())
        there = self._access.peer(group).site
        said = (
            f"{here} holds version {group.version}, {there} "
            f"version {held.version}; "
        )
        if held.rank == group.rank or _both_changed(
            group.version, group, held
        ):
            return said + "both changed it apart"
        ahead = here if group.rank > held.rank else there
        return f"{said}{ahead} is ahead"

    def _seen_equal(self, group: GroupSummary, found: dict[str, Any]) -> None:
        """Note the version that both sites hold, as the last that they share.

        A reader must not fail for it: where it cannot be written down now,
        somebody else sees it the next time.
        """
        if group.base is not None and group.base.checksum == group.checksum:
            return
        with (
            contextlib.suppress(sqlite3.OperationalError),
            self._site.db.transaction() as tx,
        ):
            again = groups.find(self._site.db, group.id)
            if again is not None and checksum(again.doc) == group.checksum:
                self._metadata.delivered(again)
                groups.save(tx, again)
                found["last_sync_at"] = again.local.last_sync_at

    # -- forcing

    def force(self, group: Group, winner: bool) -> None:
        """Push this site's copy now; ``winner`` decides a conflict in its
        favour."""
        peer = self._access.peer(group)
        try:
            held = peer.state(group.id)
            if held is not None:
                self._refuse_force(group, held, peer.site, winner)
            self._metadata.deliver(group, force=winner)
        except PeerRefused as refusal:
            self._metadata.refused(group, refusal)
            with self._site.db.transaction() as tx:
                groups.save(tx, group)
            raise passed_on(refusal) from refusal
        except (PeerSilent, PushLost) as error:
            with self._site.db.transaction() as tx:
                groups.save(tx, group)
            raise unreachable() from error
        self._metadata.delivered(group)
        group.local.look = True
        with self._site.db.transaction() as tx:
            groups.save(tx, group)

    # -- throwing away what the peer is ahead with

    def discards(self, group: Group, version: int) -> None:
        """Refuse unless the peer's version may be discarded; the peer is
        asked.

        Only at the site where, by its own record, the group runs: what
        runs at the other site is then a copy too many.
        """
        peer = self._access.peer(group)
        try:
            peer.ping()
            held = peer.state(group.id)
        except PeerSilent as silent:
            raise unreachable() from silent
        except PeerRefused as refusal:
            raise passed_on(refusal) from refusal
        if held is None:
            raise RequestRefused(
                "metadata-conflict",
                f"{peer.site} does not know protection group "
                f"{group.name}; there is nothing to discard",
            )
        here = self._access.name(self._access.local_id())
        for site, running in (
            (here, self._unfinished(group)),
            (peer.site, held.unfinished),
        ):
            if running is not None:
                raise _conflict(
                    f"Operation {running} of protection group {group.name} "
                    f"is not finished at {site}; nothing is discarded",
                    group,
                    held,
                    operation_id=running,
                    site=site,
                )
        if held.version != version:
            raise _conflict(
                f"{peer.site} holds version {held.version} of the "
                f"metadata, not {version}; nothing is discarded",
                group,
                held,
            )
        self._may_win(group, held, here, peer.site)

    def _may_win(
        self, group: Group, held: PeerState, here: str, there: str
    ) -> None:
        if held.checksum == checksum(group.doc):
            raise _conflict(
                f"Both sites hold version {held.version}; there is "
                "nothing to discard",
                group,
                held,
            )
        if held.rank < group.rank and not _both_changed(
            group.version, group.local, held
        ):
            raise _conflict(
                f"{here} is ahead with version {group.version} against "
                f"{held.version}; sync-force without discard copies it",
                group,
                held,
            )
        primary = group.doc["current_primary_site_id"]
        if primary != self._access.local_id():
            raise RequestRefused(
                "invalid-state",
                f"By the record of {here}, protection group "
                f"{group.name} runs at {there}; what runs there is not "
                "discarded",
                site=there,
            )

    def _refuse_force(
        self, group: Group, held: PeerState, site: str, winner: bool
    ) -> None:
        """Refuse a push over a peer that is ahead, and a conflict without
        winner."""
        own = checksum(group.doc)
        if held.rank == group.rank and held.checksum == own:
            return
        if held.rank == group.rank or _both_changed(
            group.version, group.local, held
        ):
            if winner:
                return
            raise _conflict(
                f"Both sites changed the metadata: here it is version "
                f"{group.version}, at {site} version {held.version}; "
                "name the winner",
                group,
                held,
            )
        if held.rank > group.rank:
            raise RequestRefused(
                "wrong-site",
                f"{site} is ahead with version {held.version} against "
                f"{group.version}; run the sync from {site}",
                site=site,
            )


def _is_shared(
    group: Group | GroupSummary,
    base: SharedVersion | None,
    held: PeerState | None,
) -> bool:
    """Return whether both sites hold the version that was the last they
    shared already: there is nothing to note."""
    return (
        held is not None
        and held.version == group.version
        and held.checksum == group.checksum
        and base is not None
        and base.checksum == group.checksum
    )


def _own(group: GroupSummary) -> dict[str, Any]:
    """Return the sync status before the peer was asked."""
    return {
        "protection_group_id": group.id,
        "status": "IN_SYNC",
        "local_version": group.version,
        "remote_version": None,
        "local_checksum": group.checksum,
        "remote_checksum": None,
        "local_failover_count": group.failover_count,
        "remote_failover_count": None,
        "last_operation_id": group.last_operation,
        "unfinished_operation_id": None,
        "last_sync_at": group.last_sync_at,
        "message": "",
    }


def _from_here_alone(
    group: GroupSummary, found: dict[str, Any]
) -> dict[str, Any]:
    """Complete a sync status for which the peer was not asked."""
    if group.base is None or group.base.checksum != group.checksum:
        found["status"] = "OUT_OF_SYNC"
    found["message"] = "From this site alone; the peer was not asked"
    return found


def _both_changed(
    version: int, own: GroupState | GroupSummary, held: PeerState
) -> bool:
    """Return whether both sites changed the last version that they shared.

    A push whose answer was lost may be what the peer holds: that is no
    change of its own.
    """
    base = own.base
    if base is None or held.checksum == own.doubt:
        return False
    return base.version not in (held.version, version)


def _conflict(
    message: str, group: Group, held: PeerState, **more: str
) -> RequestRefused:
    return RequestRefused(
        "metadata-conflict",
        message,
        **more,
        local={
            "version": group.version,
            "failover_count": group.doc["failover_count"],
            "checksum": checksum(group.doc),
        },
        remote={
            "version": held.version,
            "failover_count": held.failover_count,
            "checksum": held.checksum,
        },
    )
