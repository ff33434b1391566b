"""A drill of many groups whose runner is killed again and again: no test and
no network is left, production goes on, and each verdict is right."""

import collections
import os
import pathlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import evidence
from protectorclient.drill import begin, record
from protectorclient.drill.one_group import Mappings
from protectorclient.evidence.record import Part, Verdict
from protectorclient.plan.execution import hooks
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.drills import comparing
from protectorclient.plan.execution.drills.options import DrillOptions
from protectorclient.plan.file import load
from tests.helpers import plan_parts
from tests.helpers.library_parts import Live

#: ``DRILL_GROUPS`` and ``DRILL_SEEDS`` for more of them
GROUPS = int(os.environ.get("DRILL_GROUPS", "7"))
SEEDS = int(os.environ.get("DRILL_SEEDS", "1"))
KILLS = int(os.environ.get("DRILL_KILLS", "6"))
#: What is planted in a group, and the part of its drill that fails.
PLANTED = {
    "check": Part.CHECK,
    "step": Part.STEP,
    "probe": Part.PROBE,
    "verify": Part.VERIFY,
    "fidelity": Part.FIDELITY,
}


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[plan_parts.World]:
    with LocalPair(scenario="fleet", groups=GROUPS) as pair:
        yield plan_parts.World(Live(pair))


def text(names: list[str], planted: Mapping[str, str]) -> str:
    """A plan of two waves; its groups have what fails."""
    more = {
        "check": "mappings: {flavors: {m1.large: no-such-flavor}}",
        "probe": "probes: ['console=no such text']",
        "verify": "verify: [[fails]]",
    }
    lines = ["name: chaos", "parallel: 4", "waves:"]
    for number in range(2):
        lines += [f"- name: wave-{number}", "  verify: [[passes]]"]
        lines += ["  groups:"]
        for name in names[number::2]:
            kind = more.get(planted.get(name, ""), "critical: true")
            lines.append(f"  - {{name: {name}, {kind}}}")
    return "\n".join(lines)


class Drill:
    """A drill in a world, and what is planted in it."""

    def __init__(self, world: plan_parts.World, folder: pathlib.Path) -> None:
        self.world, self.folder = world, folder
        groups = world.live.sites().reads.groups().value
        self.names = [one.name for one in groups]
        self.planted = dict(zip(self.names, PLANTED, strict=False))
        self.plan = load.parse(text(self.names, self.planted))
        self.path = folder / "drill.jsonl"
        self.production = self.servers("site-a")
        for name, kind in self.planted.items():
            if kind == "step":
                world.live.pair.fault(
                    "step", match=f"create_test_instances/{name}-1-test"
                )

    def servers(self, cloud: str) -> dict[str, str]:
        found = self.world.live.handle(cloud).finder.servers()
        return {one["id"]: one["status"] for one in found}

    def tools(self) -> Any:
        deaths = self.world.deaths

        def judge(given: Any, document: Any, **named: Any) -> hooks.Result:
            deaths.pass_by("verify")
            assert document
            assert all(one["addresses"] for one in document)
            good = given.run[0] == "passes"
            return hooks.Result(
                0 if good else 1, "", 0.1, None if good else "it fails"
            )

        def compare(pair: Any, operation_id: str) -> Mapping[str, Any]:
            found = dict(comparing.compare(pair, operation_id))
            kind = self.planted.get(str(found.get("protection_group")))
            if kind == "fidelity":
                found["new"] = 1
                found["comparisons"] = [
                    {
                        "member": "m",
                        "attribute": "tags",
                        "service": "Nova",
                        "verdict": "differs",
                    }
                ]
            return found

        return self.world.tools(run_hook=judge, compare=compare)

    def begin(self) -> Iterator[Any]:
        return begin.begin(
            self.world.live.sites(),
            None,
            plan=self.plan,
            journal=self.path,
            options=DrillOptions(isolated=True, probe_timeout=2.0),
            retain_primary=True,
            mappings=Mappings({}, {}),
            reason=None,
            tools=self.tools(),
            now=self.world.now,
        )

    def resume(self) -> Iterator[Any]:
        return begin.resume(
            self.world.live.sites(),
            self.path,
            tools=self.tools(),
            now=self.world.now,
        )


def killed_and_resumed(drill: Drill, chance: random.Random) -> None:
    """Run a drill whose runner dies some times."""
    deaths, path = drill.world.deaths, drill.path
    with drill.world.mortal():
        for _ in range(KILLS):
            deaths.left = chance.randrange(1, 25 * GROUPS // KILLS + 10)
            begun = path.exists() and list(journals.read(path))
            if not begun:
                path.unlink(missing_ok=True)
            try:
                one = drill.resume() if begun else drill.begin()
                collections.deque(one, maxlen=0)
            except plan_parts.Killed:
                continue
            break
        deaths.left = None
        if not (path.exists() and list(journals.read(path))):
            path.unlink(missing_ok=True)
            collections.deque(drill.begin(), maxlen=0)
        else:
            collections.deque(drill.resume(), maxlen=0)


def judge(drill: Drill) -> None:
    live = drill.world.live
    for one in live.sites().reads.groups().value:
        assert one.status == "active"
        assert live.client().metadata.get(one)["tests"] == []
    assert drill.servers("site-a") == drill.production
    assert drill.servers("site-b") == {}
    networks = live.handle("site-b").finder.every_network()
    assert [n["name"] for n in networks if n["name"].startswith("dr")] == []
    for group in plan_parts.fold(drill.path).groups.values():
        built = group.outcome == "completed"
        assert group.drill.result == (
            "removed" if built else group.drill.result
        )
        assert group.drill.error is None
    tests = plan_parts.operations(live, "test_failover")
    assert {len(every) for every in tests.values()} == {1}


def verdicts(drill: Drill) -> None:
    """One report, with the right verdict and part for each group."""
    found = record.of_journal(drill.world.live.sites(), drill.path)
    assert [one.name for one in found.groups] != []
    for group in found.groups:
        kind = drill.planted.get(group.name)
        if kind is None:
            assert group.verdict is Verdict.PASSED, group.failures
        else:
            assert group.verdict is Verdict.FAILED
            assert PLANTED[kind] in {one.part for one in group.failures}
    assert found.verdict is Verdict.FAILED
    reports = drill.folder / "reports"
    evidence.write(found, reports)
    assert len([one for one in reports.iterdir() if one.is_dir()]) == 1
    assert not evidence.verify(reports).findings


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_drill_whose_runner_is_killed(
    world: plan_parts.World, tmp_path: pathlib.Path, seed: int
) -> None:
    drill = Drill(world, tmp_path)
    killed_and_resumed(drill, random.Random(seed))
    judge(drill)
    verdicts(drill)
