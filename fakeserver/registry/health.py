"""Whether each group can fail over now, and if not, why."""

from collections.abc import Sequence
from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.engine import array_links
from fakeserver.engine.model.document import current_array_names, peer_of
from fakeserver.engine.service import Service
from fakeserver.site import Site
from fakeserver.storage.driver import Link, RecoveryPoint
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES

_SYNC = {
    "OUT_OF_SYNC": "The metadata of the two sites differ",
    "UNREACHABLE": "The other site does not answer",
    "FAILED": "The last metadata push was refused, or not answered",
}


def reports(service: Service, found: Sequence[Group]) -> list[dict[str, Any]]:
    """Report on each group; the peer is asked once for all of them."""
    statuses = service.sync.statuses(found)
    return [
        _report(service.site, group, statuses[group.id]) for group in found
    ]


def _report(site: Site, group: Group, sync: str) -> dict[str, Any]:
    policy = group.doc["policy"]
    link = site.arrays.link(group.id)
    target = _target(site, group)
    newest = _newest(site, group, target)
    lag = _lag(site, link, newest)
    compliant = None
    if policy is not None:
        compliant = lag is not None and lag <= policy["rpo_minutes"] * 60
    reasons = _reasons(group, sync)
    reasons += _locked_out(site, group)
    if policy is not None and newest is None:
        moved = any(one.complete for one in site.arrays.points(group.id))
        reasons.append(_unreplicated(target, link, moved))
    return {
        "protection_group_id": group.id,
        "protection_group_name": group.name,
        "link_status": _link(policy, link),
        "sync_status": sync,
        "replication_lag_seconds": lag,
        "rpo_compliant": compliant,
        "rpo_minutes": None if policy is None else policy["rpo_minutes"],
        "failover_ready": not reasons,
        "reasons": reasons,
    }


def _target(site: Site, group: Group) -> dict[str, Any] | None:
    """Return the site that a failover would go to."""
    target = peer_of(group.doc, group.doc["current_primary_site_id"])
    try:
        return SITES.get(site.db, target)
    except RequestRefused:
        return None


def _newest(
    site: Site, group: Group, target: dict[str, Any] | None
) -> RecoveryPoint | None:
    """Return the newest recovery point that a failover could start from.

    It is complete there, and has the volumes of today: after a failback
    the points of the way out are of volumes that are no more.
    """
    if target is None:
        return None
    names = set(current_array_names(group.doc))
    for point in site.arrays.points(group.id):
        whole = point.complete and names <= point.volumes.keys()
        if whole and point.target == target["array_name"]:
            return point
    return None


def _unreplicated(
    target: dict[str, Any] | None, link: Link | None, moved: bool
) -> str:
    """Say why there is no recovery point; points from before a move do not
    count."""
    where = f" to {target['name']}" if target is not None else ""
    if link is not None and not link.running:
        return f"The replication{where} is stopped"
    when = "since the last move" if moved else "yet"
    return f"No replication{where} has completed {when}"


def _locked_out(site: Site, group: Group) -> list[str]:
    """Name the arrays that refuse the policy's API token."""
    doc = group.doc
    found = []
    for site_id in (doc["primary_site_id"], doc["secondary_site_id"]):
        if array_links.refuses(site, doc, site_id):
            array = SITES.get(site.db, site_id)["array_name"]
            found.append(f"FlashArray {array} refuses the policy's API token")
    return found


def _lag(
    site: Site, link: Link | None, newest: RecoveryPoint | None
) -> int | None:
    if newest is None:
        return None
    if link is not None and link.running and link.synchronous:
        return 0
    return max(0, int(site.clock.time() - newest.created_at))


def _link(policy: dict[str, Any] | None, link: Link | None) -> str:
    if policy is None or link is None:
        return "not_configured"
    return "active" if link.running else "stopped"


def _reasons(group: Group, sync: str) -> list[str]:
    """Return the reasons, in the order in which a failover is refused for
    them."""
    doc = group.doc
    found = []
    if doc["operation"] is not None:
        running = doc["operation"]
        found.append(f"Operation {running['id']} is not finished")
    if doc["status"] != "active":
        found.append(f"The group is {doc['status']}")
    if doc["tests"]:
        found.append("A test failover is not cleaned up")
    if doc["policy"] is None:
        found.append("There is no replication policy")
    if not doc["members"]:
        found.append("The group has no members")
    if sync in _SYNC:
        found.append(_SYNC[sync])
    return found
