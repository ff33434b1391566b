"""The plan of faults: what applies, where, how often, after a kill too."""

import dataclasses
import json
import pathlib
import sqlite3

import pytest

from fakeserver.base.fault_points import StepFault
from fakeserver.engine.run.rollback import UNDO
from fakeserver.engine.run.steps import STEPS
from fakeserver.faults import points
from fakeserver.faults.kinds import KINDS
from fakeserver.faults.plan import BadRule, FaultFile, FaultPlan, SiteCrash


@pytest.fixture
def file(tmp_path: pathlib.Path) -> FaultFile:
    return FaultFile(tmp_path / "faults.json", seed=7)


def plan(file: FaultFile, site: str = "site-a") -> FaultPlan:
    return FaultPlan(file, site, crash=lambda: None)


def applies(of: FaultPlan, times: int) -> list[bool]:
    return [of.transport("GET", "/") is not None for _ in range(times)]


def test_nothing_goes_wrong_by_itself(file: FaultFile) -> None:
    mine = plan(file)
    mine.at("before:validate_target_site")
    mine.database()
    assert mine.transport("GET", "/") is None
    assert not mine.cuts("site-b")
    assert mine.delay("array:transfer") == 0


def test_a_step_fails_where_it_is_told_to(file: FaultFile) -> None:
    file.add("step", match="recreate_instances", message="no host")
    mine = plan(file)
    mine.at("inside:validate_target_site")
    mine.at("before:recreate_instances")
    with pytest.raises(StepFault, match="^no host$"):
        mine.at("inside:recreate_instances")


def test_one_thing_of_a_step_can_be_named(file: FaultFile) -> None:
    file.add("step", match="recreate_instances/web-1")
    mine = plan(file)
    mine.at("inside:recreate_instances")
    for name in ("web-2", "web-10", "web-1-root"):
        mine.at_each("inside:recreate_instances", name)
    mine.at_each("inside:create_test_instances", "web-1")
    with pytest.raises(StepFault):
        mine.at_each("inside:recreate_instances", "web-1")


def test_a_step_is_not_each_of_its_things(file: FaultFile) -> None:
    file.add("step", match="*")
    file.add("step", match="recreate_instances", stage="before")
    mine = plan(file)
    mine.at_each("inside:recreate_instances", "web-1")
    mine.at_each("before:recreate_instances", "web-1")


def test_an_undo_can_fail_too(file: FaultFile) -> None:
    file.add("step", match="manage", stage="undo")
    with pytest.raises(StepFault):
        plan(file).at("undo:manage")


def test_a_rule_is_used_up(file: FaultFile) -> None:
    file.add("reset", times=2)
    assert applies(plan(file), 4) == [True, True, False, False]


def test_what_is_used_up_stays_so_after_a_kill(file: FaultFile) -> None:
    file.add("reset", times=1)
    assert applies(plan(file), 1) == [True]
    again = FaultFile(file._path, seed=7)
    assert applies(plan(again), 1) == [False]


def test_both_sites_share_what_is_left(
    file: FaultFile, tmp_path: pathlib.Path
) -> None:
    file.add("reset", times=1)
    other = FaultFile(tmp_path / "faults.json", seed=7)
    assert applies(plan(other, "site-b"), 1) == [True]
    assert applies(plan(file), 1) == [False]


def test_the_dice_fall_the_same_way_again(tmp_path: pathlib.Path) -> None:
    runs = []
    for name in ("one", "two"):
        file = FaultFile(tmp_path / name, seed=7)
        file.add("reset", probability=0.5)
        runs.append(applies(plan(file), 40))
    assert runs[0] == runs[1]
    assert 8 < sum(runs[0]) < 32
    other = FaultFile(tmp_path / "three", seed=8)
    other.add("reset", probability=0.5)
    assert applies(plan(other), 40) != runs[0]


def test_a_rule_of_one_site_leaves_the_other_alone(file: FaultFile) -> None:
    file.add("503", site="site-b")
    assert applies(plan(file), 1) == [False]
    assert applies(plan(file, "site-b"), 1) == [True]


@pytest.mark.parametrize(
    ("match", "path", "fits"),
    [
        ("/action", "/v1/p/protection-groups/g/action", True),
        ("POST */action", "/v1/p/protection-groups/g/action", True),
        ("GET */action", "/v1/p/protection-groups/g/action", False),
        ("/operations", "/v1/p/protection-groups", False),
        ("*", "/", True),
    ],
)
def test_which_requests_fit(
    file: FaultFile, match: str, path: str, fits: bool
) -> None:
    file.add("reset", match=match)
    assert (plan(file).transport("POST", path) is not None) == fits


def test_a_partition_is_cut_both_ways_or_one(file: FaultFile) -> None:
    rule = file.add("partition")
    assert plan(file).cuts("site-b")
    assert plan(file, "site-b").cuts("site-a")
    file.clear(rule.id)
    file.add("partition", site="site-a")
    assert plan(file).cuts("site-b")
    assert not plan(file, "site-b").cuts("site-a")


def test_a_crash_is_the_end_of_every_thread(file: FaultFile) -> None:
    file.add("crash", match="manage_volumes_into_cinder", stage="after")
    mine = plan(file)
    with pytest.raises(SiteCrash):
        mine.at("after:manage_volumes_into_cinder")
    for deed in (mine.database, mine.alive, lambda: mine.cuts("site-b")):
        with pytest.raises(SiteCrash):
            deed()


