"""Runs of plans over two live sites: order, failures, gates, resume."""

import collections
import datetime
import errno
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.exit_codes import code_for
from protectorclient.plan.execution import history, hooks, orders
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.events import Event, RunEnded
from protectorclient.plan.execution.journal import JournalNotWritten
from protectorclient.plan.execution.state import GroupStatus
from protectorclient.plan.file import load
from protectorclient.plan.file.problem import PlanProblem
from tests.helpers import plan_parts
from tests.helpers.library_parts import Live, opened
from tests.helpers.plan_parts import World

MAPPINGS = """\
mappings:
  networks: {net-primary-web: net-secondary-web,
             net-primary-db: net-secondary-db}
  flavors: {db.big: db.large}
"""


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened(scenario="fleet", groups=4)


@pytest.fixture
def world(opened_pair: LocalPair) -> Iterator[World]:
    for site in opened_pair.sites.values():
        site.start()
    opened_pair.reset()
    yield World(Live(opened_pair))
    opened_pair.clear_faults()


@pytest.fixture
def names(world: World) -> list[str]:
    return [one.name for one in world.live.sites().reads.groups().value]


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "journal.jsonl"


def planned(*waves: str, head: str = "") -> Any:
    """A plan with the mappings that the fleet needs."""
    text = f"name: test\n{MAPPINGS}{head}waves:\n" + "\n".join(waves)
    return load.parse(text)


def ran(events: Iterator[Event]) -> tuple[int, list[Event]]:
    found = list(events)
    assert isinstance(found[-1], RunEnded)
    return found[-1].fields["code"], found


def status(path: pathlib.Path) -> dict[str, str]:
    run = plan_parts.fold(path)
    return {one.name: str(one.status) for one in run.groups.values()}


def fail(world: World, name: str) -> None:
    """Have each operation of a group fail where instances are built."""
    group = world.live.group(name)
    member = next(iter(world.live.client().members.list(group)))
    world.live.pair.fault(
        "step", match=f"recreate_instances/{member.instance_name}"
    )


# Order


