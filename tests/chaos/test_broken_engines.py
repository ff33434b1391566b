"""Engines that are broken on purpose: the runs have to notice.

Each breakage is a mistake that such an engine could really have.
"""

import itertools

import pytest

from fakeserver.engine import outcome, undo
from fakeserver.engine.executor import Executor
from fakeserver.engine.steps import instances, volumes
from fakeserver.engine.work import Stopping, Work
from fakeserver.ids import derived_name
from fakeserver.store import effects
from tests.chaos.driver import Story
from tests.chaos.invariants import check

#: how many runs it may take until one notices
RUNS = 60


def checkpoint_after(patch: pytest.MonkeyPatch) -> None:
    """A deed is written down when it is done, and not before."""

    def effect(self, kind, key, doc, deed):
        db = self.site.db
        found = effects.find(db, self.operation.id, kind, key)
        if found is not None:
            return found.doc
        if self.stop.is_set():
            raise Stopping
        made = deed() or {}
        self.inside()
        done = {**doc, **made}
        with db.transaction() as tx:
            effects.intend(tx, self.operation.id, kind, key, done)
            effects.mark(tx, self.operation.id, kind, key, "done", done)
        self.deeds += 1
        return done

    patch.setattr(Work, "effect", effect)
    patch.setattr(Work, "intend", lambda self, kind, items: None)
    patch.setattr(Work, "made", lambda self, kind, key, id_: None)


def forward_rollback(patch: pytest.MonkeyPatch) -> None:
    """A rollback that begins with what was done first."""
    patch.setattr(undo, "reversed", iter, raising=False)


def another_each_time(patch: pytest.MonkeyPatch) -> None:
    """A repeated create has another name than its first try."""
    numbers = itertools.count()
    plan = volumes.planned_volumes
    names: dict[str, str] = {}

    def planned(work):
        done = [e.key for e in work.effects() if e.state == "done"]
        found = plan(work)
        for one in found:
            derived = one["array_name"]
            kept = [key for key in done if key.startswith(derived)]
            one["array_name"] = (*kept, f"{derived}-{next(numbers)}")[0]
            names[derived] = one["array_name"]
        return found

    def named(operation_id, source_id):
        derived = derived_name(operation_id, source_id)
        return names.get(derived, derived)

    for module in (volumes, outcome):
        patch.setattr(module, "planned_volumes", planned)
    patch.setattr(instances, "derived_name", named)


def no_undo_of_stops(patch: pytest.MonkeyPatch) -> None:
    """A rollback that forgets to start what it had stopped."""
    patch.setitem(
        undo.UNDO, "stop", undo.Undoing(lambda work, effect: None, "")
    )


def blind_resume(patch: pytest.MonkeyPatch) -> None:
    """A resume that does not ask whether the peer has moved on."""
    patch.setattr(Executor, "_ask_superseded", lambda self, work: None)


def silent_leftovers(patch: pytest.MonkeyPatch) -> None:
    """A rollback that gives up, and says nothing of what is left."""
    patch.setattr(
        undo,
        "_named",
        lambda work, effect, why: {
            "kind": "",
            "id": "",
            "name": "",
            "site": "",
            "why": why,
        },
    )


MAKERS = {
    "failover",
    "failback",
    "failback-reversed",
    "failover-again",
    "test",
    "test-stopped",
    "forced",
    "forced-back",
}


def crash_and_go_on(story: Story) -> bool:
    return story.action in MAKERS and [b.kind for b in story.blows] == [
        "crash"
    ]


def crash_and_roll_back(story: Story) -> bool:
    first, *more = [blow.kind for blow in story.blows]
    return (
        story.action in MAKERS
        and first == "crash"
        and more in (["step"], ["partition-long"])
    )


def roll_back(story: Story) -> bool:
    return story.action in MAKERS and "step" in story.kinds


def give_up(story: Story) -> bool:
    return bool(story.kinds & {"partition-hours", "cinder-403"})


def forced_meanwhile(story: Story) -> bool:
    return story.forces


#: a mistake -> the stories in which it can show at all
BREAKAGES = {
    checkpoint_after: crash_and_roll_back,
    forward_rollback: roll_back,
    another_each_time: crash_and_go_on,
    no_undo_of_stops: roll_back,
    blind_resume: forced_meanwhile,
    silent_leftovers: give_up,
}


def noticed(seed: int, told) -> list[str]:
    try:
        return check(told(Story.of(seed)))
    except Exception as error:
        # an engine, or a check, that falls over it is a notice as well
        return [repr(error)]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "breakage", BREAKAGES, ids=lambda breakage: breakage.__name__
)
def test_a_broken_engine_is_caught(breakage, told, monkeypatch):
    fits = BREAKAGES[breakage]
    seeds = (seed for seed in itertools.count() if fits(Story.of(seed)))
    breakage(monkeypatch)
    for seed in itertools.islice(seeds, RUNS):
        if noticed(seed, told):
            return
    pytest.fail(f"not noticed in {RUNS} runs")
