"""What is certain to be refused is refused here, before it is sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeserver.base import seed_world
from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from protectorclient.preflight import refusals
from tests.helpers.check_states import (
    GROUP,
    STRANGER,
    WEB_MAPPING,
    World,
    taken_address,
)
from tests.helpers.clirunner import protector
from tests.helpers.sampling import sampled

PLAIN = "protection-group"
#: the id of web-1 in the seeded world
WEB_1 = seed_world.build("default", 1).groups[0].servers[0].id
SYNC = "openstack protector protection-group sync-force prod-web-app"


@dataclasses.dataclass(frozen=True)
class Case:
    """A world in which the service refuses, and how it does."""

    check: str
    make: Callable[[World], object]
    #: what is typed
    command: str
    #: what the client says, and the command that it names
    told: str
    next: str
    #: the exit status with --start-anyway
    code: int = 5
    #: what the service says then
    refused: str = ""
    group: str = "prod-web-app"
    name: str = ""

    @property
    def id(self) -> str:
        return self.name or self.check


def nothing(world: World) -> None:
    """The seeded world is it already."""


def running(world: World) -> None:
    world.pair.fault("slow-replication", seconds=3600.0)
    world.done(f"{GROUP} failover prod-web-app {WEB_MAPPING}")


def moved(world: World) -> None:
    world.done(f"{GROUP} failover prod-web-app {WEB_MAPPING} --wait")


def home(world: World) -> None:
    moved(world)
    world.done(f"{GROUP} failback prod-web-app --wait")


def drilled(world: World) -> None:
    world.done(
        f"{GROUP} test-failover prod-web-app {WEB_MAPPING} --retain-primary"
        " --wait"
    )


def never_replicated(world: World) -> None:
    group = world.id_of("prod-web-app")
    for site in ("a", "b"):
        world.pair.site(site).parts.arrays.drop_group(group)


def ahead(world: World) -> None:
    world.rewrite(
        "prod-web-app", lambda doc: doc.update(description="x"), "site-a"
    )


def other_primary(world: World) -> None:
    """site-b is ahead and names site-a, which takes site-b for it."""
    group = world.id_of("prod-web-app")
    document = world.client("site-a").metadata.get(group)
    for site, primary, more in (
        ("site-a", "secondary_site_id", 5),
        ("site-b", "primary_site_id", 9),
    ):
        changed = {
            **document,
            "version": document["version"] + more,
            "current_primary_site_id": document[primary],
        }
        admin = world.client(f"{site}-admin")
        admin.metadata.put(group, changed, force=True)


MOVE = f"failover prod-web-app {WEB_MAPPING}"
DRILL = f"test-failover prod-web-app {WEB_MAPPING} --retain-primary"

CASES = (
    Case(
        "operation",
        running,
        MOVE,
        "Operation op-ID (failover) of this protection group is not finished"
        " at site-a",
        "openstack protector operation wait op-ID",
        refused="is not finished at site-a",
    ),
    Case(
        "status",
        moved,
        "failover prod-web-app",
        "Protection group prod-web-app is failed_over; failover needs active:"
        " it runs at site-b already",
        f"{GROUP} show prod-web-app",
        refused="is failed_over; failover needs active",
        name="status: again",
    ),
    Case(
        "status",
        moved,
        "test-failover prod-web-app --retain-primary",
        "Protection group prod-web-app is failed_over; test_failover needs"
        " active: it runs at site-b already",
        f"{GROUP} show prod-web-app",
        refused="is failed_over; test_failover needs active",
        name="status: a drill away from home",
    ),
    Case(
        "status",
        nothing,
        "failback prod-web-app",
        "Protection Group is not in failed_over state",
        "openstack protector operation list --all-sites --protection-group"
        " prod-web-app",
        refused="Protection Group is not in failed_over state",
        name="status: failback at home",
    ),
    Case(
        "primary",
        other_primary,
        "failover prod-web-app",
        "A failover of protection group prod-web-app is started at the current"
        " primary; site-a takes site-b for it",
        SYNC,
        refused="is started at site-b, not here",
    ),
    Case(
        "tests-cleaned",
        drilled,
        MOVE,
        "Protection group prod-web-app has a test failover that is not cleaned"
        " up; run test_cleanup first",
        f"{GROUP} test-cleanup prod-web-app --wait",
        refused="has a test failover that is not cleaned up",
    ),
    Case(
        "policy",
        nothing,
        f"failover bare {WEB_MAPPING}",
        "Protection group bare has no replication policy",
        "openstack protector policy set bare"
        " --primary-fa-url $PRIMARY_FA_URL"
        " --secondary-fa-url $SECONDARY_FA_URL"
        " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
        " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN",
        refused="Protection group bare has no replication policy",
    ),
    Case(
        "metadata-version",
        ahead,
        MOVE,
        "The metadata of protection group prod-web-app is not in sync: version"
        " 6 at site-a, version 1 at site-b",
        SYNC,
        refused="is not in sync",
    ),
    Case(
        "networks",
        nothing,
        "failover prod-web-app",
        "Nothing at site-b matches network net-primary-web; map each to"
        " something that exists there",
        f"{GROUP} failover prod-web-app {WEB_MAPPING}",
        code=1,
        refused="Nothing at site-b matches network net-primary-web",
    ),
    Case(
        "networks",
        nothing,
        "test-failover prod-web-app --retain-primary",
        "Nothing at site-b matches network net-primary-web; map each to"
        " something that exists there",
        f"{GROUP} test-failover prod-web-app {WEB_MAPPING} --retain-primary",
        code=1,
        refused="Nothing at site-b matches network net-primary-web",
        name="networks: of a drill",
    ),
    Case(
        "recovery-point",
        never_replicated,
        MOVE,
        "No replication of protection group prod-web-app to site-b has"
        " completed: there is no recovery point to start from",
        "openstack protector consistency-group sync prod-web-app --wait",
        code=10,
        refused="replication of its volumes has not completed once",
    ),
    Case(
        "recovery-point",
        home,
        DRILL,
        "No replication of protection group prod-web-app to site-b has"
        " completed since its last move, and a drill makes none: there is no"
        " recovery point to start from",
        "openstack protector consistency-group sync prod-web-app --wait",
        code=10,
        refused="has not completed since its last move",
        name="recovery-point: of a drill after a failback",
    ),
    Case(
        "addresses",
        taken_address,
        MOVE,
        "10.10.0.11 of web-1 is taken on net-secondary-web: port"
        f" {STRANGER} of compute:nova",
        f"openstack --os-cloud site-b port show {STRANGER}",
        code=10,
        refused="10.10.0.11",
    ),
    Case(
        "running",
        lambda world: world.done("openstack server pause web-1"),
        MOVE,
        "The operation cannot stop each instance: web-1 is PAUSED",
        f"openstack --os-cloud site-a server unpause {WEB_1}",
        code=10,
        refused="Instance web-1 is PAUSED",
    ),
)


@pytest.fixture
def world(
    request: pytest.FixtureRequest, local_pair: LocalPair
) -> Iterator[World]:
    case: Case = request.param
    made = World(local_pair)
    case.make(made)
    yield made
    local_pair.clear_faults()


def begun() -> list[Any]:
    pair = SitePair.open("site-a", "site-b")
    return [
        operation.id
        for handle in pair.handles
        for operation in handle.client.operations.list()
    ]


@pytest.mark.parametrize(
    ("world", "case"),
    sampled([(case, case) for case in CASES], 8),
    ids=[case.id for case in CASES],
    indirect=["world"],
)
def test_refused_before_it_is_sent_and_by_the_service_too(
    world: World, case: Case
) -> None:
    before = begun()
    ran = protector(f"{PLAIN} {case.command}")
    assert (ran.code, ran.out) == (5, ""), ran.err
    told, hint = ran.told.splitlines()
    assert told.removeprefix("site-a: ") == case.told
    assert hint == case.next
    assert begun() == before

    sent = protector(f"{PLAIN} {case.command} --start-anyway --wait")
    assert sent.code == case.code, sent.err
    assert case.refused in sent.err


def test_every_row_is_proved() -> None:
    assert {row.check for row in refusals.REFUSALS} == {
        case.check for case in CASES
    }


def test_a_failover_after_a_failback_makes_its_own_point(
    local_pair: LocalPair,
) -> None:
    world = World(local_pair)
    home(world)
    assert protector(f"{PLAIN} {MOVE} --wait").code == 0


def test_what_is_only_likely_is_not_refused(local_pair: LocalPair) -> None:
    """A quota may be raised while it runs: the service decides."""
    world = World(local_pair)
    world.done("openstack quota set --instances 1 demo", "site-b-admin")
    ran = protector(f"{PLAIN} {MOVE} --wait")
    assert ran.code == 10, ran.err


def test_an_unplanned_failover_is_asked_nothing_of_this(
    local_pair: LocalPair,
) -> None:
    """A test that is not cleaned up does not hold up a rescue."""
    drilled(World(local_pair))
    local_pair.site("a").kill()
    ran = protector(f"{PLAIN} {MOVE} --type unplanned --wait")
    assert ran.code == 0, ran.err


def two_copies(world: World) -> None:
    """Home again by force, with the copies of site-b left running."""
    moved_by_force = f"{PLAIN} failover prod-web-app --type unplanned --wait"
    world.done(f"{GROUP} set prod-web-app {WEB_MAPPING}")
    world.pair.site("a").kill()
    assert protector(moved_by_force).code == 0
    world.pair.site("a").start()
    world.done(f"{GROUP} sync-force prod-web-app")
    sync = "openstack protector consistency-group sync prod-web-app --wait"
    world.done(sync)
    back = protector(f"{moved_by_force} --accept-divergence")
    assert back.code == 0, back.err
    problem = back.err.splitlines().index(
        "problem: prod-web-app: web-1, web-2, web-3 run and write at site-b"
        " now, beside the group at site-a"
    )
    assert "server stop " in back.err.splitlines()[problem + 1]
    world.done(f"{GROUP} sync-force prod-web-app")
    world.done(sync)


def test_live_copies_hold_up_what_would_add_to_them(
    local_pair: LocalPair,
) -> None:
    """A planned failover, a drill and a change, until they are stopped."""
    world = World(local_pair)
    two_copies(world)
    before = begun()
    for command in (
        "failover prod-web-app",
        "test-failover prod-web-app --retain-primary",
        "set prod-web-app --description x",
    ):
        ran = protector(f"{PLAIN} {command}")
        assert (ran.code, ran.out) == (5, ""), ran.err
        assert "run and write at site-b now" in ran.err
        assert "server stop " in ran.err
    assert begun() == before
    looked = protector(f"{PLAIN} check prod-web-app -f json")
    (row,) = [one for one in looked.json if one["id"] == "live-copies"]
    assert (looked.code, row["severity"], row["blocks"]) == (
        3,
        "problem",
        True,
    )
    for line in row["fix"].splitlines():
        world.done(line)
    again = protector(f"{PLAIN} check prod-web-app -f json")
    (row,) = [one for one in again.json if one["id"] == "live-copies"]
    assert row["severity"] == "ok"
    (left,) = [one for one in again.json if one["id"] == "left-over"]
    assert left["severity"] == "warning"
    assert protector(f"{PLAIN} set prod-web-app --description x").code == 0


def test_a_site_that_is_silent_is_not_known_to_be_at_rest(
    local_pair: LocalPair,
) -> None:
    local_pair.site("a").kill()
    command = f"{MOVE} --type unplanned --accept-divergence --wait"
    ran = protector(f"{PLAIN} {command}")
    assert ran.code == 0, ran.err
    assert (
        "warning: whether instances of prod-web-app run at site-a is not"
        " known: Keystone does not answer: connection refused"
    ) in ran.err.splitlines()
    looked = protector(f"{PLAIN} check prod-web-app --for failback -f json")
    (row,) = [one for one in looked.json if one["id"] == "live-copies"]
    assert (row["severity"], row["message"]) == (
        "skipped",
        "site-a does not answer",
    )
    assert protector(f"{PLAIN} reconcile prod-web-app").code == 6


def test_live_copies_while_the_failover_is_under_way(
    local_pair: LocalPair,
) -> None:
    """Without --wait it is said as soon as it has begun."""
    command = f"{MOVE} --type unplanned --accept-divergence"
    ran = protector(f"{PLAIN} {command}")
    assert ran.code == 0, ran.err
    assert (
        "problem: prod-web-app: web-1, web-2, web-3 run and write at site-a"
        " now, beside the group at site-b"
    ) in ran.err.splitlines()
    assert "is back" not in ran.err
    assert ran.err.splitlines()[-1] == SYNC


def test_a_cut_between_the_sites_names_the_next_command(
    local_pair: LocalPair,
) -> None:
    """Both answer here, and neither hears the other."""
    local_pair.fault("partition", site="a")
    for command in (MOVE, "set prod-web-app --description x", DRILL):
        ran = protector(f"{PLAIN} {command}")
        assert (ran.code, ran.out) == (6, ""), ran.err
        assert ran.told.splitlines()[-2:] == [
            "site-a: Cannot modify protection group \u2014 remote site"
            " unreachable (req-ID)",
            f"{GROUP} check prod-web-app",
        ]


@pytest.mark.parametrize(
    ("options", "when"),
    [
        ("", "once it has completed"),
        ("--wait", "now"),
        ("--reverse-replication", None),
        ("--reverse-replication --wait", None),
    ],
)
def test_a_failback_says_whether_it_protects(
    options: str, when: str | None, local_pair: LocalPair
) -> None:
    moved(World(local_pair))
    ran = protector(f"{PLAIN} failback prod-web-app {options}")
    assert ran.code == 0, ran.err
    lines = ran.err.splitlines()
    stays = "  replication: stays stopped after it; --reverse-replication"
    assert (f"{stays} starts it" in lines) is (when is not None)
    if when is None:
        assert "not protected" not in ran.err
        return
    assert lines[-2:] == [
        f"warning: prod-web-app is not protected {when}: its replication is"
        " stopped. This starts it:",
        "openstack protector consistency-group sync prod-web-app --wait",
    ]


def test_waiting_for_a_failback_says_so_too(local_pair: LocalPair) -> None:
    moved(World(local_pair))
    begun = protector(f"{PLAIN} failback prod-web-app -f value -c id")
    ran = protector(f"operation wait {begun.out.strip()}")
    assert ran.code == 0, ran.err
    assert ran.err.splitlines()[-1] == (
        "openstack protector consistency-group sync prod-web-app --wait"
    )


def test_out_of_sync_names_the_next_command(local_pair: LocalPair) -> None:
    ahead(World(local_pair))
    changed = protector(f"{PLAIN} set prod-web-app --description y")
    assert changed.code == 5
    assert changed.err.splitlines()[-1] == SYNC


def test_each_fix_of_a_mistaken_failover_works(
    local_pair: LocalPair,
) -> None:
    """Before a sync: forward to the failback, or back to the first site."""
    world = World(local_pair)
    world.done(f"{GROUP} set prod-web-app {WEB_MAPPING}")
    world.done(
        f"{GROUP} failover prod-web-app {WEB_MAPPING} --type unplanned"
        " --accept-divergence --wait"
    )
    looked = protector(f"{PLAIN} check prod-web-app --for failback -f json")
    rows = {one["id"]: one for one in looked.json}
    failback = (
        "openstack protector protection-group failback prod-web-app"
        " --reverse-replication --wait"
    )
    assert rows["left-over"]["fix"].splitlines() == [SYNC, failback]
    lines = rows["live-copies"]["fix"].splitlines()
    assert lines[:2] == [SYNC, failback]
    assert lines[-2:] == [
        "or, where the move to site-b was a mistake:",
        "openstack protector protection-group reconcile prod-web-app"
        " --winner site-a",
    ]
    shown = protector(f"{PLAIN} show prod-web-app -f json --site site-b")
    holds = shown.json["metadata_version"]
    back = protector(
        f"{lines[-1].removeprefix('openstack protector ')}"
        f" --discard-version {holds}"
    )
    # its replication is stopped, and that is a warning
    assert back.code == 0, back.err
    looked = protector(f"{PLAIN} check prod-web-app -f json")
    rows = {one["id"]: one for one in looked.json}
    assert rows["live-copies"]["severity"] == "ok"


def test_the_way_back_is_gone_with_the_sync(local_pair: LocalPair) -> None:
    world = World(local_pair)
    world.done(
        f"{GROUP} failover prod-web-app {WEB_MAPPING} --type unplanned"
        " --accept-divergence --wait"
    )
    world.done(SYNC)
    looked = protector(f"{PLAIN} check prod-web-app --for failback -f json")
    rows = {one["id"]: one for one in looked.json}
    assert "mistake" not in rows["live-copies"]["fix"]
    assert "sync-force" not in rows["left-over"]["fix"]


def test_no_drill_is_advised_where_it_is_refused(
    local_pair: LocalPair,
) -> None:
    moved(World(local_pair))
    looked = protector(
        f"{PLAIN} check prod-web-app --for test-cleanup -f json"
    )
    rows = {one["id"]: one for one in looked.json}
    assert rows["test-there"]["fix"].splitlines() == [
        "Nothing is to be cleaned up:",
        "openstack protector protection-group show prod-web-app",
    ]
