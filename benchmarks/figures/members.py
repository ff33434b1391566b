"""A group of many members, and a group beside many others: processor time of
both sites.

A failover runs in this process, with no sockets between the sites: the same
work at half the price, so that 500 members can be moved in each pair.
"""

from benchmarks.harness import load
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.in_process import World
from benchmarks.harness.load import Request
from benchmarks.harness.seeded import world_of
from benchmarks.harness.stage import Sandbox, Stage
from benchmarks.harness.tenant import Tenant

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


def _growing(stage: Stage) -> Tenant:
    groups = {"first": 1, "two-hundred": 200}
    site = Sandbox(stage, "growing", seed=world_of(groups))
    return Tenant(stage, stage.enter(site))


def _add(tenant: Tenant, name: str) -> Work:
    """Remove the last member of a group and add it again; only the second is
    counted."""
    group = tenant.groups()[name]
    members = f"protection-groups/{group}/members"
    port, headers = tenant.site.port, tenant.headers

    def work() -> float:
        spent = 0.0
        for _ in range(ADDED):
            last = tenant.get(members)["members"][-1]
            path = f"{tenant.root}/{members}"
            gone = Request(f"{path}/{last['id']}", "DELETE", status=204)
            load.ask(port, [gone], headers)
            body = {"member": {"instance_id": last["instance_id"]}}
            added = Request(path, "POST", body, 201)
            pids = tenant.site.pids
            spent += load.cpu_of_all(pids, port, [added], headers)
        return spent / ADDED

    return work


def _member_add(stage: Stage) -> tuple[Work, Work]:
    tenant = stage.once(_growing)
    return _add(tenant, "two-hundred"), _add(tenant, "first")


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
    ),
)
