"""Drills over two live sites: examined, judged, and always removed."""

import datetime
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import drill, durations, exceptions
from protectorclient.drill import history, record
from protectorclient.drill.schedule import next_drill
from protectorclient.drill.schedule.both_sites import TimerOptions
from protectorclient.drill.schedule.folder import JournalFolder
from protectorclient.plan.execution import events, hooks
from protectorclient.plan.execution.drills.options import DrillOptions
from protectorclient.plan.execution.events import Event
from protectorclient.plan.file import load
from tests.helpers import plan_parts
from tests.helpers.library_parts import Live, opened
from tests.helpers.plan_parts import World

NETWORKS = {"net-primary-web": "net-secondary-web"}
WEB = "prod-web-app"
VERIFY = """\
import json, os, sys
found = json.load(sys.stdin)
assert [one["name"] for one in found] == [f"web-{n}-test" for n in (1, 2, 3)]
assert all(one["id"] and one["addresses"] for one in found)
assert os.environ["PROTECTOR_GROUP"] == "prod-web-app"
assert not [name for name in os.environ if name.startswith("OS_")]
"""


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened()


@pytest.fixture
def world(opened_pair: LocalPair) -> Iterator[World]:
    for site in opened_pair.sites.values():
        site.start()
    opened_pair.reset()
    yield World(Live(opened_pair))
    opened_pair.clear_faults()


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "journal.jsonl"


def drilled(
    world: World, path: pathlib.Path, **more: Any
) -> tuple[int, list[Event]]:
    given = {"network_mapping": NETWORKS, "tools": world.tools(), **more}
    found = list(drill.run(world.live.sites(), WEB, journal=path, **given))
    return code_of(found), found


def code_of(found: list[Event]) -> int:
    codes = [o.fields["code"] for o in found if isinstance(o, events.RunEnded)]
    return int(codes[-1])


def uncleaned(world: World, name: str = WEB) -> list[Any]:
    group = world.live.group(name)
    return list(world.live.client().metadata.get(group)["tests"])


def only(path: pathlib.Path) -> Any:
    (group,) = plan_parts.fold(path).groups.values()
    return group


def test_a_drill_ends_clean(world: World, path: pathlib.Path) -> None:
    code, found = drilled(
        world,
        path,
        verify=[[sys.executable, "-c", VERIFY]],
        tools=world.tools(run_hook=hooks.run),
    )
    group = only(path)
    assert (code, group.why) == (0, None)
    assert group.drill.result == "removed"
    assert uncleaned(world) == []
    made = record.of_journal(world.live.sites(), path)
    (one,) = made.groups
    assert made.verdict == one.verdict == "passed"
    assert {each.member for each in one.instances} == {
        "web-1",
        "web-2",
        "web-3",
    }
    assert all(each.source_id and each.target_id for each in one.instances)
    assert one.rto.operation_seconds is not None
    assert one.rto.active_seconds is not None
    assert one.rpo.age_seconds is not None
    assert one.rpo.objective_seconds == 900.0
    assert [each.type for each in one.operations] == [
        "test_failover",
        "test_cleanup",
    ]
    assert {each.name for each in one.checks} > {"reachable", "networks"}
    (past,) = history.look(world.live.sites()).drills
    assert (past.result, past.is_clean) == ("pass", True)
    assert past.run_id == made.id


def test_an_isolated_drill_has_networks_of_its_own(
    world: World, path: pathlib.Path
) -> None:
    seen: list[Any] = []
    look = world.tools().look

    def watch(*given: Any, **more: Any) -> Any:
        pair = world.live.sites()
        seen.extend(pair.secondary.finder.every_network())
        # never a candidate of a mapping
        assert pair.secondary.finder.networks() == before
        with pytest.raises(exceptions.NotFound):
            pair.secondary.finder.network(seen[-1]["name"])
        return look(*given, **more)

    before = world.live.sites().secondary.finder.networks()
    code, _ = drilled(
        world,
        path,
        network_mapping=None,
        isolated=True,
        tools=world.tools(look=watch),
    )
    group = only(path)
    assert (code, group.why) == (0, None)
    (made,) = [one for one in seen if one["name"].startswith("drill-")]
    assert made["name"] == f"drill-{group.operation_id}-1"
    assert made["tags"] == [f"protector-drill={group.operation_id}"]
    assert not made["shared"]
    assert world.live.sites().secondary.finder.every_network() == before


