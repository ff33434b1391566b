"""A runbook: leave the site where a group runs, whatever state it is in."""

from protectorclient import SitePair
from protectorclient.exceptions import (
    OperationFailed,
    PeerUnreachable,
    SiteUnreachable,
)

NETWORKS = {"net-primary-web": "net-secondary-web"}


def leave(pair: SitePair, group: str) -> str:
    """Move a group to the other site; return what was done.

    Without the other site nothing is done, and without the primary the
    failover is unplanned.
    """
    try:
        started = pair.failover(group, network_mapping=NETWORKS)
    except PeerUnreachable as error:
        return f"stayed: {error.site} does not answer"
    except SiteUnreachable:
        started = pair.failover(
            group, network_mapping=NETWORKS, unplanned=True
        )
    try:
        pair.wait(started.operation)
    except OperationFailed as error:
        return f"stayed: {error}"
    forced = started.operation.parameters.get("force")
    return "moved unplanned" if forced else "moved"
