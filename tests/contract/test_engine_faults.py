"""Every fault that can be asked for by hand, as it is typed."""

import itertools

import pytest

from fakeserver.cli import main
from fakeserver.cloud.shared.schema import FLAVORS, VOLUMES
from fakeserver.faults.kinds import KINDS
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups
from tests.helpers.engine_parts import UNREACHABLE, WEB, A, B, Two
from tests.helpers.sampling import sampled

#: the fault, when it applies, and to what
CALLS_GONE_WRONG = itertools.product(
    ("reset", "timeout", "truncate", "503"),
    ("before", "after"),
    ("POST */os-volume-manage", "POST */servers", "PUT */metadata"),
)
NO_HOST = "No valid host was found. There are not enough hosts available."
NAMES = ("web-1", "web-2", "web-3")


@pytest.fixture
def typed(two, capsys):
    """Types ``protector-sandbox fault ...`` for the sites of the test."""

    def run(line: str) -> str:
        argv = ["fault", *line.split(), "--dir", str(two.pair.directory)]
        assert main.main(argv) == 0, line
        return capsys.readouterr().out.strip()

    return run


def rolled_back(two: Two, ended) -> None:
    assert ended["status"] == "failed"
    assert ended["result_data"]["leftovers"] == []
    assert two.states() == ("active", "active")
    running = {n: s for n, s in two.servers(A).items() if n in NAMES}
    assert running == dict.fromkeys(NAMES, "ACTIVE")
    assert two.servers(B) == {} == two.volumes(B)
    assert two.on_array(B) == set()


def _too_large(two: Two, name: str) -> None:
    """Let a flavor of site-b be larger than any host there."""
    parts = two.pair.site(B).parts
    with parts.db.transaction() as tx:
        flavor = FLAVORS.get(tx, two.world.flavor_id(B, name))
        FLAVORS.put(tx, {**flavor, "vcpus": 600})


def test_an_instance_that_nova_cannot_build(two):
    """The fault goes with the instance: the error has it, in Nova's words."""
    _too_large(two, "m1.large")
    ended = two.done(A, "failover")
    assert ended["error_message"].endswith(
        f"it is ERROR after it was built: {NO_HOST}"
    )
    rolled_back(two, ended)


def test_a_forced_failover_names_the_fault_of_each_member(two):
    _too_large(two, "m1.large")
    two.pair.site(A).kill()
    ended = two.forced(B)
    assert ended["status"] == "failed"
    assert NO_HOST in ended["error_message"]


@pytest.mark.parametrize("kind", ["reset", "timeout", "truncate", "503"])
def test_an_answer_that_does_not_come(two, typed, kind):
    typed(f"add {kind} --site site-b --match POST*/action --stage after")
    two.done(A, "failover")
    answer = two.act(B, "failback")
    # a proxy's page is an answer, but none of the service
    assert answer.status == (503 if kind == "503" else 0)
    assert typed("list").splitlines()[1].split()[1] == kind
    typed("clear")
    [operation] = two.ask(B, "GET", "operations").body["operations"]
    two.pair.drain()
    assert two.operation(B, operation["id"])["status"] == "completed"


@pytest.mark.parametrize(
    ("kind", "stage", "call"), sampled(CALLS_GONE_WRONG, 7)
)
def test_a_call_to_the_other_site_that_goes_wrong_once(two, kind, stage, call):
    """Also a create whose answer is lost: it is found, not made again."""
    two.pair.fault(kind, site=B, match=call, stage=stage, times=1)
    answer = two.act(A, "failover")
    if answer.status == 409:
        # the push of the 202 was known not to have arrived
        assert (answer.reason, answer.message) == (
            "peer-unreachable",
            UNREACHABLE,
        )
        assert two.versions() == (1, 1)
        return
    two.pair.drain()
    ended = two.operation(A, answer.body["operation"]["id"])
    assert ended["status"] == "completed", ended["error_message"]
    assert sorted(two.servers(B)) == list(NAMES)
    assert len(two.volumes(B)) == 5 == len(two.on_array(B))
    assert two.versions() == (3, 3)


def test_slow_is_only_late(two, typed):
    typed("add slow --site site-b --seconds 3")
    assert two.done(A, "failover")["status"] == "completed"
    typed("clear")
    typed("add slow --site site-b --seconds 31")
    assert two.act(A, "sync_volumes").reason in (
        "wrong-site",
        "peer-unreachable",
    )


