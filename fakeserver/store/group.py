"""A protection group as a site holds it.

A document may have hundreds of members. Who changes one of them, or none,
shares the others with those who look at the group: each is encoded once.
"""

import copy
import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from fakeserver.base.db import dump
from fakeserver.engine.model import document
from fakeserver.engine.model.document import Doc, canonical, checksum
from fakeserver.engine.model.group_state import GroupState


class _Json(NamedTuple):
    #: held, so that no other object gets its id
    member: Doc
    #: as the database keeps it, and as the checksum is of it
    text: str
    canonical: str


class KeptMembers:
    """The JSON of some members, which nobody changes in place any more."""

    def __init__(self, known: dict[int, _Json]) -> None:
        self._known = known

    @classmethod
    def of(cls, members: Sequence[Doc]) -> Self:
        return cls({id(one): _encoded(one) for one in members})

    def along(self, members: Sequence[Doc]) -> Self:
        """Return the JSON of the members that a change leaves; those that
        are the same objects are not encoded again."""
        known = self._known
        new = {id(one): one for one in members if id(one) not in known}
        if not new and len(known) == len(members):
            return self
        made = known | {key: _encoded(one) for key, one in new.items()}
        if len(made) > len(members):
            made = {id(one): made[id(one)] for one in members}
        return type(self)(made)

    def text(self, members: Sequence[Doc]) -> str:
        """Return members as the database keeps them."""
        return f"[{','.join([self._known[id(one)].text for one in members])}]"

    def checksum(self, doc: Doc) -> str:
        """Return what :func:`document.checksum` returns."""
        texts = [self._known[id(one)].canonical for one in doc["members"]]
        shown = document.without_secrets(doc)
        text = _joined(
            {
                canonical(key): f"[{','.join(texts)}]"
                if key == "members"
                else canonical(shown[key])
                for key in sorted(shown)
            }
        )
        return hashlib.sha256(text.encode()).hexdigest()


def _encoded(member: Doc) -> _Json:
    text = canonical(document.lasting_member(member))
    return _Json(member, dump(member), text)


def _joined(parts: dict[str, str]) -> str:
    inside = ",".join(f"{key}:{part}" for key, part in parts.items())
    return f"{{{inside}}}"


def copied(doc: Doc) -> Doc:
    """Return a copy of a document, whose members are the same objects."""
    return {key: _copied(key, value) for key, value in doc.items()}


def _copied(key: str, value: Any) -> Any:
    if key == "members":
        return list(value)
    if key == document.SEALED:
        return dict(value)
    return copy.deepcopy(value)


@dataclasses.dataclass
class Group:
    """The document that both sites share, and this site's own state."""

    id: str
    project_id: str
    #: with sealed tokens in it, which are not to be shown with the record
    doc: dict[str, Any] = dataclasses.field(repr=False)
    local: GroupState = dataclasses.field(
        default_factory=GroupState, repr=False
    )
    #: of the document as it was read, or written
    checksum: str = ""
    #: as it was read or written last: which write it was, and the version
    #: and the checksum of that document
    revision: str = dataclasses.field(default="", compare=False)
    written: tuple[int, str] | None = dataclasses.field(
        default=None, compare=False
    )
    #: of a group that shares its members with other readers: nobody changes
    #: one of them in place
    kept: KeptMembers | None = dataclasses.field(
        default=None, compare=False, repr=False
    )

    def copy(self) -> Self:
        """Return a copy that a change of this group leaves as it is."""
        if self.kept is None:
            return copy.deepcopy(self)
        created = dict(self.local.member_created)
        local = dataclasses.replace(self.local, member_created=created)
        return dataclasses.replace(self, doc=copied(self.doc), local=local)

    def new_checksum(self) -> str:
        """Return the checksum of the document as it is now."""
        if self.kept is None:
            return checksum(self.doc)
        self.kept = self.kept.along(self.doc["members"])
        return self.kept.checksum(self.doc)

    @property
    def name(self) -> str:
        return str(self.doc["name"])

    @property
    def status(self) -> str:
        return str(self.doc["status"])

    @property
    def primary_site_id(self) -> str:
        return str(self.doc["primary_site_id"])

    @property
    def secondary_site_id(self) -> str:
        return str(self.doc["secondary_site_id"])

    @property
    def version(self) -> int:
        return int(self.doc["version"])

    @property
    def rank(self) -> tuple[int, int]:
        """Count of failovers, then version: of two copies the higher is
        ahead."""
        return int(self.doc["failover_count"]), self.version
