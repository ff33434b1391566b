"""What has changed in a document since both sites held the same.

A group of 500 members is a megabyte, of which a new member changes little:
only what has changed goes to the peer.
"""

import dataclasses
from collections.abc import Sequence

from fakeserver.engine.model import sealed
from fakeserver.engine.model.document import SEALED, Doc
from fakeserver.store.group import Group, copied


@dataclasses.dataclass(frozen=True)
class Delta:
    """A change of a document that has a certain checksum."""

    since: str
    #: the checksum of the document after it
    becomes: str
    #: the document after it, with only those members that have changed
    doc: Doc
    #: ids of the members that are gone
    removed: Sequence[str] = ()


def between(before: Group, after: Group) -> Delta | None:
    """Return the change from one version to another; None where the whole
    document is not much more, or the peer may not hold the first one."""
    base = before.local.base
    if (
        before.kept is None
        or after.kept is None
        or base is None
        or base.checksum != before.checksum
        or after.doc["deleted"]
    ):
        return None
    old = {id(member) for member in before.doc["members"]}
    changed = [one for one in after.doc["members"] if id(one) not in old]
    left = {member["id"] for member in after.doc["members"]}
    removed = [
        one["id"] for one in before.doc["members"] if one["id"] not in left
    ]
    if len(changed) + len(removed) > _MOST:
        return None
    doc = {**after.doc, "members": changed}
    if SEALED in doc:
        known = before.doc.get(SEALED) or {}
        doc[SEALED] = {
            digest: kept
            for digest, kept in doc[SEALED].items()
            if digest not in known
        }
    return Delta(base.checksum, after.new_checksum(), doc, removed)


#: of more members the whole document is sent: a URL names those that go
_MOST = 20


def applied(own: Group, change: Delta) -> Doc | None:
    """Return the document after a change; None where this site holds another
    one than that which was changed."""
    if own.checksum != change.since:
        return None
    new = {member["id"]: member for member in change.doc["members"]}
    gone = set(change.removed)
    members = [
        new.pop(member["id"], member)
        for member in own.doc["members"]
        if member["id"] not in gone
    ]
    doc = {**copied(change.doc), "members": [*members, *new.values()]}
    if SEALED in own.doc or SEALED in doc:
        doc[SEALED] = {**own.doc.get(SEALED, {}), **doc.get(SEALED, {})}
        if doc[SEALED] and (gone or change.doc["members"]):
            sealed.prune(doc)
    return doc
