"""Import the documents that the peer pushes."""

import dataclasses
import sqlite3

from fakeserver.base.errors import RequestRefused
from fakeserver.base.vault import Unreadable
from fakeserver.engine.model import sealed
from fakeserver.engine.model.document import TOKENS, Doc, checksum
from fakeserver.engine.peer import cinder_group, delta, validate_document
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.delta import Delta
from fakeserver.engine.peer.replicate import Metadata
from fakeserver.site import Site
from fakeserver.store import groups, tombstones
from fakeserver.store.groups import Group


class Imports:
    """Imports documents of the peer, or refuses them."""

    def __init__(self, site: Site, access: Access, metadata: Metadata) -> None:
        self._site = site
        self._access = access
        self._metadata = metadata

    def take(
        self, project_id: str, group_id: str, doc: Doc, force: bool
    ) -> Doc:
        """Import the peer's document; refuse it unless it is newer."""
        if doc["id"] != group_id:
            raise RequestRefused(
                "bad-request",
                "metadata.id: is not the id of the protection group in the "
                "URL",
                field="metadata.id",
            )
        group = groups.find(self._site.db, group_id)
        self._check_secrets(doc, None if group is None else group.doc)
        if group is None:
            return self._take_new(project_id, doc, force)
        if group.project_id != project_id:
            raise RequestRefused(
                "not-found", f"No protection group with id {group_id}"
            )
        return self._take_over(group, doc, checksum(doc), force)

    def take_change(
        self, project_id: str, group_id: str, change: Delta
    ) -> Doc:
        """Import what has changed in a document that this site holds; refuse
        a change of another one."""
        group = groups.shared(self._site.db, project_id, group_id)
        self._check_secrets(change.doc, group.doc)
        doc = delta.applied(group, change)
        after = dataclasses.replace(group, doc=doc or group.doc)
        if doc is None or after.new_checksum() != change.becomes:
            raise RequestRefused(
                "metadata-conflict",
                f"This site holds version {group.version} of the metadata, "
                "and the change is not one of it",
                local={
                    "version": group.version,
                    "checksum": group.checksum,
                },
            )
        # the members that are new are encoded once
        group.kept = after.kept
        return self._take_over(group, doc, change.becomes, force=False)

    def _take_over(
        self, group: Group, doc: Doc, theirs: str, force: bool
    ) -> Doc:
        if not doc["deleted"]:
            validate_document.check(self._access, doc)
        own = group.checksum or group.new_checksum()
        if not force:
            self._check_newer(group, own, doc, theirs)
        # a power state alone is no change
        same = theirs == own
        overwrites = force and not same
        with self._site.db.transaction() as tx:
            if overwrites:
                groups.keep_overwritten(tx, group)
            group.doc = doc
            group.written = group.version, theirs
            if not same:
                group.local.updated_at = self._metadata.now()
                group.local.look = True
            self._metadata.delivered(group)
            if doc["deleted"]:
                groups.remove(tx, group)
            else:
                groups.save(tx, group)
        if doc["deleted"]:
            cinder_group.drop(self._site, self._access, group)
        return doc

    def _check_newer(
        self, group: Group, own: str, doc: Doc, theirs: str
    ) -> None:
        rank = (int(doc["failover_count"]), int(doc["version"]))
        if (rank, theirs) == (group.rank, own):
            return
        base = group.local.base
        changed = base is not None and base.version != group.version
        if rank <= group.rank or changed:
            raise RequestRefused(
                "metadata-conflict",
                f"This site holds version {group.version} of the "
                f"metadata, the document is version {doc['version']}",
                local={"version": group.version, "checksum": own},
                remote={"version": doc["version"], "checksum": theirs},
            )

    def _take_new(self, project_id: str, doc: Doc, force: bool) -> Doc:
        group = Group(doc["id"], project_id, doc)
        tomb = tombstones.find(self._site.db, doc["id"])
        buried = -1 if tomb is None else int(tomb["version"])
        if doc["deleted"]:
            if doc["version"] > buried:
                with self._site.db.transaction() as tx:
                    groups.remove(tx, group)
            return doc
        if doc["version"] <= buried and not force:
            raise RequestRefused(
                "metadata-conflict",
                f"The protection group was deleted here at version {buried}",
                local={"version": buried, "deleted": True},
                remote={"version": doc["version"]},
            )
        validate_document.check(self._access, doc)
        self._metadata.delivered(group)
        cinder_group.make(self._site, self._access, group)
        group.local.created_at = self._metadata.now()
        group.local.updated_at = group.local.created_at
        try:
            with self._site.db.transaction() as tx:
                self._make_room(tx, group)
                tombstones.drop(tx, group.id)
                groups.save(tx, group)
        except RequestRefused:
            cinder_group.drop(self._site, self._access, group)
            raise
        return doc

    def _make_room(self, tx: sqlite3.Connection, group: Group) -> None:
        """Discard this site's new group where the peer's new group has the
        same name and the lower id: both sites decide so without asking.

        A group of this site that the peer has taken is not new any more;
        the request that made one that goes is refused, as by its own push.
        """
        rival = groups.named(self._site.db, group.project_id, group.name)
        if rival is None or rival.local.base is not None:
            return
        if group.id < rival.id:
            groups.discard(tx, rival.id)

    def _check_secrets(self, doc: Doc, own: Doc | None) -> None:
        """Check each token with the pair's key. One that an export has left
        out is this site's own where the fingerprint is equal."""
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
                raise RequestRefused(
                    "bad-request",
                    f"metadata.policy.{field}: cannot be read with the "
                    "pair's key",
                    field=f"metadata.policy.{field}",
                ) from error
        unread = sealed.check(doc, own, self._site.pair)
        if unread is not None:
            raise RequestRefused(
                "bad-request",
                f"metadata.{unread}: cannot be read with the pair's key",
                field=f"metadata.{unread}",
            )