def test_partition(two, typed):
    typed("add partition")
    assert two.act(A, "failover").message == UNREACHABLE
    assert two.status(A)["status"] == two.status(B)["status"] == "UNREACHABLE"
    # the people reach both
    assert two.group(B)["status"] == "active"
    typed("clear")
    typed("add partition --site site-b")
    assert two.status(A)["status"] == "IN_SYNC"
    assert two.status(B)["status"] == "UNREACHABLE"


@pytest.mark.parametrize("stage", ["before", "inside", "after"])
def test_step(two, typed, stage):
    typed(f"add step --match manage_volumes --stage {stage} --message no")
    ended = two.done(A, "failover")
    assert ended["steps_failed"] == ["manage_volumes_into_cinder"]
    assert ended["error_message"] == "no"
    rolled_back(two, ended)


@pytest.mark.parametrize("stage", ["before", "inside"])
def test_step_for_one_instance(two, typed, stage):
    typed(
        f"add step --match recreate_instances/web-2 --stage {stage} "
        "--message no"
    )
    ended = two.done(A, "failover")
    assert ended["steps_failed"] == ["recreate_instances"]
    assert ended["error_message"] == "Instance web-2: no"
    rolled_back(two, ended)


@pytest.mark.parametrize("stage", ["before", "inside"])
def test_step_for_one_instance_makes_a_forced_failover_partial(
    two, typed, stage
):
    """Reached by hand, and left by the failback that everybody runs."""
    two.pair.site(A).kill()
    typed(f"add step --match recreate_instances/web-2 --stage {stage}")
    ended = two.forced(B)
    assert ended["status"] == "completed"
    assert ended["result_data"]["instances_created"] == 2
    [missing] = ended["result_data"]["not_rebuilt"]
    assert (
        missing["why"]
        == "Instance web-2: the injected fault makes the step fail"
    )
    assert two.held(B)["status"] == "failed_over_partial"
    assert sorted(two.servers(B)) == ["web-1", "web-3"]
    typed("clear")
    two.pair.site(A).start()
    assert two.sync(B).told("sync_status")["status"] == "IN_SYNC"
    back = two.done(B, "failback")
    assert back["status"] == "completed", back["error_message"]
    assert two.states() == ("active", "active")
    assert set(NAMES) <= set(two.servers(A))
    assert two.servers(B) == {} == two.volumes(B)
    assert two.on_array(B) == set()


def test_step_for_one_volume(two, typed):
    typed("add step --match manage_volumes/web-3-root --times 1")
    ended = two.done(A, "failover")
    assert ended["steps_failed"] == ["manage_volumes_into_cinder"]
    rolled_back(two, ended)


def test_crash_at_one_instance(two, typed):
    typed("add crash --match recreate_instances/web-2 --times 1")
    started = two.started(A, "failover")
    two.drain(A)
    assert sorted(two.servers(B)) == ["web-1"]
    two.pair.site(A).start()
    two.pair.drain()
    assert two.operation(A, started)["status"] == "completed"
    assert sorted(two.servers(B)) == list(NAMES)


@pytest.mark.parametrize("stage", ["before", "inside", "after"])
def test_crash(two, typed, stage):
    typed(f"add crash --match manage_volumes --stage {stage} --times 1")
    started = two.started(A, "failover")
    two.drain(A)
    assert not two.pair.site(A).running
    two.pair.site(A).start()
    two.pair.drain()
    assert two.operation(A, started)["status"] == "completed"
    assert len(two.volumes(B)) == 5


def test_cinder_403(two, typed):
    typed("add cinder-403 --site site-b")
    ended = two.done(A, "failover")
    assert ended["steps_failed"] == ["manage_volumes_into_cinder"]
    assert "403" in ended["error_message"]
    rolled_back(two, ended)
    typed("clear")
    assert two.done(A, "failover")["status"] == "completed"


def test_cinder_403_in_the_middle(two, typed):
    """What is managed by then cannot be unmanaged: it is named."""
    two.pair.fault("step", match="recreate_instances", stage="before")
    started = two.started(A, "failover")
    plan = two.pair.site(A).parts.faults
    at = plan.at

    def watched(point):
        if point == "before:recreate_instances":
            typed("add cinder-403 --site site-b")
        at(point)

    plan.at = watched
    two.pair.drain()
    ended = two.operation(A, started)
    assert ended["status"] == "failed"
    assert two.states() == ("error", "error")
    left = ended["result_data"]["leftovers"]
    assert {one["id"] for one in left if one["kind"] == "volume"} == set(
        two.volumes(B).values()
    )
    assert all("403" in o["why"] for o in left if o["kind"] == "volume")