@pytest.mark.parametrize("step", ["create_test_instances", "record_test"])
def test_an_isolated_test_that_fails_leaves_no_network(
    world: World, path: pathlib.Path, step: str
) -> None:
    world.live.pair.fault("step", match=step)
    code, _ = drilled(world, path, network_mapping=None, isolated=True)
    assert code == 10
    names = [
        one["name"]
        for one in world.live.sites().secondary.finder.every_network()
    ]
    assert not [one for one in names if one.startswith("drill-")]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"probes": ["tcp:443"]}, "console=TEXT or --verify-command"),
        ({"network_mapping": NETWORKS}, "does not go with --isolated"),
    ],
)
def test_what_does_not_go_with_isolated(
    world: World, path: pathlib.Path, more: dict[str, Any], said: str
) -> None:
    given = {"network_mapping": None, "isolated": True, **more}
    with pytest.raises(exceptions.UsageProblem, match=said):
        drilled(world, path, **given)
    assert not path.exists()


def test_somebody_elses_test_stays(world: World, path: pathlib.Path) -> None:
    started = world.live.sites().test_failover(
        WEB, network_mapping=NETWORKS, retain_primary=True
    )
    operation = world.live.finish(started.operation)
    code, _ = drilled(world, path)
    assert code == 3
    assert operation.id in only(path).why
    assert [one["operation_id"] for one in uncleaned(world)] == [operation.id]


@pytest.mark.parametrize("keep", [False, True])
def test_a_command_that_judges_it_badly(
    world: World, path: pathlib.Path, keep: bool
) -> None:
    def judge(*given: Any, **more: Any) -> hooks.Result:
        return hooks.Result(7, "no rows", 0.1, "check ended with 7")

    code, _ = drilled(
        world,
        path,
        verify=[["check"]],
        keep_on_failure=keep,
        tools=world.tools(run_hook=judge),
    )
    assert code == 3
    assert only(path).why == "verify: check ended with 7"
    assert len(uncleaned(world)) == keep
    made = record.of_journal(world.live.sites(), path)
    assert made.verdict == "failed"


@pytest.mark.parametrize("place", ["started", "moved", "examining", "probed"])
def test_an_interruption_removes_the_test(
    world: World, path: pathlib.Path, place: str
) -> None:
    seen: list[str] = []
    tools = world.tools(interrupted=lambda: place in seen)
    flow = drill.run(
        world.live.sites(),
        WEB,
        network_mapping=NETWORKS,
        journal=path,
        tools=tools,
    )
    found = []
    for event in flow:
        seen.append(event.name)
        found.append(event)
    assert code_of(found) == 130
    assert only(path).drill.result == "removed"
    assert uncleaned(world) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, None])
def test_who_listens_no_longer_leaves_nothing(
    world: World, path: pathlib.Path, error: type[BaseException] | None
) -> None:
    """Ctrl-C without a handler, and an iterator that is closed."""

    def break_off(*given: Any, **more: Any) -> Any:
        assert error is not None
        raise error

    more = {} if error is None else {"look": break_off}
    flow: Any = drill.run(
        world.live.sites(),
        WEB,
        network_mapping=NETWORKS,
        journal=path,
        tools=world.tools(**more),
    )
    if error is None:
        next(one for one in flow if one.name == "moved")
        flow.close()
    else:
        with pytest.raises(error):
            list(flow)
    assert only(path).drill.result == "removed"
    assert uncleaned(world) == []


def test_a_clean_up_that_fails_is_tried_again(
    world: World, path: pathlib.Path
) -> None:
    world.live.pair.fault("step", match="unmanage_test_volumes", times=1)
    code, found = drilled(world, path)
    assert code == 0
    assert only(path).drill.attempt == 2
    assert [one.name for one in found].count("clean-failed") == 1
    assert uncleaned(world) == []


def test_a_test_that_cannot_be_removed_is_named(
    world: World, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "CLEAN_UP_PATIENCE", 1.0)
    fault = world.live.pair.fault("step", match="unmanage_test_volumes")
    code, _ = drilled(world, path)
    assert code == 11
    assert only(path).drill.result == "failed"
    (one,) = record.of_journal(world.live.sites(), path).groups
    assert one.clean_up is not None
    assert not one.clean_up.is_clean
    assert one.verdict == "failed"
    # the next resume goes on with it
    world.live.pair.clear_faults(fault)
    sites, tools = world.live.sites(), world.tools()
    assert code_of(list(drill.resume(sites, path, tools=tools))) == 0
    assert uncleaned(world) == []


