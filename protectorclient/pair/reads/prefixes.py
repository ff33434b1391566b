"""Complete an abbreviated id.

For commands that only read, and for those that wait: a table shows so much
of an id as fits. What changes something takes whole ids and exact names.

The services know no beginnings, so that each site is asked for its list:
one request for each 1000 entries, and at most `MOST` entries of a site.
Nothing is asked for a text that cannot be the beginning of an id.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.pair import both_sites
from protectorclient.v1._manager import LARGEST_PAGE

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle

#: Hexadecimal digits of a UUID that are enough.
SHORTEST = 8
_WHOLE = 32
#: Entries of a site that are looked through, the newest operations first.
MOST = 5000

_DIGITS = re.compile(r"[0-9a-f]{8}[0-9a-f-]*")
#: How a shortened id may end.
_CUT = re.compile(r"(-|\u2026|\.\.\.)+$")


@dataclasses.dataclass(frozen=True)
class Kind:
    """What an id may be of."""

    noun: str
    #: All there are at a site.
    entries: Callable[[Any], Iterable[Any]]
    #: What is said of one that is not the only match, by its field.
    told: str
    #: What stands before the UUID.
    head: str = ""


GROUP = Kind(
    "protection group",
    lambda client: client.protection_groups.list(
        limit=MOST, page_size=LARGEST_PAGE
    ),
    "name",
)
OPERATION = Kind(
    "operation",
    lambda client: client.operations.list(limit=MOST, page_size=LARGEST_PAGE),
    "operation_type",
    "op-",
)
SITE = Kind(
    "site",
    lambda client: client.sites.list(limit=MOST, page_size=LARGEST_PAGE),
    "name",
)


@dataclasses.dataclass(frozen=True)
class Match:
    """One of several entries that an id may be of."""

    id: str
    #: The name, or the type of an operation.
    what: str
    #: The sites that know it.
    sites: tuple[str, ...]
    #: The group of an operation, by its id.
    group: str | None = None


class Ambiguous(exceptions.NotUnique):
    """The beginning of more than one id.

    :ivar matches: what it may mean.
    """

    def __init__(self, text: str, kind: Kind, matches: Sequence[Match]):
        super().__init__(
            f"'{text}' is the beginning of {len(matches)} ids of"
            f" {kind.noun}s; type more of one of them",
            ids=[match.id for match in matches],
        )
        self.matches = tuple(matches)


def digits(text: str, kind: Kind) -> str | None:
    """Return the digits of what may be the beginning of an id; else None.

    :param text: as it was typed; a whole id is not the beginning of one.
    :param kind: what it is to be the id of.
    """
    text = _CUT.sub("", text.strip().lower())
    bare = text.removeprefix(kind.head)
    if not _DIGITS.fullmatch(bare):
        return None
    found = bare.replace("-", "")
    # a UUID without what belongs before it is not whole either
    shorter = len(found) < _WHOLE or (len(found) == _WHOLE and bare == text)
    is_part = len(found) < _WHOLE or (bool(kind.head) and shorter)
    return found if is_part else None


def expand(text: str, kind: Kind, asked: both_sites.BothSites) -> str:
    """Find the whole id that a beginning stands for.

    :param text: a name, an id or its beginning.
    :param kind: what it is to be the id of.
    :param asked: the sites.
    :returns: the id; the text itself where it is an exact name or id, or
        where nothing begins so.
    :raises Ambiguous: more than one id begins so.
    :raises NotFound: no operation begins so.
    :raises OperationUnknown: none does, and a site is silent.
    """
    wanted = digits(text, kind)
    if wanted is None:
        return text
    found, errors = asked.ask(lambda facts: list(kind.entries(facts.client)))
    entries = {
        handle.name: found.get(handle.name, []) for handle in asked.handles
    }
    for records in entries.values():
        for one in records:
            if text in (one.id, getattr(one, "name", None)):
                return text
    matches = list(_matches(wanted, kind, entries.items()))
    if len(matches) > 1:
        raise Ambiguous(text, kind, matches)
    if matches:
        return matches[0].id
    if kind is OPERATION:
        raise asked.unknown(text, errors)
    return text


def _matches(
    wanted: str, kind: Kind, entries: Iterable[tuple[str, Sequence[Any]]]
) -> Iterator[Match]:
    sites: dict[str, list[str]] = {}
    records: dict[str, Any] = {}
    for site, found in entries:
        for one in found:
            bare = one.id.lower().removeprefix(kind.head).replace("-", "")
            if bare.startswith(wanted):
                sites.setdefault(one.id, []).append(site)
                records[one.id] = one
    for identity, record in records.items():
        yield Match(
            identity,
            str(getattr(record, kind.told, "") or ""),
            tuple(sites[identity]),
            getattr(record, "protection_group_id", None),
        )


def group_names(
    matches: Iterable[Match], handles: Iterable[SiteHandle]
) -> dict[str, str]:
    """Return what the groups of operations are called, by whoever says it."""
    found: dict[str, str] = {}
    wanted = {match.group for match in matches if match.group}
    if not wanted:
        return found
    answers, _ = both_sites.BothSites(tuple(handles)).put(
        lambda facts: list(GROUP.entries(facts.client))
    )
    for records in answers.values():
        found |= {one.id: one.name for one in records if one.id in wanted}
    return found