def test_a_token_that_an_older_version_counted(file: FaultFile) -> None:
    """There such a fault applied so many times, and was over."""
    rule = dataclasses.asdict(file.add("array-token"))
    rule |= {"stage": "array", "match": "check", "times": 1}
    path = pathlib.Path(file._path)
    for struck, taken in ((0, f"fa-token-a-5f1c0e2b-{rule['id']}"), (1, None)):
        rule["struck"] = struck
        path.write_text(json.dumps({"rules": [rule], "last": 1}))
        assert plan(FaultFile(path)).token("flasharray-a") == taken


def test_the_array_and_the_disk(file: FaultFile) -> None:
    assert plan(file).token("flasharray-a") is None
    rule = file.add("array-token", site="site-b")
    plan(file).at("array:check")
    for site in ("site-a", "site-b"):
        # an array is one, whoever asks it
        assert plan(file, site).token("flasharray-a") is None
        taken = plan(file, site).token("flasharray-b")
        assert taken == f"fa-token-b-91d7ac44-{rule.id}"
    file.add("no-snapshot")
    with pytest.raises(StepFault, match="snapshot"):
        plan(file).at("array:latest")
    file.add("slow-replication", seconds=90)
    mine = plan(file)
    assert [mine.delay("array:transfer") for _ in range(2)] == [90, 90]
    file.add("disk-full", times=1)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        mine.database()
    mine.database()


def test_clearing(file: FaultFile) -> None:
    first, second = file.add("reset"), file.add("slow")
    assert file.clear(first.id) == (first,)
    assert file.rules() == (second,)
    assert file.clear("fault-99") == ()
    assert file.clear() == (second,)
    assert file.add("reset").id not in (first.id, second.id)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "earthquake"},
        {"kind": "reset", "probability": 0.0},
        {"kind": "reset", "probability": 1.5},
        {"kind": "reset", "times": 0},
        {"kind": "slow", "seconds": -1.0},
        {"kind": "slow-replication", "probability": 0.5},
        {"kind": "slow-replication", "times": 1},
        {"kind": "cinder-403", "probability": 0.5},
        {"kind": "cinder-403", "times": 1},
        {"kind": "array-token", "times": 1},
    ],
)
def test_what_cannot_be_asked_for(file: FaultFile, options: dict) -> None:
    with pytest.raises(BadRule):
        file.add(**options)
    assert file.rules() == ()


@pytest.mark.parametrize(
    ("kind", "options", "possible"),
    [
        ("reset", {"stage": "undo"}, "before and after"),
        ("503", {"stage": "inside"}, "before and after"),
        ("reset", {"match": "recreate_instances"}, "'POST */action'"),
        ("slow", {"match": "recreate*"}, "'POST */action'"),
        ("slow", {"match": "/v1/*"}, "'POST */action'"),
        ("step", {"match": "rekreate"}, "recreate_instances"),
        ("step", {"match": "POST */action"}, "recreate_instances"),
        ("crash", {"match": "web-1"}, "recreate_instances"),
        ("step", {"match": "volume", "stage": "undo"}, "manage"),
        ("step", {"match": "recreate_instances", "stage": "undo"}, "server"),
        ("step", {"match": "create_snapshot/web-1"}, "recreate_instances"),
        ("step", {"match": "recreate_instances/"}, "recreate_instances"),
        ("step", {"match": "recreate_instances/x", "stage": "after"}, "only"),
        ("array-token", {"stage": "before"}, "no --stage"),
        ("array-token", {"match": "recreate_instances"}, "no match"),
        ("slow-replication", {"match": "recreate_instances"}, "transfer"),
        ("partition", {"stage": "before"}, "no --stage"),
        ("partition", {"match": "site-c"}, "site-a, site-b"),
        ("disk-full", {"match": "*.db"}, "write"),
        ("cinder-403", {"match": "site-b"}, "no match"),
    ],
)
def test_what_can_never_apply(
    file: FaultFile, kind: str, options: dict, possible: str
) -> None:
    with pytest.raises(BadRule) as caught:
        file.add(kind, **options)
    assert possible in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.rules() == ()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in KINDS),
        *(("step", {"match": step}) for step in points.STEPS),
        *(
            ("crash", {"match": name, "stage": "undo"})
            for name in points.POINTS["undo"]
        ),
        ("step", {"match": "*instances", "stage": "before"}),
        ("step", {"match": "rollback", "stage": "before"}),
        ("crash", {"match": "manage*/web-?-root"}),
        ("reset", {"match": "POST"}),
        ("reset", {"match": "P* */action", "stage": "after"}),
        ("slow", {"match": "/v1/"}),
        ("503", {"match": "GET /"}),
        ("partition", {"match": "site-b"}),
    ],
)
def test_what_can_be_asked_for(
    file: FaultFile, kind: str, options: dict
) -> None:
    assert file.add(kind, **options) == file.rules()[0]


def test_the_points_are_those_of_the_engine() -> None:
    assert set(points.POINTS["undo"]) == set(UNDO)
    assert set(points.EACH) < set(points.STEPS)
    assert set(STEPS) < set(points.STEPS)
