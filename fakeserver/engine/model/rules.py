"""The table of actions: the status that each needs, and sets."""

import dataclasses

ACTIVE = "active"
FAILED_OVER = "failed_over"
PARTIAL = "failed_over_partial"
FAILING_OVER = "failing_over"
FAILING_BACK = "failing_back"
ERROR = "error"

#: what each status is called in the group's life; every other is unknown
STATUSES = (
    ACTIVE,
    FAILING_OVER,
    FAILED_OVER,
    PARTIAL,
    FAILING_BACK,
    ERROR,
)


@dataclasses.dataclass(frozen=True)
class Rule:
    """One action: what it needs, and what it changes in the group."""

    needs: tuple[str, ...]
    #: the group's status while it runs; None leaves it as it is
    during: str | None = None
    #: asked at the current primary, or at the other site
    at_primary: bool = True
    #: works towards the other site, so networks and flavors are mapped
    rebuilds: bool = False
    #: the operation's end is a change of the metadata
    counts: bool = False


RULES = {
    "failover": Rule((ACTIVE,), FAILING_OVER, rebuilds=True, counts=True),
    "failback": Rule(
        (FAILED_OVER, PARTIAL), FAILING_BACK, rebuilds=True, counts=True
    ),
    "test_failover": Rule((ACTIVE,), rebuilds=True, counts=True),
    "test_cleanup": Rule((ACTIVE, FAILED_OVER, PARTIAL), counts=True),
    "sync_volumes": Rule((ACTIVE, FAILED_OVER, PARTIAL)),
    # with discard: it sets the version itself, above that of the loser
    "sync_force": Rule(STATUSES),
}
#: a forced failover takes over from a peer that is gone, so it needs less
FORCED = Rule(
    (ACTIVE, FAILED_OVER, PARTIAL, FAILING_OVER, FAILING_BACK, ERROR),
    FAILING_OVER,
    at_primary=False,
    rebuilds=True,
    counts=True,
)
#: statuses in which a forced failover needs the unfinished operation to be
#: the peer's: its own would still be at work
FORCED_IF_PEERS = (FAILING_OVER, FAILING_BACK)
