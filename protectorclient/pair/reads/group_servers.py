"""Read a group's metadata and its project's instances at both sites.

For whoever looks for copies of the group's instances.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.location import Location
from protectorclient.pair.site_facts import SiteFacts


@dataclasses.dataclass(frozen=True)
class GroupServers:
    """What both sites answer, the site first where the group runs."""

    #: The group's metadata, as each site has them that answers.
    documents: Sequence[Mapping[str, Any]]
    #: All instances of the project, by the clouds' names.
    servers: Mapping[str, Sequence[Mapping[str, Any]]]
    #: Why a site did not answer, by its cloud's name.
    unknown: Mapping[str, str]


def ask(asked: BothSites, located: Location) -> GroupServers:
    """Ask both sites at once: one document, one list of instances each."""
    documents: dict[str, Mapping[str, Any]] = {}

    def question(facts: SiteFacts) -> list[dict[str, Any]]:
        failed = located.errors.get(facts.name)
        if failed is None:
            documents[facts.name] = facts.document(located.group.id)
        elif not isinstance(failed, exceptions.NotFound):
            raise failed
        return facts.servers

    servers, errors = asked.ask(question)
    order = [located.current.name, located.other.name]
    return GroupServers(
        documents=[documents[name] for name in order if name in documents],
        servers={name: servers[name] for name in order if name in servers},
        unknown={
            name: errors[name].message for name in order if name in errors
        },
    )
