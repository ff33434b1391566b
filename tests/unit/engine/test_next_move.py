"""What comes next, for every state an operation can be found in."""

import pytest

from fakeserver.engine.model.next_move import (
    Announce,
    Commit,
    End,
    Progress,
    RollBack,
    RunStep,
    next_move,
    within,
)
from fakeserver.engine.model.plans import PLANS, Step, plan_of

PLAN = (Step("one", 30), Step("two", 100))


def at(status="running", announced=True, committed=False, done=()):
    return Progress(status, announced, committed, done)


@pytest.mark.parametrize(
    ("progress", "move"),
    [
        (at(announced=False), Announce()),
        (at(), RunStep(PLAN[0], 0, last=False)),
        (at(done=("one",)), RunStep(PLAN[1], 30, last=True)),
        (at(done=("one",), committed=True), Commit(PLAN[1])),
        (at(status="rolling_back"), RollBack()),
        (at(status="rolling_back", announced=False), RollBack()),
        (at(status="failed"), End()),
        (at(status="completed", committed=True), End()),
    ],
)
def test_next_move(progress, move):
    assert next_move(PLAN, progress) == move


def test_progress_moves_within_the_band_and_never_down():
    move = RunStep(Step("two", 60), 20, last=False)
    assert within(move, 0.0, 0) == 20
    assert within(move, 0.5, 20) == 40
    assert within(move, 2.0, 20) == 60
    assert within(move, 0.1, 50) == 50


@pytest.mark.parametrize("type_", sorted(PLANS))
def test_every_plan_rises_to_a_hundred(type_):
    ends = [step.end for step in PLANS[type_]]
    assert ends == sorted(set(ends))
    assert ends[-1] == 100


def test_reverse_replication_is_a_step_of_a_failback_that_asks_for_it():
    names = [step.name for step in plan_of("failback", True)]
    assert names[-2:] == [
        "reverse_replication",
        "update_protection_group_state",
    ]
    assert "reverse_replication" not in {
        step.name for step in plan_of("failback", False)
    }
    assert plan_of("failover", True) == PLANS["failover"]
