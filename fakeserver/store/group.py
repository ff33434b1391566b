"""A protection group as a site holds it.

A document may have hundreds of members. Who changes one of them, or none,
shares the others with those who look at the group: each is encoded once.
"""

import copy
import dataclasses
import hashlib
import itertools
import operator
from collections.abc import Iterable, Sequence
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
    #: site id -> the names of its array volumes there
    array_names: dict[str, tuple[str, ...]]


class _HashSoFar(NamedTuple):
    """The hash of a document up to its last member."""

    #: what is before the first one
    head: str
    members: list[Doc]
    hash: Any


class KeptMembers:
    """The JSON of some members, which nobody changes in place any more."""

    def __init__(
        self,
        members: Sequence[Doc],
        known: dict[int, _Json],
        hashed: _HashSoFar | None = None,
    ) -> None:
        #: in their order
        self._members = list(members)
        self._known = known
        self._hashed = hashed
        #: site id -> the names of the array volumes there, where asked for
        self._array_names: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(cls, members: Sequence[Doc]) -> Self:
        return cls(members, {id(one): _encoded(one) for one in members})

    def along(self, members: Sequence[Doc]) -> Self:
        """Return the JSON of the members that a change leaves; those that
        are the same objects are not encoded again."""
        if _begins(members, self._members):
            new = members[len(self._members) :]
            if not new:
                return self
            more = {id(one): _encoded(one) for one in new}
            along = type(self)(members, self._known | more, self._hashed)
            for here, names in self._array_names.items():
                further = _names(more.values(), here)
                along._array_names[here] = names + further
            return along
        known = self._known
        made = {
            id(one): known.get(id(one)) or _encoded(one) for one in members
        }
        return type(self)(members, made, self._hashed)

    def text(self, member: Doc) -> str:
        """Return a member as the database keeps it."""
        return self._known[id(member)].text

    def array_names(self, doc: Doc) -> tuple[str, ...]:
        """Return what :func:`document.current_array_names` returns."""
        here = doc["current_primary_site_id"]
        if here not in self._array_names:
            found = [self._known[id(one)] for one in self._members]
            self._array_names[here] = _names(found, here)
        return self._array_names[here]

    def checksum(self, doc: Doc) -> str:
        """Return what :func:`document.checksum` returns."""
        shown = document.without_secrets(doc)
        before: list[str] = []
        after: list[str] = []
        for key in sorted(shown.keys() - {"members"}):
            part = before if key < "members" else after
            part.append(f"{canonical(key)}:{canonical(shown[key])}")
        head = "".join(f"{pair}," for pair in before)
        tail = "".join(f",{pair}" for pair in after)
        hashed = self._begun(f'{{{head}"members":[').copy()
        hashed.update(f"]{tail}}}".encode())
        return str(hashed.hexdigest())

    def _begun(self, head: str) -> Any:
        """Return the hash of all up to the last member; where only further
        members have come, those are added to the one before."""
        begun, number = hashlib.sha256(head.encode()), 0
        last, members = self._hashed, self._members
        if last is not None and last.head == head:
            number = len(last.members)
            if _begins(members, last.members):
                if number == len(members):
                    return last.hash
                begun = last.hash.copy()
            else:
                number = 0
        texts = [self._known[id(one)].canonical for one in members[number:]]
        if texts:
            comma = "," if number else ""
            begun.update(f"{comma}{','.join(texts)}".encode())
        self._hashed = _HashSoFar(head, members, begun)
        return begun


def _names(several: Iterable[_Json], here: str) -> tuple[str, ...]:
    """Return the names of the array volumes of some members at a site."""
    names = [one.array_names.get(here, ()) for one in several]
    return tuple(itertools.chain.from_iterable(names))


def _begins(members: Sequence[Doc], first: Sequence[Doc]) -> bool:
    """Return whether members begin with some others, the same objects."""
    return len(first) <= len(members) and all(
        map(operator.is_, first, members)
    )


def _encoded(member: Doc) -> _Json:
    text = canonical(document.lasting_member(member))
    names = {
        site_id: document.array_names(held)
        for site_id, held in member["sites"].items()
    }
    return _Json(member, dump(member), text, names)


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
        local = dataclasses.replace(self.local)
        return dataclasses.replace(self, doc=copied(self.doc), local=local)

    def text_of(self, member: Doc) -> str:
        """Return a member as the database keeps it."""
        return dump(member) if self.kept is None else self.kept.text(member)

    def array_names(self) -> tuple[str, ...]:
        """Return what :func:`document.current_array_names` returns."""
        if self.kept is None:
            return document.current_array_names(self.doc)
        self.kept = self.kept.along(self.doc["members"])
        return self.kept.array_names(self.doc)

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