def test_waves_go_in_order_and_groups_side_by_side(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, c, d = names
    found = planned(
        f"- {{name: one, groups: [{a}, {b}]}}",
        f"- {{name: two, groups: [{c}, {d}], parallel: 1}}",
    )
    code, events = ran(world.begin(found, path))
    assert code == 0
    assert set(status(path).values()) == {"done"}
    acts = [
        (one.name, one.fields.get("group") or one.fields.get("wave"))
        for one in events
        if one.name in ("started", "group-ended", "wave-began", "wave-ended")
    ]
    ids = {one.name: one.id for one in plan_parts.fold(path).groups.values()}
    places = [acts.index(("started", ids[name])) for name in names]
    assert places == sorted(places)
    # both run before either has ended; of the second wave one at a time
    assert acts.index(("group-ended", ids[a])) > places[1]
    assert acts.index(("group-ended", ids[c])) < places[3]
    assert acts.index(("wave-ended", "one")) < acts.index(
        ("wave-began", "two")
    )


def test_groups_of_a_wave_share_what_is_not_theirs(
    world: World,
    names: list[str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More groups ask more about groups and operations, and of nothing
    else: each site is asked once a wave for what it has, or for a group
    alone for what concerns it."""
    ids = [world.live.group(name).id for name in names]
    asked: list[str] = []
    send = requests.Session.request

    def counted(session: Any, method: str, url: str, **given: Any) -> Any:
        asked.append(f"{method} {url} {given.get('params')}")
        return send(session, method, url, **given)

    monkeypatch.setattr(requests.Session, "request", counted)
    shared = []
    for number, part in enumerate((names[:1], names[1:])):
        asked.clear()
        found = planned(f"- {{name: one, groups: [{', '.join(part)}]}}")
        events = world.begin(found, tmp_path / f"{number}.jsonl")
        assert ran(events)[0] == 0
        # the health of one group alone is a question about it
        about = (*ids, "op-", "/health")
        shared.append(
            collections.Counter(
                one for one in asked if not any(it in one for it in about)
            )
        )
    for question, times in shared[1].items():
        assert times <= max(1, shared[0][question]), question
    assert shared[1].total() <= shared[0].total()
    networks = [n for one, n in shared[0].items() if "v2.0/networks" in one]
    assert networks == [1, 1]


@pytest.mark.parametrize("by", ["name", "id", "pattern"])
def test_a_group_waits_for_those_that_it_needs(
    world: World, names: list[str], path: pathlib.Path, by: str
) -> None:
    a, b, *_ = names
    identity = world.live.group(b).id
    need, entry = {
        "name": (b, b),
        "id": (identity, identity),
        "pattern": ("'*-0001'", "'app-000[1]'"),
    }[by]
    found = planned(
        f"- {{name: one, groups: [{{name: {a}, needs: [{need}]}}, {entry}]}}"
    )
    code, events = ran(world.begin(found, path))
    assert code == 0
    groups = plan_parts.fold(path).groups
    order = [
        groups[one.fields["group"]].name
        for one in events
        if one.name in ("started", "group-ended")
    ]
    assert order == [b, b, a, a]


def test_patterns_and_what_fits_none(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    code, _ = ran(world.begin(planned("- {name: all, groups: ['*']}"), path))
    assert code == 0
    assert set(status(path)) == set(names)
    with pytest.raises(PlanProblem) as caught:
        found = planned("- {name: all, groups: ['nothing-*', nobody]}")
        next(world.begin(found, path.with_name("other")))
    assert len(caught.value.problems) == 2
    assert code_for(caught.value) == 3
    assert "the plan, line 7, column 24: wave 'all': no " in str(caught.value)
    with pytest.raises(PlanProblem) as caught:
        found = planned(
            f"- {{name: all, groups: ['*-0001', {{name: {names[0]},"
            " needs: [app-9]}, 'app-[5-9]']}"
        )
        next(world.begin(found, path.with_name("other")))
    assert "needs 'app-9', and the plan has" in caught.value.problems[1]
    with pytest.raises(PlanProblem, match="is in two waves"):
        found = planned(
            "- {name: all, groups: ['*']}",
            f"- {{name: again, groups: [{names[0]}]}}",
        )
        next(world.begin(found, path.with_name("other")))
    assert not path.with_name("other").exists()


# Failures


@pytest.mark.parametrize(
    ("on_failure", "left"), [("stop", "waiting"), ("continue", "done")]
)
def test_a_critical_group_that_fails(
    world: World,
    names: list[str],
    path: pathlib.Path,
    on_failure: str,
    left: str,
) -> None:
    a, b, *_ = names
    fail(world, a)
    found = planned(
        f"- {{name: one, groups: [{a}]}}",
        f"- {{name: two, groups: [{b}]}}",
        head=f"on_failure: {on_failure}\n",
    )
    assert ran(world.begin(found, path))[0] == 14
    assert status(path) == {a: "failed", b: left}
    run = plan_parts.fold(path)
    failed = next(one for one in run.groups.values() if one.name == a)
    assert failed.why is not None
    assert "failed and was rolled back" in failed.why
    assert failed.code == 10


def test_one_group_alone_gives_its_own_exit_status(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    fail(world, names[0])
    found = planned(f"- {{name: one, groups: [{names[0]}]}}")
    assert ran(world.begin(found, path))[0] == 10


def test_an_optional_group_stops_nothing(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    fail(world, a)
    found = planned(
        f"- {{name: one, groups: [{{name: {a}, critical: false}}]}}",
        f"- {{name: two, groups: [{b}]}}",
    )
    assert ran(world.begin(found, path))[0] == 14
    assert status(path) == {a: "failed", b: "done"}


def test_rollback_goes_back_in_reverse_order(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, c, _ = names
    fail(world, c)
    found = planned(
        f"- {{name: one, groups: [{a}]}}",
        f"- {{name: two, groups: [{b}], gate: {{question: 'Go on?'}}}}",
        f"- {{name: three, groups: [{c}]}}",
        head="on_failure: rollback\n",
    )
    code, events = ran(world.begin(found, path))
    assert code == 14
    groups = plan_parts.fold(path).groups
    back = [
        (groups[one.fields["group"]].name, one.fields["result"])
        for one in events
        if one.name == "rolled-back"
    ]
    assert back == [(b, "completed"), (a, "completed")]
    # a wave that had passed a gate is asked about once more
    assert world.asked == {"two": 1, "two, rollback": 1}
    assert status(path) == {a: "moved back", b: "moved back", c: "failed"}
    assert {one.status for one in world.live.sites().reads.groups().value} == {
        "active"
    }
    # all of it once more
    world.live.pair.clear_faults()
    for name in (a, b, c):
        order(path, "retry", name)
    assert ran(world.resume(path))[0] == 0
    assert set(status(path).values()) == {"done"}


def test_rollback_has_no_unplanned_form(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    found = planned(
        f"- {{name: one, groups: [{names[0]}]}}", head="on_failure: rollback\n"
    )
    with pytest.raises(PlanProblem, match="rollback") as caught:
        next(world.begin(found, path, unplanned=True))
    assert code_for(caught.value) == 3
    assert not path.exists()


def test_what_blocks_is_found_before_the_wave(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    world.live.client().policies.delete(world.live.group(b))
    found = planned(
        f"- {{name: one, groups: [{a}]}}", f"- {{name: two, groups: [{b}]}}"
    )
    code, _ = ran(world.begin(found, path))
    assert code == 3
    assert status(path) == {a: "done", b: "waiting"}
    assert "policy" in (plan_parts.fold(path).stop or ("", 0))[0]


# Gates and time


@pytest.mark.parametrize(("then", "code"), [("stop", 13), ("continue", 0)])
def test_a_gate_that_nobody_answers(
    world: World, names: list[str], path: pathlib.Path, then: str, code: int
) -> None:
    found = planned(
        f"- {{name: one, groups: [{names[0]}], gate: {{question: 'Go?',"
        f" timeout: 30s, then: {then}}}}}"
    )
    tools = world.tools(ask=lambda wave, gate: None)
    journal = path
    events = world.begin(found, journal, tools=tools, now=world.now)
    assert ran(events)[0] == code


def test_a_gate_that_is_refused_and_asked_again(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    found = planned(
        f"- {{name: one, groups: [{names[0]}], gate: {{question: 'Go?'}}}}"
    )
    tools = world.tools(ask=lambda wave, gate: False)
    assert ran(world.begin(found, path, tools=tools))[0] == 13
    assert plan_parts.operations(world.live) == {}
    assert ran(world.resume(path))[0] == 0


def test_orders_come_from_another_terminal(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    found = planned(
        f"- {{name: one, groups: [{a}, {b}], gate: {{question: 'Go?'}}}}"
    )
    tools = world.tools(ask=lambda wave, gate: None)
    events = world.begin(found, path, tools=tools)
    for event in events:
        if event.name == "gate-opened":
            break
    with pytest.raises(exceptions.GuardRefused, match="cannot be skipped"):
        orders.subject(moving(path, a), "skip", a)
    order(path, "skip", b, reason="not tonight")
    first, new = order(path, "approve", reason="yes")
    again, second = order(path, "approve", reason="me")
    assert (new, second, again) == (True, False, first)
    assert ran(events)[0] == 14
    assert status(path) == {a: "done", b: "skipped"}
    answer = next(
        entry
        for entry in journals.read(path)
        if entry["event"] == "gate-answered"
    )
    assert (answer["answer"], answer["reason"]) == ("yes", "yes")
    with pytest.raises(exceptions.GuardRefused, match="is done"):
        orders.subject(plan_parts.fold(path), "retry", a)

    # who comes when all is over is told who was first
    done = orders.subject(plan_parts.fold(path), "approve", None).done
    assert f"{first.by} has approved the gate of wave 'one'" in (done or "")
    # a rollback that was approved is another order than the gate
    run = plan_parts.fold(path)
    run.orders_done.add(("approve", "one", 1))
    assert orders.subject(run, "approve", None) == orders.Subject("one", 1)


def order(
    path: pathlib.Path, verb: str, group: str | None = None, reason: str = "x"
) -> tuple[orders.Order, bool]:
    found = orders.subject(plan_parts.fold(path), verb, group)
    assert found.done is None
    return orders.give(
        path, verb, found.id, attempt=found.attempt, reason=reason
    )


def moving(path: pathlib.Path, name: str) -> Any:
    """The state of a run in which a group is on its way."""
    run = plan_parts.fold(path)
    group = next(one for one in run.groups.values() if one.name == name)
    group.status = GroupStatus.RUNNING
    return run


def test_what_nobody_can_order_is_skipped(path: pathlib.Path) -> None:
    good = {
        "verb": "approve",
        "subject": "w",
        "reason": "",
        "by": "",
        "at": "",
    }
    lines = [
        {**good, "attempt": 0},
        {**good, "attempt": "0"},
        {**good, "verb": [], "attempt": 0},
        {**good, "attempt": 0, "more": 1},
        [],
    ]
    file = orders.path_of(path)
    file.write_text("\n".join([*map(json.dumps, lines), "{"]))
    file.chmod(0o600)
    assert [one.attempt for one in orders.read(path)] == [0]
    file.chmod(0o666)
    with pytest.raises(PlanProblem, match="others may write it"):
        list(orders.read(path))


def test_a_group_is_retried_with_an_attempt_of_its_own(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    fail(world, a)
    found = planned(
        f"- {{name: one, groups: [{a}]}}", f"- {{name: two, groups: [{b}]}}"
    )
    assert ran(world.begin(found, path))[0] == 14
    # as it was: the group has failed, and nobody has said what becomes of it
    assert ran(world.resume(path))[0] == 14
    world.live.pair.clear_faults()
    first, _ = order(path, "retry", a, reason="mended")
    assert ran(world.resume(path))[0] == 0
    assert status(path) == {a: "done", b: "done"}
    assert order(path, "retry", a) == (first, False)
    found_operations = plan_parts.operations(world.live)[first.subject]
    assert len({one.request_id for one in found_operations}) == 2


@pytest.mark.parametrize("where", ["group", "wave", "plan"])
def test_a_time_that_is_over_leaves_the_operation(
    world: World, names: list[str], path: pathlib.Path, where: str
) -> None:
    a, b, *_ = names
    limits = dict.fromkeys(("group", "wave", "plan"), "1d") | {where: "5s"}
    found = planned(
        f"- {{name: one, timeout: {limits['wave']},"
        f" groups: [{{name: {a}, timeout: {limits['group']}}}]}}",
        f"- {{name: two, groups: [{b}]}}",
        head=f"timeout: {limits['plan']}\n",
    )

    def sleep(seconds: float) -> None:
        # the engines do nothing meanwhile
        world.live.pair.advance(seconds)

    pace = world.tools().pace
    pace = type(pace)(longest=1.0, clock=pace.clock, sleep=sleep)
    tools = world.tools(pace=pace)
    code, _ = ran(world.begin(found, path, tools=tools, now=world.now))
    assert code == 8
    assert status(path) == {a: "running", b: "waiting"}
    # somebody lets the engines go on, and resumes with the time there is
    world.live.pair.drain()
    if where == "group":
        assert ran(world.resume(path, now=world.now))[0] == 0


# Two sites


def gated(name: str) -> str:
    """A second wave with a gate."""
    return f"- {{name: two, groups: [{name}], gate: {{question: 'Go?'}}}}"


def before_wave(
    world: World, wave: str, happens: Callable[[], object]
) -> None:
    """Have something happen when the gate of a wave is asked."""

    def answer(asked: str) -> bool:
        if asked == wave:
            happens()
        return True

    world.answer = answer


def test_the_primary_returns_in_the_middle_of_an_unplanned_run(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    world.live.pair.site("a").kill()
    found = planned(f"- {{name: one, groups: [{a}]}}", gated(b))
    before_wave(world, "two", world.live.pair.site("a").start)
    assert ran(world.begin(found, path, unplanned=True))[0] == 5
    assert status(path) == {a: "done", b: "waiting"}
    why = (plan_parts.fold(path).stop or ("", 0))[0]
    assert f"Moved to site-b: {a}. Not moved: {b}" in why


def test_the_primary_returns_between_two_groups_of_a_wave(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    """What the groups of a wave share proves nobody dead."""
    a, b, *_ = names
    world.live.pair.site("a").kill()
    found = planned(
        f"- {{name: one, parallel: 1, groups: [{a}, {{name: {b},"
        " hooks: {before: [[back]]}}]}"
    )

    def hook(*_given: object, **_named: object) -> hooks.Result:
        world.live.pair.site("a").start()
        return hooks.Result(0, "", 0.0)

    tools = world.tools(run_hook=hook)
    assert ran(world.begin(found, path, unplanned=True, tools=tools))[0] == 5
    assert status(path) == {a: "done", b: "waiting"}


def test_an_unplanned_run_beside_a_primary_that_answers(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    found = planned(f"- {{name: one, groups: [{names[0]}]}}")
    assert ran(world.begin(found, path, unplanned=True))[0] == 5
    assert plan_parts.operations(world.live) == {}


def test_a_site_that_dies_between_two_waves_of_a_planned_run(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    found = planned(f"- {{name: one, groups: [{a}]}}", gated(b))
    before_wave(world, "two", world.live.pair.site("a").kill)
    assert ran(world.begin(found, path))[0] == 3
    assert status(path) == {a: "done", b: "waiting"}
    world.live.pair.site("a").start()
    assert ran(world.resume(path))[0] == 0
    assert set(status(path).values()) == {"done"}


@pytest.mark.parametrize("ahead", [0, 3600], ids=["right", "ahead"])
def test_what_somebody_else_has_done_stops_a_resume(
    world: World, names: list[str], path: pathlib.Path, ahead: int
) -> None:
    """However wrong this machine's clock is, and though the sites have no
    operations when the run begins."""

    def now() -> datetime.datetime:
        return journals.utc_now() + datetime.timedelta(seconds=ahead)

    a, b, *_ = names
    found = planned(
        f"- {{name: one, groups: [{a}]}}",
        f"- {{name: two, groups: [{b}], gate: {{question: 'Go?'}}}}",
    )
    refuse = world.tools(ask=lambda wave, gate: False)
    assert ran(world.begin(found, path, tools=refuse, now=now))[0] == 13
    world.live.pair.advance(5)
    mapping = found.mappings
    started = world.live.sites().failover(
        b, mapping_file=mapping, reason="by hand"
    )
    world.live.finish(started.operation)
    with pytest.raises(exceptions.GuardRefused, match="reason: by hand"):
        next(world.resume(path))
    assert ran(world.resume(path, adopt=True))[0] == 0
    assert status(path) == {a: "done", b: "done"}
    assert len(plan_parts.operations(world.live)) == 2


@pytest.mark.parametrize("ahead", [0, 86400], ids=["right", "ahead"])
def test_what_a_silent_site_began_is_new_by_its_own_clock(
    world: World, names: list[str], path: pathlib.Path, ahead: int
) -> None:
    """The journal has no mark of a site that did not answer."""
    group = names[0]
    found = planned(gated(group))
    pair = world.live.pair
    pair.advance(ahead)

    def by_hand() -> str:
        started = world.live.sites().test_failover(
            group, mapping_file=found.mappings
        )
        world.live.finish(started.operation)
        return str(started.operation.id)

    def strange() -> list[str]:
        sites = world.live.sites()
        ids = sites.locate(group).site_ids
        seen = history.look(sites, ids, unplanned=False)
        return [one.operation.id for one in seen.strange(state)]

    by_hand()
    world.live.finish(world.live.sites().test_cleanup(group).operation)
    pair.advance(60)
    refuse = world.tools(ask=lambda wave, gate: False)
    assert ran(world.begin(found, path, tools=refuse))[0] == 13
    state = plan_parts.fold(path)
    state.horizon = {}
    assert strange() == []
    pair.advance(60)
    begun = by_hand()
    assert strange() == [begun]


# The journal


def test_a_full_disk_begins_nothing(
    world: World,
    names: list[str],
    path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b, *_ = names
    a, b, *_ = names
    found = planned(f"- {{name: one, groups: [{a}]}}", gated(b))
    write = os.write
    full: list[bool] = []

    def limited(handle: int, data: bytes) -> int:
        if full and b'"event"' in data:
            return write(handle, data[:9])
        return write(handle, data)

    monkeypatch.setattr(journals.os, "write", limited)
    before_wave(world, "two", lambda: full.append(True))
    with pytest.raises(JournalNotWritten, match=os.strerror(errno.ENOSPC)):
        list(world.begin(found, path))
    assert len(plan_parts.operations(world.live)) == 1
    world.answer = None
    full.clear()
    assert ran(world.resume(path))[0] == 0
    assert {len(v) for v in plan_parts.operations(world.live).values()} == {1}


def test_one_journal_has_one_runner(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    found = planned(f"- {{name: one, groups: [{names[0]}]}}")
    events = world.begin(found, path)
    next(events)
    with pytest.raises(exceptions.GuardRefused, match=f"pid {os.getpid()}"):
        next(world.resume(path))
    with pytest.raises(exceptions.GuardRefused):
        next(world.begin(found, path))
    assert ran(events)[0] == 0
    with pytest.raises(PlanProblem, match="is there already"):
        next(world.begin(found, path))


def test_a_journal_of_other_sites(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    found = planned(f"- {{name: one, groups: [{names[0]}]}}")
    ran(world.begin(found, path))
    text = path.read_text()
    for site in plan_parts.fold(path).options["sites"]:
        text = text.replace(site, "another")
    path.write_text(text)
    with pytest.raises(PlanProblem, match="is of other sites"):
        next(world.resume(path))
    # also where only one of them is another one
    path.write_text(text.replace("another", "site-a", 1))
    with pytest.raises(PlanProblem, match="is of other sites"):
        next(world.resume(path))


def test_a_changed_plan_in_a_journal_is_refused(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    found = planned(f"- {{name: one, groups: [{names[0]}]}}")
    ran(world.begin(found, path))
    path.write_text(path.read_text().replace("name: one", "name: two", 1))
    with pytest.raises(PlanProblem, match="not the one"):
        next(world.resume(path))


# Hooks


@pytest.mark.parametrize(
    ("unplanned", "on_error", "code"),
    [
        (False, "", 14),
        (False, "warn", 0),
        (True, "", 0),
        (True, "stop", 14),
    ],
)
def test_a_hook_that_fails(
    world: World,
    names: list[str],
    path: pathlib.Path,
    unplanned: bool,
    on_error: str,
    code: int,
) -> None:
    if unplanned:
        world.live.pair.site("a").kill()
    more = f", on_error: {on_error}" if on_error else ""
    found = planned(
        f"- {{name: one, groups: [{names[0]}, {names[1]}], hooks:"
        f" {{before: [{{run: [x]{more}}}]}}}}"
    )
    tools = world.tools(
        run_hook=lambda *_, **__: hooks.Result(1, "", 0.0, "x ended with 1")
    )
    events = world.begin(found, path, tools=tools, unplanned=unplanned)
    assert ran(events)[0] == code
    world.live.pair.site("a").start()
    moved = sum(map(len, plan_parts.operations(world.live).values()))
    assert moved == (2 if code == 0 else 0)


def hooked(world: World, *bad: str) -> Any:
    """Tools whose hooks fail where they are named, the first time."""
    left = list(bad)

    def run(given: Any, document: Any, **_: Any) -> hooks.Result:
        name = given.run[0]
        world.hooked.append(name)
        if name in left:
            left.remove(name)
            return hooks.Result(1, "", 0.0, f"{name} ended with 1")
        return hooks.Result(0, "", 0.0)

    return world.tools(run_hook=run)


@pytest.mark.parametrize(
    ("part", "occasion", "moved"),
    [
        ("plan", "before", 0),
        ("wave", "before", 0),
        ("group", "before", 0),
        ("wave", "after", 1),
        ("plan", "after", 2),
    ],
)
def test_a_hook_that_has_failed_runs_again(
    world: World,
    names: list[str],
    path: pathlib.Path,
    part: str,
    occasion: str,
    moved: int,
) -> None:
    a, b, *_ = names
    hook = f"hooks: {{{occasion}: [[bad], [good]]}}"
    group = f"{{name: {a}, {hook}}}" if part == "group" else a
    wave = f", {hook}" if part == "wave" else ""
    found = planned(
        f"- {{name: one, groups: [{group}]{wave}}}",
        f"- {{name: two, groups: [{b}]}}",
        head=f"{hook}\n" if part == "plan" else "",
    )
    tools = hooked(world, "bad")
    assert ran(world.begin(found, path, tools=tools))[0] == 14
    assert len(plan_parts.operations(world.live)) == moved
    assert world.hooked == ["bad"]
    assert ran(world.resume(path, tools=tools))[0] == 0
    assert world.hooked == ["bad", "bad", "good"]
    assert set(status(path).values()) == {"done"}


def test_what_follows_a_move_is_repeated_without_the_move(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    found = planned(
        f"- {{name: one, groups: [{{name: {a}, hooks: {{after: [[bad]]}},"
        " probes: ['tcp:443']}]}",
        f"- {{name: two, groups: [{b}]}}",
    )
    passes = [False, True, True]
    tools = hooked(world, "bad")
    tools.probe = lambda *_: [{"passed": passes.pop(0)}]
    assert ran(world.begin(found, path, tools=tools))[0] == 14
    for code in (14, 0):
        order(path, "retry", a)
        assert ran(world.resume(path, tools=tools))[0] == code
    assert world.hooked == ["bad", "bad"]
    assert {len(v) for v in plan_parts.operations(world.live).values()} == {1}
    assert set(status(path).values()) == {"done"}


@pytest.mark.parametrize("part", ["wave", "group"])
def test_the_hook_of_what_is_optional_stops_nothing(
    world: World, names: list[str], path: pathlib.Path, part: str
) -> None:
    a, b, *_ = names
    hook = "critical: false, hooks: {before: [[bad]]}"
    group = f"{{name: {a}, {hook}}}" if part == "group" else a
    wave = f", {hook}" if part == "wave" else ""
    found = planned(
        f"- {{name: one, groups: [{group}]{wave}}}",
        f"- {{name: two, groups: [{b}]}}",
    )
    tools = hooked(world, "bad")
    assert ran(world.begin(found, path, tools=tools))[0] == 14
    assert status(path)[a] in ("failed", "skipped")
    assert status(path)[b] == "done"


def test_a_group_that_is_skipped_while_its_hook_runs(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    found = planned(
        f"- {{name: one, groups: [{{name: {a}, hooks: {{before: [[slow]]}}}},"
        f" {b}]}}",
    )

    def slow(*_: Any, **__: Any) -> hooks.Result:
        order(path, "skip", a)
        world.live.pair.advance(1)
        return hooks.Result(0, "", 0.0)

    class Later(plan_parts.InlinePool):
        """Is done at the next look but one."""

        def submit(self, work: Any) -> Any:
            task = super().submit(work)
            looks = iter([False, False])
            over = task.is_over
            task.is_over = lambda: next(looks, over())  # type: ignore
            return task

    tools = world.tools(run_hook=slow, pool=Later())
    code, _ = ran(world.begin(found, path, tools=tools))
    assert (code, status(path)) == (14, {a: "skipped", b: "done"})
    assert len(plan_parts.operations(world.live)) == 1
    assert plan_parts.fold(path).stop is None


def test_a_drill_is_another_use_of_the_plan(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    a, b, *_ = names
    found = planned(
        f"- {{name: one, groups: [{a}], only: drill}}",
        f"- {{name: two, groups: [{b}], only: real}}",
    )
    code, _ = ran(world.begin(found, path, action="test_failover"))
    assert code == 0
    assert status(path) == {a: "done"}
    assert len(plan_parts.operations(world.live, "test_failover")) == 1


# Probes


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 14)])
def test_a_wave_is_over_when_its_applications_answer(
    world: World,
    names: list[str],
    path: pathlib.Path,
    passed: bool,
    code: int,
) -> None:
    a, b, *_ = names
    found = planned(
        f"- {{name: one, groups: [{a}], probes: ['tcp:443']}}",
        f"- {{name: two, groups: [{b}]}}",
    )
    asked: list[Any] = []

    def probe(pair: Any, group: Any, record: Any, wanted: Any) -> list[Any]:
        asked.append((group.name, record.status, tuple(wanted)))
        return [{"passed": passed}]

    tools = world.tools(probe=probe)
    assert ran(world.begin(found, path, tools=tools))[0] == code
    assert asked == [(a, "completed", ("tcp:443",))]
    assert status(path) == {
        a: "done" if passed else "failed",
        b: "done" if passed else "waiting",
    }
    # the operation itself stands
    assert world.live.group(a).status == "failed_over"


def test_instances_that_nobody_reaches_fail_their_probe(
    world: World, names: list[str], path: pathlib.Path
) -> None:
    from protectorclient.plan.execution import probing

    found = planned(f"- {{name: one, groups: [{names[0]}]}}")
    assert ran(world.begin(found, path))[0] == 0
    (group,) = plan_parts.fold(path).groups.values()
    results = probing.probe(
        world.live.sites(), group, None, ["nobody-*=console=ready"]
    )
    assert results == [
        {
            "passed": False,
            "probe": "nobody-*=console=ready",
            "detail": "no member fits",
        }
    ]
