"""Ask one site for what a report of all groups needs of each.

A tenth of a group's record, and a third of its metadata. A service that does
not tell them apart is asked for all of both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.v1._manager import LARGEST_PAGE

#: The field of what such a report needs of the metadata.
_METADATA = "metadata_brief"
#: How it is remembered that a service does not tell a part.
_MISSING = f"fields={_METADATA}"


@dataclasses.dataclass(frozen=True)
class BriefGroups:
    """The groups of a site."""

    groups: tuple[ProtectionGroup, ...]
    #: Their metadata by their ids, without what no report of many groups
    #: needs; empty where they were not asked for, or have to be asked for one
    #: by one.
    documents: Mapping[str, Mapping[str, Any]]
    #: Whether the records may have no more than what was asked for.
    is_brief: bool


def ask(
    side: SiteFacts, fields: Sequence[str], *, documents: bool
) -> BriefGroups:
    """Fetch all groups of the project.

    :param fields: what is needed of each record, beside its id.
    :param documents: with the metadata of each; where a service does not
        tell them in brief, `SiteFacts.document` has them.
    :raises SiteUnreachable: the site gives no answer.
    """
    return side.ask(
        ("brief groups", *fields, documents),
        lambda: _ask(side, fields, documents),
    )


def _ask(
    side: SiteFacts, fields: Sequence[str], documents: bool
) -> BriefGroups:
    missing = side.client.http.missing_parameters
    if _MISSING not in missing:
        more = (_METADATA,) if documents else ()
        try:
            groups = tuple(
                side.client.protection_groups.list(
                    page_size=LARGEST_PAGE, fields=(*fields, *more)
                )
            )
        except exceptions.BadRequest:
            missing.add(_MISSING)
        except exceptions.UnreadableAnswer:
            # too long, it may be
            pass
        else:
            found = {
                group.id: group.extra[_METADATA]
                for group in groups
                if isinstance(group.extra.get(_METADATA), dict)
            }
            every_document = not documents or len(found) == len(groups)
            if every_document and _all_sent(fields, groups):
                return BriefGroups(groups, found, is_brief=True)
            # it does not know of the parameter, or only one of them arrives
            missing.add(_MISSING)
    every = side.documented_groups() if documents else side.groups
    return BriefGroups(tuple(every), {}, is_brief=False)


def _all_sent(
    fields: Sequence[str], groups: Sequence[ProtectionGroup]
) -> bool:
    """Return whether each field was sent, of one group at the least: there
    are proxies that hand on one of several values of a parameter."""
    return not groups or all(
        any(group.shows(field) for group in groups) for field in fields
    )
