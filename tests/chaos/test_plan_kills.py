"""A runner of a plan that is killed again and again: every group moves
once, waves in order, each gate asked once."""

import os
import pathlib
import random
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.plan.execution import journal
from protectorclient.plan.execution.state import GroupStatus
from protectorclient.plan.file import load
from tests.helpers import plan_parts
from tests.helpers.library_parts import Live

#: ``PLAN_SEEDS`` and ``PLAN_GROUPS`` for more of them
SEEDS = int(os.environ.get("PLAN_SEEDS", "2"))
FIRST = int(os.environ.get("PLAN_FIRST", "0"))
GROUPS = int(os.environ.get("PLAN_GROUPS", "4"))
KILLS = int(os.environ.get("PLAN_KILLS", "6"))
WAVES = 4


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[plan_parts.World]:
    with LocalPair(scenario="fleet", groups=GROUPS) as pair:
        yield plan_parts.World(Live(pair))


def text(names: list[str]) -> str:
    """A plan of four waves, with gates and hooks."""
    lines = ["name: chaos", "parallel: 3", "mappings: MAPPINGS", "waves:"]
    for number in range(WAVES):
        lines += [
            f"- name: wave-{number}",
            f"  gate: {{question: 'Wave {number}?'}}",
            f"  hooks: {{before: [[hook-{number}]], after: [[after]]}}",
            "  groups:",
        ]
        lines += [
            f"  - {{name: {name}, hooks: {{before: [[h-{name}]]}}}}"
            for name in names[number::WAVES]
        ]
    mapping = (
        "{networks: {net-primary-web: net-secondary-web, net-primary-db:"
        " net-secondary-db}, flavors: {db.big: db.large}}"
    )
    return "\n".join(lines).replace("MAPPINGS", mapping)


def judge(
    world: plan_parts.World, path: pathlib.Path, names: list[str]
) -> None:
    """Every group moved by one operation, in the order of the waves, and
    each gate was asked once."""
    run = plan_parts.fold(path)
    standings = {one.name: one.status for one in run.groups.values()}
    assert standings == dict.fromkeys(names, GroupStatus.DONE)
    assert run.ended_at is not None
    found = plan_parts.operations(world.live)
    assert {group: len(every) for group, every in found.items()} == (
        dict.fromkeys(run.groups, 1)
    )
    began: dict[str, list[object]] = {}
    ended: dict[str, list[object]] = {}
    for group in run.groups.values():
        (one,) = found[group.id]
        assert one.id == group.operation_id
        began.setdefault(group.wave, []).append(one.started_at)
        ended.setdefault(group.wave, []).append(one.completed_at)
    for number in range(1, WAVES):
        before, after = f"wave-{number - 1}", f"wave-{number}"
        assert max(ended[before]) <= min(began[after])  # type: ignore[type-var]
    for event in ("gate-opened", "gate-answered", "wave-began"):
        waves = [
            entry["wave"]
            for entry in journal.read(path)
            if entry["event"] == event
        ]
        assert waves == [f"wave-{n}" for n in range(WAVES)], event


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_runner_that_is_killed(
    world: plan_parts.World, tmp_path: pathlib.Path, seed: int
) -> None:
    names = [one.name for one in world.live.sites().reads.groups().value]
    lives = plan_parts.Lives(
        world,
        load.parse(text(names)),
        tmp_path,
        random.Random(seed),
        KILLS,
        longest=30 if GROUPS >= 40 else 8,
    )
    try:
        lives.run()
        assert len(world.deaths.places) == KILLS
        assert "hook" in world.deaths.places
        assert lives.owner is not None
        for path in (lives.path, lives.owner[0]):
            judge(world, path, names)
        assert {f"hook-{n}" for n in range(WAVES)} <= set(world.hooked)
    finally:
        # the last line of what a failure shows
        print(f"PLAN_FIRST={seed} PLAN_SEEDS=1 make plan-kills")
