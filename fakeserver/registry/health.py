"""Whether each group could fail over now, and if not, why."""

import concurrent.futures
from collections.abc import Sequence
from typing import Any

from fakeserver.engine.documents import peer_of
from fakeserver.errors import Refused
from fakeserver.site import Site
from fakeserver.storage.driver import Link, RecoveryPoint
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES

#: groups whose peer is asked at the same time
ASKERS = 4

_SYNC = {
    "OUT_OF_SYNC": "The metadata of the two sites differs",
    "UNREACHABLE": "The other site does not answer",
    "FAILED": "The last metadata push was refused",
}


def reports(site: Site, found: Sequence[Group]) -> list[dict[str, Any]]:
    """One report a group. A peer that is silent is waited for once."""
    silent: set[str] = set()
    if found:
        first, rest = found[0], found[1:]
        made = [_report(site, first, silent)]
        with concurrent.futures.ThreadPoolExecutor(ASKERS) as pool:
            made += pool.map(lambda one: _report(site, one, silent), rest)
        return made
    return []


def _report(site: Site, group: Group, silent: set[str]) -> dict[str, Any]:
    policy = group.doc["policy"]
    link = site.arrays.link(group.id)
    newest = _newest(site, group)
    lag = _lag(site, link, newest)
    compliant = None
    if policy is not None:
        compliant = lag is not None and lag <= policy["rpo_minutes"] * 60
    sync = _sync(site, group, silent)
    reasons = _reasons(group, newest, sync)
    return {
        "protection_group_id": group.id,
        "protection_group_name": group.name,
        "link_status": _link(policy, link),
        "sync_status": sync,
        "replication_lag_seconds": lag,
        "rpo_compliant": compliant,
        "failover_ready": not reasons,
        "reasons": reasons,
    }


def _newest(site: Site, group: Group) -> RecoveryPoint | None:
    """The newest point that is complete where a failover would go."""
    target = peer_of(group.doc, group.doc["current_primary_site_id"])
    try:
        array = SITES.get(site.db, target)["array_name"]
    except Refused:
        return None
    points = site.arrays.points(group.id)
    return next(
        (one for one in points if one.complete and one.target == array), None
    )


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


def _sync(site: Site, group: Group, silent: set[str]) -> str:
    peer = peer_of(group.doc, site.service.access.local_id())
    if peer in silent:
        return "UNREACHABLE"
    found = site.service.sync_status(group.project_id, group.id, False)
    status = str(found["status"])
    if status == "UNREACHABLE":
        silent.add(peer)
    return status


def _reasons(
    group: Group, newest: RecoveryPoint | None, sync: str
) -> list[str]:
    """In the order in which a planned failover would be refused."""
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
    if doc["policy"] is not None and newest is None:
        found.append("No replication has completed yet")
    return found