# A timer

PLAN = """\
name: city
mappings:
  networks: {net-primary-web: net-secondary-web,
             net-primary-db: net-secondary-db}
  flavors: {db.big: db.large}
waves:
- {name: one, groups: [prod-db]}
- {name: two, groups: [prod-web-app], critical: false}
"""


class Timer:
    """A timer of a plan in a world."""

    def __init__(self, world: World, folder: pathlib.Path) -> None:
        self.world, self.folder = world, JournalFolder(folder)
        self.plan = load.parse(PLAN)

    def step(self, **more: Any) -> list[Event]:
        return list(
            next_drill.take(
                self.world.live.sites(),
                self.plan,
                TimerOptions(90 * 86400.0, DrillOptions(fidelity=False)),
                window=next_drill.window_of(self.plan, more.get("window")),
                max_duration=3600.0,
                folder=self.folder,
                tools=self.world.tools,
                now=self.world.now,
            )
        )

    def idle(self, **more: Any) -> str:
        (found,) = self.step(**more)
        assert found.name == "idle"
        return str(found.fields["why"])


@pytest.fixture
def timer(world: World, tmp_path: pathlib.Path) -> Timer:
    return Timer(world, tmp_path / "timer")


def chosen(found: list[Event]) -> str:
    return str(
        next(one for one in found if one.name == "chosen").fields["group"]
    )


def test_a_timer_goes_through_the_plan(timer: Timer) -> None:
    first, second = timer.step(), timer.step()
    assert [chosen(first), chosen(second)] == ["prod-db", WEB]
    assert (code_of(first), code_of(second)) == (0, 0)
    assert timer.idle() == "no drill is due"
    timer.world.live.pair.advance(46 * 86400.0)
    assert chosen(timer.step()) == "prod-db"


def test_a_timer_does_nothing_beside_anything_else(
    timer: Timer, world: World
) -> None:
    now = world.now()
    closed = [now + datetime.timedelta(hours=n) for n in (2, 3)]
    window = "-".join(one.strftime("%H:00") for one in closed)
    assert "in the window" in timer.idle(window=window)
    with timer.folder.locked():
        assert timer.idle() == "another timer of this plan is at work"
    world.live.pair.site("b").stop()
    assert "site-b" in timer.idle()
    world.live.pair.site("b").start()
    started = world.live.sites().sync_volumes("prod-db")
    assert started.operation.id in timer.idle()
    world.live.finish(started.operation)
    world.live.failed_over()
    assert timer.idle() == f"group {WEB} is failed_over"
    assert timer.folder.entries() == []


def test_a_timer_removes_what_a_drill_has_left(
    timer: Timer, world: World
) -> None:
    with world.mortal():
        world.deaths.left = 24
        with pytest.raises(plan_parts.Killed):
            timer.step()
    assert len(uncleaned(world, "prod-db")) == 1
    assert "the test of a drill of prod-db" in timer.idle()
    world.live.pair.advance(3700.0)
    found = timer.step()
    assert chosen(found) == "prod-db"
    assert uncleaned(world, "prod-db") == []
    # its journal may be on another machine
    with world.mortal():
        world.deaths.left = 24
        with pytest.raises(plan_parts.Killed):
            timer.step()
    for entry in timer.folder.entries():
        entry.path.unlink()
    world.live.pair.advance(3700.0)
    assert chosen(timer.step()) == WEB
    assert uncleaned(world) == []


def test_a_timer_leaves_a_fifth_of_each_quota(
    timer: Timer, world: World
) -> None:
    session = world.live.pair.session("site-b-admin")
    answer = session.put(
        f"/os-quota-sets/{world.live.client('site-b').project_id}",
        endpoint_filter={"service_type": "compute"},
        json={"quota_set": {"instances": 2}},
    )
    assert answer.status_code == 200
    why = timer.idle()
    assert why.startswith("there is no room for a drill: prod-db: instances")
    assert timer.folder.entries() == []
