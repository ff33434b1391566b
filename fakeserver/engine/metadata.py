"""The metadata both sites share: changed, pushed, taken back, compared."""

import copy
import sqlite3
from collections.abc import Callable
from typing import Any

from fakeserver.clock import stamp
from fakeserver.engine import consistency
from fakeserver.engine.access import Access
from fakeserver.engine.documents import TOKENS, Doc, checksum
from fakeserver.engine.peer import PeerRefused, PeerSilent, PeerState
from fakeserver.errors import PEER_UNREACHABLE, STATUS, Refused
from fakeserver.site import Site
from fakeserver.store import groups
from fakeserver.store.groups import Group
from fakeserver.vault import Unreadable

#: how the last push to the peer went (``Group.local["push"]``)
OK, REFUSED, DUE, FORCED = "ok", "refused", "due", "forced"

Write = Callable[[sqlite3.Connection], None]


def _nothing(tx: sqlite3.Connection) -> None:
    return None


class Undelivered(Exception):
    """A push of which it is known that the peer does not hold it."""


class Metadata:
    """Keeps the two copies of each group's document together."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    def now(self) -> str:
        return stamp(self._site.clock.time())

    # -- pushing

    def deliver(self, group: Group, force: bool = False) -> None:
        """Push, and find out whether a lost answer was a yes.

        Raises PeerRefused, Undelivered, or PeerSilent when nobody knows.
        """
        peer = self._access.peer(group)
        try:
            peer.put(group.id, group.doc, force)
        except PeerSilent:
            held = peer.state(group.id)
            if held is None or held.checksum != checksum(group.doc):
                raise Undelivered(peer.site) from None

    def delivered(self, group: Group) -> None:
        """Note that both sites hold what this one holds now."""
        group.local["push"] = OK
        group.local["push_message"] = ""
        group.local["last_sync_at"] = self.now()
        group.local["base"] = {
            "version": group.version,
            "checksum": checksum(group.doc),
        }

    def repeat_push(self, group_id: str) -> None:
        """Try a push that is due once more; call with the group's lock."""
        group = groups.find(self._site.db, group_id)
        if group is None or group.local.get("push") != DUE:
            return
        try:
            self.deliver(group)
            self.delivered(group)
        except PeerRefused as refusal:
            group.local["push"] = REFUSED
            group.local["push_message"] = str(refusal)
        except (PeerSilent, Undelivered):
            return
        with self._site.db.transaction() as tx:
            groups.save(tx, group)

    def change(
        self,
        group: Group,
        mutate: Callable[[Doc], None],
        also: Write = _nothing,
        take_back: Write = _nothing,
    ) -> Group:
        """A change that is pushed before it is answered.

        It is on disk before the push, so that a crash leaves this site
        ahead, never the peer; what the peer refuses is taken back. When
        nobody can say whether the peer took it, the old content becomes a
        newer version, which ends the doubt at the next push.
        """
        before = copy.deepcopy(group)
        mutate(group.doc)
        group.doc["version"] += 1
        group.local["updated_at"] = self.now()
        with self._site.db.transaction() as tx:
            groups.save(tx, group)
            also(tx)
        try:
            self.deliver(group)
        except PeerRefused as refusal:
            before.local["push_message"] = str(refusal)
            self._restore(before, take_back)
            raise _passed_on(refusal) from refusal
        except Undelivered as error:
            self._restore(before, take_back)
            raise _unreachable() from error
        except PeerSilent as error:
            before.doc["version"] += 2
            before.local["push"] = DUE
            self._restore(before, take_back)
            raise _unreachable() from error
        self.delivered(group)
        with self._site.db.transaction() as tx:
            groups.save(tx, group)
        return group

    def _restore(self, before: Group, take_back: Write) -> None:
        with self._site.db.transaction() as tx:
            groups.save(tx, before)
            take_back(tx)

    # -- comparing

    def peer_state(self, group: Group) -> PeerState | None:
        return self._access.peer(group).state(group.id)

    def status(self, group: Group, local: bool) -> dict[str, Any]:
        """The sync status, asked live; ``local`` asks nobody."""
        own = checksum(group.doc)
        found: dict[str, Any] = {
            "protection_group_id": group.id,
            "status": "IN_SYNC",
            "local_version": group.version,
            "remote_version": None,
            "local_checksum": own,
            "remote_checksum": None,
            "local_failover_count": group.doc["failover_count"],
            "remote_failover_count": None,
            "last_operation_id": group.local.get("last_operation"),
            "last_sync_at": group.local.get("last_sync_at"),
            "message": "",
        }
        if local:
            base = group.local.get("base") or {}
            if base.get("checksum") != own:
                found["status"] = "OUT_OF_SYNC"
            found["message"] = "From this site alone; the peer was not asked"
            return found
        try:
            held = self.peer_state(group)
        except PeerSilent as silent:
            found.update(status="UNREACHABLE", message=str(silent))
            return found
        except PeerRefused as refusal:
            found.update(status="FAILED", message=str(refusal))
            return found
        self._compare(group, held, found)
        return found

    def _compare(
        self, group: Group, held: PeerState | None, found: dict[str, Any]
    ) -> None:
        if held is not None:
            found.update(
                remote_version=held.version,
                remote_checksum=held.checksum,
                remote_failover_count=held.failover_count,
            )
        push = group.local.get("push")
        if held is None:
            name = self._access.peer(group).site
            found.update(
                status="FAILED" if push == REFUSED else "OUT_OF_SYNC",
                message=f"Site {name} does not know the protection group",
            )
        elif (held.version, held.checksum) == (
            group.version,
            found["local_checksum"],
        ):
            found["message"] = f"Both sites hold version {held.version}"
            self._seen_equal(group, found)
        elif push == REFUSED:
            found.update(
                status="FAILED",
                message="The last push was refused: "
                + str(group.local.get("push_message")),
            )
        else:
            found.update(status="OUT_OF_SYNC", message=_apart(group, held))

    def _seen_equal(self, group: Group, found: dict[str, Any]) -> None:
        base = group.local.get("base") or {}
        if base.get("checksum") == found["local_checksum"]:
            return
        with self._site.db.transaction() as tx:
            again = groups.find(self._site.db, group.id)
            if again is not None and again.doc == group.doc:
                self.delivered(again)
                groups.save(tx, again)
                found["last_sync_at"] = again.local["last_sync_at"]

    # -- forcing

    def force(self, group: Group, winner: bool) -> None:
        """This site pushes its copy now; ``winner`` settles a conflict."""
        peer = self._access.peer(group)
        try:
            held = peer.state(group.id)
            if held is not None and not winner:
                self._refuse_force(group, held, peer.site)
            self.deliver(group, force=winner)
        except PeerRefused as refusal:
            group.local["push"] = REFUSED
            group.local["push_message"] = str(refusal)
            with self._site.db.transaction() as tx:
                groups.save(tx, group)
            raise _passed_on(refusal) from refusal
        except (PeerSilent, Undelivered) as error:
            raise _unreachable() from error
        self.delivered(group)
        with self._site.db.transaction() as tx:
            groups.save(tx, group)

    def _refuse_force(self, group: Group, held: PeerState, site: str) -> None:
        own = checksum(group.doc)
        if held.rank == group.rank and held.checksum == own:
            return
        base = group.local.get("base") or {}
        apart = (
            base.get("version") is not None
            and held.version != base["version"]
            and group.version != base["version"]
        )
        if held.rank == group.rank or apart:
            raise _conflict(
                f"Both sites changed the metadata: here it is version "
                f"{group.version}, at site {site} version {held.version}; "
                "name the winner",
                group,
                held,
            )
        if held.rank > group.rank:
            raise Refused(
                "wrong-site",
                f"Site {site} is ahead with version {held.version} against "
                f"{group.version}; run the sync from site {site}",
                site=site,
            )

    # -- importing

    def import_(
        self, project_id: str, group_id: str, doc: Doc, force: bool
    ) -> Doc:
        """Take the peer's document; refused where ours is not older."""
        if doc["id"] != group_id:
            raise Refused(
                "bad-request",
                "metadata.id: is not the id of the protection group in the "
                "URL",
                field="metadata.id",
            )
        group = groups.find(self._site.db, group_id)
        self._check_secrets(doc, None if group is None else group.doc)
        if group is None:
            return self._import_new(project_id, doc, force)
        if group.project_id != project_id:
            raise Refused(
                "not-found", f"No protection group with id {group_id}"
            )
        own, theirs = checksum(group.doc), checksum(doc)
        ours = group.rank
        rank = (int(doc["failover_count"]), int(doc["version"]))
        if (rank, theirs) != (ours, own) and not force:
            base = (group.local.get("base") or {}).get("version")
            changed = base is not None and base != group.version
            if rank <= ours or changed:
                raise Refused(
                    "metadata-conflict",
                    f"This site holds version {group.version} of the "
                    f"metadata, the document is version {doc['version']}",
                    local={"version": group.version, "checksum": own},
                    remote={"version": doc["version"], "checksum": theirs},
                )
        with self._site.db.transaction() as tx:
            if force and theirs != own:
                groups.keep_overwritten(tx, group)
            group.doc = doc
            group.local["updated_at"] = self.now()
            self.delivered(group)
            if doc["deleted"]:
                groups.remove(tx, group)
            else:
                groups.save(tx, group)
        if doc["deleted"]:
            consistency.drop(self._access, group)
        return doc

    def _import_new(self, project_id: str, doc: Doc, force: bool) -> Doc:
        tomb = groups.tombstone(self._site.db, doc["id"])
        if (
            tomb is not None
            and not force
            and doc["version"] <= tomb["version"]
        ):
            raise Refused(
                "metadata-conflict",
                f"The protection group was deleted here at version "
                f"{tomb['version']}",
                local={"version": tomb["version"], "deleted": True},
                remote={"version": doc["version"]},
            )
        group = Group(doc["id"], project_id, doc, {})
        for field in ("primary_site_id", "secondary_site_id"):
            self._require_site(doc[field], field)
        self.delivered(group)
        if doc["deleted"]:
            with self._site.db.transaction() as tx:
                groups.remove(tx, group)
            return doc
        consistency.make(self._site, self._access, group)
        group.local["created_at"] = self.now()
        group.local["updated_at"] = group.local["created_at"]
        try:
            with self._site.db.transaction() as tx:
                groups.drop_tombstone(tx, group.id)
                groups.save(tx, group)
        except Refused:
            consistency.drop(self._access, group)
            raise
        return doc

    def _require_site(self, site_id: str, field: str) -> None:
        try:
            self._access.record(site_id)
        except Refused as error:
            raise Refused(
                "bad-request",
                f"metadata.{field}: no site with id {site_id} is registered "
                "here",
                field=f"metadata.{field}",
            ) from error

    def _check_secrets(self, doc: Doc, own: Doc | None) -> None:
        """Each token opens with the pair's key. One that was left out, as
        in an export, is this site's own where the fingerprint is equal."""
        policy = doc.get("policy") or {}
        held = (own or {}).get("policy") or {}
        for field in TOKENS if policy else ():
            try:
                given = policy[field]
                kept = held.get(field) or {}
                if kept.get("fingerprint") == given["fingerprint"]:
                    given.setdefault("sealed", kept["sealed"])
                clear = self._site.pair.decrypt(given["sealed"], doc["id"])
                mark = self._site.pair.fingerprint(clear, doc["id"])
                if mark != given["fingerprint"]:
                    raise Unreadable(field)
            except (Unreadable, KeyError, TypeError) as error:
                raise Refused(
                    "bad-request",
                    f"metadata.policy.{field}: cannot be read with the "
                    "pair's key",
                    field=f"metadata.policy.{field}",
                ) from error


def _apart(group: Group, held: PeerState) -> str:
    ahead = "this site" if group.rank > held.rank else "the peer"
    return (
        f"This site holds version {group.version}, the peer "
        f"{held.version}; {ahead} is ahead"
    )


def _unreachable() -> Refused:
    return Refused("peer-unreachable", PEER_UNREACHABLE)


def _conflict(message: str, group: Group, held: PeerState) -> Refused:
    return Refused(
        "metadata-conflict",
        message,
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


def _passed_on(refusal: PeerRefused) -> Refused:
    """The peer's refusal as this site's own answer."""
    reason = refusal.reason
    if STATUS.get(reason) != 409:
        reason = "out-of-sync"
    return Refused(
        reason,
        f"Site {refusal.site} refused the change: {refusal.message}",
        site=refusal.site,
        peer_reason=refusal.reason,
    )
