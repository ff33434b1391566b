"""A group of many members, and a group beside many others: processor time of
both sites.

All runs in this process, with no sockets between the sites: the same work at
half the price, so that 500 members can be moved in each pair, and nothing of
what a site does once a second falls into it by chance.
"""

import statistics

from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.in_process import World, client_of, cpu_of_add
from benchmarks.harness.stage import Stage
from protectorclient import Client

#: what does not grow may still wander that much
FLAT = 1.2
FEW, MANY = 30, 500
NEIGHBOURS = 500
#: how often a member is removed and added for one measurement
ADDED = 5


def _alone(stage: Stage) -> World:
    return World(stage.place, {"many": FEW})


def _beside(stage: Stage) -> World:
    others = {f"other-{n:04d}": 1 for n in range(NEIGHBOURS)}
    return World(stage.place, {"many": FEW, **others})


def _large(stage: Stage) -> World:
    return World(stage.place, {"many": MANY})


def _failover(world: World, members: int) -> Work:
    """Fail the group over, each time from the same world; the cost is that of
    a member."""
    return lambda: world.cpu_of_failover("many") / members


def _failover_members(stage: Stage) -> tuple[Work, Work]:
    return (
        _failover(stage.once(_large), MANY),
        _failover(stage.once(_alone), FEW),
    )


def _failover_beside(stage: Stage) -> tuple[Work, Work]:
    return (
        _failover(stage.once(_beside), FEW),
        _failover(stage.once(_alone), FEW),
    )


def _growing(stage: Stage) -> Client:
    world = World(stage.place, {"first": 1, "two-hundred": 200})
    return client_of(stage.enter(world.pair()))


def _add(client: Client, name: str) -> Work:
    group = client.protection_groups.find(name)
    return lambda: statistics.fmean(
        cpu_of_add(client, group) for _ in range(ADDED)
    )


def _member_add(stage: Stage) -> tuple[Work, Work]:
    client = stage.once(_growing)
    return _add(client, "two-hundred"), _add(client, "first")


FIGURES = (
    Figure(
        "failover-of-many",
        f"failover of {MANY} members, CPU a member",
        FLAT,
        _failover_members,
        f"of {FEW} members",
        warm_up=False,
    ),
    Figure(
        "failover-beside-many",
        f"failover of {FEW} members beside {NEIGHBOURS} groups, CPU",
        1.05,
        _failover_beside,
        "the same beside none",
        pairs=9,
        turns=3,
        warm_up=False,
    ),
    Figure(
        "member-add",
        "member add, the 200th, CPU",
        FLAT,
        _member_add,
        "the first",
        turns=4,
    ),
)