def test_array_token(two, typed):
    """test_array_tokens tells how it is cured."""
    typed("add array-token")
    ended = two.done(A, "failover")
    assert ended["steps_failed"] == ["get_latest_snapshot"]
    assert "token" in ended["error_message"]
    rolled_back(two, ended)
    typed("clear")
    assert two.done(A, "failover")["status"] == "completed"


def test_no_snapshot(two, typed):
    typed("add no-snapshot")
    ended = two.done(A, "failover")
    assert ended["steps_failed"] == ["get_latest_snapshot"]
    assert "snapshot" in ended["error_message"]
    rolled_back(two, ended)


def test_slow_replication(two, typed):
    typed("add slow-replication --seconds 120")
    before = two.pair.clock.time()
    ended = two.done(A, "sync_volumes")
    assert ended["status"] == "completed"
    assert two.pair.clock.time() - before >= 120


@pytest.mark.parametrize("kind", ["disk-full", "database-locked"])
def test_a_database_that_cannot_be_written(two, typed, kind):
    """The operation waits for it, and loses nothing."""
    started = two.started(A, "failover")
    typed(f"add {kind} --site site-a")
    for _ in range(3):
        two.pair.drain()
    assert two.kept(A, started).status == "pending"
    assert two.group(A)["status"] == "failing_over", "reads go on"
    assert two.status(A)["status"] == "IN_SYNC"
    assert two.ask(B, "GET", two.of(WEB)).status == 200
    answer = two.ask(
        A, "PATCH", two.of(WEB), {"protection_group": {"description": "x"}}
    )
    assert answer.status in (409, 500)
    typed("clear")
    two.pair.drain()
    assert two.operation(A, started)["status"] == "completed"
    assert len(two.volumes(B)) == 5


@pytest.mark.parametrize(
    ("kind", "writes"),
    sampled(
        itertools.product(["disk-full", "database-locked"], range(2, 60, 8)), 5
    ),
)
def test_a_database_that_fails_in_the_middle(two, kind, writes):
    started = two.started(A, "failover")
    plan = two.pair.site(A).parts.faults
    ask, count = plan.database, [0]

    def counted():
        count[0] += 1
        if count[0] == writes:
            two.pair.fault(kind, site=A, times=3)
        ask()

    plan.database = counted
    for _ in range(6):
        two.pair.drain()
    plan.database = ask
    ended = two.operation(A, started)
    assert ended["status"] == "completed", ended
    assert len(two.volumes(B)) == 5 == len(two.on_array(B))
    assert sorted(two.servers(B)) == list(NAMES)


def _grouped(two: Two, site: str) -> int:
    """Count the volumes in the group's volume group, as Cinder holds them."""
    parts = two.pair.site(site).parts
    made = groups.find(parts.db, two.ids[WEB]).local.consistency_group_id
    return len(VOLUMES.select(parts.db.connection(), "group_id = ?", (made,)))


def test_volume_groups_that_change_later(two, typed):
    """Each volume is out of its group before Cinder is asked to let it go."""
    typed("add slow-groups --seconds 3")
    for site, action in ((A, "failover"), (B, "failback")):
        ended = two.done(site, action)
        assert ended["status"] == "completed", ended["error_message"]
        assert ended["result_data"].get("leftovers", []) == []
        if site == A:
            # the site without the operation takes its volumes in by itself
            assert _grouped(two, B) == 0
        for _ in range(3):
            two.pair.advance(3.0)
            two.pair.site(B).service.tick()
        assert _grouped(two, B) == (5 if site == A else 0)
    assert two.volumes(B) == {}
    assert two.on_array(B) == set()


def test_the_same_seed_throws_the_same_dice(tmp_path):
    def played(directory, seed):
        with LocalPair(directory, seed=seed) as pair:
            two = Two(pair)
            pair.fault(
                "503", site=A, match="GET */operations", probability=0.5
            )
            return [two.ask(A, "GET", "operations").status for _ in range(24)]

    first = played(tmp_path / "one", 7)
    assert first == played(tmp_path / "two", 7)
    assert {200, 503} == set(first)
    assert first != played(tmp_path / "three", 8)


def test_every_kind_is_tried_here():
    tried = (
        "reset timeout truncate slow 503 partition step crash cinder-403 "
        "array-token no-snapshot slow-replication slow-groups disk-full "
        "database-locked"
    )
    assert set(tried.split()) == set(KINDS)
