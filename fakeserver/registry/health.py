"""Whether each group can fail over now, and if not, why."""

from collections.abc import Sequence
from typing import Any

from fakeserver.engine.service import Service
from fakeserver.registry.array_facts import AllFacts, ArrayFacts
from fakeserver.storage.driver import LinkState
from fakeserver.store.summary import GroupSummary

_SYNC = {
    "OUT_OF_SYNC": "The metadata of the two sites differ",
    "UNREACHABLE": "The other site does not answer",
    "FAILED": "The last metadata push was refused, or not answered",
}


class Reports:
    """Reports on many groups, again and again."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._arrays = AllFacts(service.site)

    def of(self, found: Sequence[GroupSummary]) -> list[dict[str, Any]]:
        """Report on each group; the peer is asked once for all of them, and
        nothing is written."""
        now = self._service.site.clock.time()
        facts = self._arrays.of(found, now)
        statuses = self._service.sync.statuses(found)
        return [_report(facts[one.id], statuses[one.id], now) for one in found]


def _report(arrays: ArrayFacts, sync: str, now: float) -> dict[str, Any]:
    group = arrays.group
    rpo = group.rpo_minutes
    lag = arrays.lag(now)
    compliant = None
    if rpo is not None:
        compliant = lag is not None and lag <= rpo * 60
    reasons = _reasons(group, sync)
    reasons += [
        f"FlashArray {name} refuses the policy's API token"
        for name in arrays.refusing
    ]
    if rpo is not None and arrays.newest is None:
        reasons.append(_unreplicated(arrays))
    return {
        "protection_group_id": group.id,
        "protection_group_name": group.name,
        "link_status": _link(rpo, arrays.link),
        "sync_status": sync,
        "replication_lag_seconds": lag,
        "rpo_compliant": compliant,
        "rpo_minutes": rpo,
        "failover_ready": not reasons,
        "reasons": reasons,
    }


def _unreplicated(arrays: ArrayFacts) -> str:
    """Say why there is no point that a failover could start from; those from
    before a move do not count."""
    where = "" if arrays.target is None else f" to {arrays.target}"
    if arrays.link is not None and not arrays.link.running:
        return f"The replication{where} is stopped"
    when = "since the last move" if arrays.has_any else "yet"
    return f"No replication{where} has completed {when}"


def _link(rpo: int | None, link: LinkState | None) -> str:
    if rpo is None or link is None:
        return "not_configured"
    return "active" if link.running else "stopped"


def _reasons(group: GroupSummary, sync: str) -> list[str]:
    """Return the reasons, in the order in which a failover is refused for
    them."""
    found = []
    if group.operation is not None:
        found.append(f"Operation {group.operation} is not finished")
    if group.status != "active":
        found.append(f"The group is {group.status}")
    if group.has_tests:
        found.append("A test failover is not cleaned up")
    if group.rpo_minutes is None:
        found.append("There is no replication policy")
    if not group.member_count:
        found.append("The group has no members")
    if sync in _SYNC:
        found.append(_SYNC[sync])
    return found
