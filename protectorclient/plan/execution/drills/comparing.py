"""What is asked of the sites to examine the test of a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.pair.reads import rebuilt
from protectorclient.probes.run import addresses
from protectorclient.reports import fidelity

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation


def compare(pair: SitePair, operation_id: str) -> Mapping[str, Any]:
    """Compare the test instances of an operation with their sources.

    :returns: the report as data, with what differs and is not in the
        baseline as ``new_differences``; or ``error``.
    """
    try:
        found = fidelity.look(pair.anew(), operation_id)
    except exceptions.ProtectorError as error:
        return {"error": str(error), "new": 0}
    except LookupError:
        # a deployment without site records has no ids to go by
        return {"error": "its sites are not known by their ids", "new": 0}
    return {
        **found.to_dict(),
        # what is equal is counted; a drill of sixty groups has thousands
        "comparisons": [
            one.to_dict()
            for one in found.comparisons
            if one.verdict != "equal"
        ],
        "error": str(found.error) if found.error is not None else None,
    }


def instances(
    pair: SitePair, group_id: str, operation: Operation, speaker: str
) -> list[dict[str, Any]]:
    """Return the test instances of a group: what a command gets that judges
    them.

    :param speaker: the id of the site that runs the operation.
    """
    found = built(pair, group_id, operation, speaker)
    return [
        {
            "member": one.name,
            "name": one.server.get("name") if one.server else None,
            "id": one.server.get("id") if one.server else None,
            "addresses": addresses(one.server) if one.server else [],
            "status": one.server.get("status") if one.server else None,
            "source_id": one.held.get("instance_id"),
        }
        for one in found
    ]


def built(
    pair: SitePair, group_id: str, operation: Operation, speaker: str
) -> list[rebuilt.Rebuilt]:
    """Find the instances that an operation has built."""
    located = pair.anew().locate(group_id, unplanned=True)
    clouds = {site_id: cloud for cloud, site_id in located.site_ids.items()}
    target = operation.target_site_id or ""
    asked = located.asked.anew()
    where = clouds.get(target, located.other.name)
    return rebuilt.find(
        operation,
        asked.facts(clouds.get(speaker, where)).document(group_id),
        operation.source_site_id or "",
        target,
        asked.facts(where).servers,
    )
