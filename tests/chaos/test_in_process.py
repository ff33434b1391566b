"""Two hundred seeded runs, each with a crash or a fault somewhere in it."""

import functools
import os
import pathlib

import pytest

from fakeserver.harness import LocalPair
from fakeserver.storage.arrays import Arrays
from tests.chaos.driver import STORIES, Run, Story
from tests.chaos.invariants import check

#: more of them with PROTECTOR_CHAOS_RUNS=2000, or one by its number
RUNS = int(os.environ.get("CHAOS_RUNS", "200"))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A seeded pair on disk: copying it is quicker than seeding it."""
    made = tmp_path_factory.mktemp("template") / "pair"
    LocalPair(made, seed=1).close()
    return made


@pytest.fixture
def told(template, tmp_path, monkeypatch):
    """Tells a story to its end; what is destroyed is looked at."""
    opened = []

    def tell(story: Story) -> Run:
        run = Run(story, tmp_path / f"run-{len(opened)}", template)
        run.destroyed = []
        opened.append(run)
        _guard_writes(monkeypatch, run)
        run.tell(_length(story.action, template, tmp_path))
        return run

    yield tell
    for run in opened:
        run.close()


_LENGTHS: dict[str, int] = {}


def _length(action, template, tmp_path) -> int:
    """How many moments an action has when nothing goes wrong."""
    if action not in _LENGTHS:
        story = Story(-1, action, "none", 0.0, ("site-a", "site-b"))
        run = Run(story, tmp_path / "counted", template)
        try:
            for earlier in STORIES[action]:
                run.do(earlier)
            run._lose("site-a", action)
            run.moments.count = 0
            run.do(action)
            _LENGTHS[action] = run.moments.count
        finally:
            run.close()
    return _LENGTHS[action]


def _guard_writes(monkeypatch, run) -> None:
    """Notice when the only copy of a write is deleted."""
    delete = Arrays.delete_volume

    @functools.wraps(delete)
    def guarded(self, array, name):
        live = {
            volume["array_name"]
            for site in run.pair.sites.values()
            if site.running
            for volume in _current_volumes(site.parts, run.operator.id)
        }
        if name in live and not self.covered(array, name):
            run.destroyed.append(f"{name} on {array}")
        delete(self, array, name)

    monkeypatch.setattr(Arrays, "delete_volume", guarded)


def _current_volumes(parts, group_id):
    from fakeserver.store import groups

    doc = groups.find(parts.db, group_id).doc
    for member in doc["members"]:
        for entry in member["sites"].values():
            yield from entry["volumes"]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_nothing_is_lost_and_nothing_done_twice(seed, told):
    story = Story.of(seed)
    run = told(story)
    problems = check(run)
    assert not problems, "\n".join(
        [
            f"replay: CHAOS_FIRST={seed} CHAOS_RUNS=1 pytest {__file__}",
            f"{story}, struck at {run.moments.struck}",
            *run.log,
            *problems,
        ]
    )
