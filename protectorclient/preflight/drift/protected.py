"""The instances that the groups of a project protect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from protectorclient.pair.reads import narrow
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight.drift import neighbours
from protectorclient.preflight.drift.subject import Item
from protectorclient.preflight.findings import Skip
from protectorclient.records.protection_group import ProtectionGroup

#: Beyond so many groups they are not compared with each other.
MANY = 500
_TOO_MANY = f"more than {MANY} groups are too many to compare"


def instances(speaker: SiteFacts) -> Mapping[str, frozenset[str]] | None:
    """Fetch the ids of the instances that the metadata of each group of the
    project name, by the groups' ids.

    :returns: None where the metadata have to be read for that.
    :raises Skip: there are too many groups.
    """
    named = narrow.instances(speaker, MANY + 1)
    if named is not None and len(named) > MANY:
        raise Skip(_TOO_MANY)
    return named


def every_group(
    speaker: SiteFacts,
) -> Sequence[tuple[ProtectionGroup, Item]]:
    """Fetch all groups of the project, each with its metadata.

    :raises Skip: there are too many.
    """
    groups = speaker.documented_groups(MANY + 1)
    if len(groups) > MANY:
        raise Skip(_TOO_MANY)
    documents = speaker.documents(groups)
    return list(zip(groups, documents, strict=True))


def ids(speaker: SiteFacts, document: Item, *, alone: bool) -> set[str]:
    """Fetch the ids of the instances that the metadata of any group name.

    :param document: the metadata of the group that is compared.
    :param alone: whether no other group is: then the metadata of the others
        are not read where the service tells the ids without them.
    :raises Skip: there are too many groups.
    """
    own = neighbours.named([document])
    named = instances(speaker) if alone else None
    if named is not None:
        return own.union(*named.values())
    return own | neighbours.named(one for _, one in every_group(speaker))
