"""Each fact for which a drill does not pass makes its verdict."""

import dataclasses
from typing import Any

import pytest

from protectorclient.evidence import judge
from protectorclient.evidence import record as r
from tests.helpers import evidence_samples as samples


def test_a_good_drill_passes_without_gaps() -> None:
    found = judge.judged(samples.drill())
    assert found.verdict is r.Verdict.PASSED
    assert found.gaps == ()
    assert found.groups[0].failures == ()


#: A planted fact of a group, and the failure that follows: part, subject.
PLANTED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "a check": (
        {
            "checks": (
                r.Check(name="quota", state=r.CheckState.PROBLEM),
                r.Check(name="clock", state=r.CheckState.WARNING),
            )
        },
        ("check", "quota"),
    ),
    "a warning that blocks": (
        {
            "checks": (
                r.Check(name="x", state=r.CheckState.WARNING, blocks=True),
            )
        },
        ("check", "x"),
    ),
    "an operation": (
        {
            "operations": (
                r.Operation(type="test_failover", id="op-9", status="Failed"),
            )
        },
        ("operation", "op-9"),
    ),
    "an operation that ended otherwise": (
        {
            "operations": (
                r.Operation(
                    type="test_failover",
                    id="op-9",
                    status="cancelled",
                    completed_at=samples.BEGAN,
                ),
            )
        },
        ("operation", "op-9"),
    ),
    "a step": (
        {"steps": (r.Step(name="clone", state=r.StepState.FAILED),)},
        ("step", "clone"),
    ),
    "a probe": (
        {
            "probes": (
                r.Probe(
                    member="web-1", probe="tcp:1", state=r.ProbeState.FAILS
                ),
            )
        },
        ("probe", "web-1 tcp:1"),
    ),
    "a probe that is not known": (
        {
            "probes": (
                r.Probe(
                    member="web-1", probe="tcp:1", state=r.ProbeState.NOT_KNOWN
                ),
            )
        },
        ("probe", "web-1 tcp:1"),
    ),
    "a verify command": (
        {"verify": (r.Verify(command=("./v", "x"), passed=False, status=4),)},
        ("verify", "./v x"),
    ),
    "a difference": (
        {
            "fidelity": r.Fidelity(
                differences=(
                    r.Difference(
                        member="web-1",
                        attribute="flavor",
                        service="Nova",
                        verdict="differs",
                    ),
                )
            )
        },
        ("fidelity", "web-1 flavor"),
    ),
    "no comparison": (
        {"fidelity": r.Fidelity(error="site-b does not answer")},
        ("fidelity", "comparison"),
    ),
    "a test that is left": (
        {"clean_up": r.CleanUp(is_clean=False, left=("instance i-1",))},
        ("clean_up", "test_cleanup"),
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_failure_makes_the_verdict(planted: str) -> None:
    fields, (part, subject) = PLANTED[planted]
    good = samples.group("good")
    found = judge.judged(samples.drill(samples.group(**fields), good))
    assert found.verdict is r.Verdict.FAILED
    assert [
        (str(one.part), one.subject) for one in found.groups[0].failures
    ] == [(part, subject)]
    assert found.groups[1].verdict is r.Verdict.PASSED
    # and again, the same
    assert judge.judged(found) == found


def test_a_failure_that_has_its_advice_is_not_added_again() -> None:
    told = r.Failure(
        part=r.Part.STEP, subject="clone", message="m", advice=("do",)
    )
    group = samples.group(
        steps=(r.Step(name="clone", state=r.StepState.FAILED),),
        failures=(told,),
    )
    assert judge.judged(samples.drill(group)).groups[0].failures == (told,)


def test_an_accepted_difference_is_none() -> None:
    difference = r.Difference(
        member="m",
        attribute="a",
        service="Nova",
        verdict="differs",
        is_accepted=True,
    )
    group = samples.group(fidelity=r.Fidelity(differences=(difference,)))
    found = judge.judged(samples.drill(group))
    assert found.verdict is r.Verdict.PASSED


@pytest.mark.parametrize(
    ("groups", "verdict"),
    [
        ([{}], "passed"),
        ([{}, {"skipped": "an order"}], "passed"),
        ([{}, {"not_known": "no answer"}], "not_known"),
        ([{"skipped": "an order"}], "not_known"),
        ([{"not_known": "no answer"}, {"failures": "x"}], "failed"),
    ],
)
def test_the_whole_follows_from_its_groups(
    groups: list[dict[str, Any]], verdict: str
) -> None:
    failure = (r.Failure(part=r.Part.RUN, subject="x", message="x"),)
    made = [
        samples.group(
            **{k: failure if k == "failures" else v for k, v in one.items()}
        )
        for one in groups
    ]
    assert judge.judged(samples.drill(*made)).verdict == verdict


@pytest.mark.parametrize(
    ("status", "seconds"), [("completed", 112.5), ("failed", None)]
)
def test_what_failed_has_no_recovery_time(
    status: str, seconds: float | None
) -> None:
    operation = r.Operation(type="test_failover", id="op-1", status=status)
    group = samples.group(operations=(operation,))
    found = judge.judged(samples.drill(group))
    assert found.rto.achieved_seconds == seconds
    assert found.rto.objective_seconds == 900.0
    assert found.groups[0].rto.objective_seconds == 900.0


def test_who_was_asked_and_does_not_answer_is_not_back() -> None:
    probe = r.Probe(member="m", probe="tcp:1", state=r.ProbeState.FAILS)
    time = r.RecoveryTime(operation_seconds=9.0, active_seconds=12.0)
    group = samples.group(probes=(probe,), rto=time)
    (found,) = judge.judged(samples.drill(group)).groups
    assert (found.rto.active_seconds, found.rto.achieved_seconds) == (12, None)
    good = samples.group(probes=(), rto=time)
    (found,) = judge.judged(samples.drill(good)).groups
    assert found.rto.achieved_seconds == 12


def test_a_record_without_groups_has_shown_nothing() -> None:
    bare = dataclasses.replace(samples.drill(), groups=())
    assert judge.judged(bare).verdict is r.Verdict.NOT_KNOWN


#: What a drill has not shown, and a word of the gap.
GAPS: dict[str, tuple[dict[str, Any], str]] = {
    "slow": ({"rto": r.RecoveryTime(objective_seconds=60.0)}, ""),
    "too slow": (
        {
            "rto": r.RecoveryTime(
                objective_seconds=60.0, operation_seconds=61.0
            )
        },
        "Recovery time 1m 1s is above the objective, 1m.",
    ),
    "too old": (
        {"rpo": r.RecoveryPoint(age_seconds=7200.0, objective_seconds=3600.0)},
        "Recovery point age 2h is above the objective, 1h.",
    ),
    "no age": (
        {"rpo": r.RecoveryPoint(objective_seconds=1.0)},
        "The age of its recovery point is not known.",
    ),
    "no policy": (
        {"rpo": r.RecoveryPoint(age_seconds=1.0)},
        "Its policy states no recovery point objective.",
    ),
    "no application": (
        {"probes": (), "verify": ()},
        "No application was asked whether it answers.",
    ),
    "no fidelity": (
        {"fidelity": None},
        "The rebuilt instances were not compared with the sources.",
    ),
    "not comparable": (
        {"fidelity": r.Fidelity(counts={"not_comparable": 2})},
        "2 attributes could not be compared.",
    ),
    "not kept": (
        {"not_kept": (r.NotKept(member="m", attribute="tags"),)},
        "1 attribute was not kept.",
    ),
    "skipped": ({"skipped": "an order"}, "Skipped: an order."),
}


@pytest.mark.parametrize("planted", GAPS)
def test_what_is_not_shown_is_a_gap(planted: str) -> None:
    fields, message = GAPS[planted]
    group = samples.group("x", **fields)
    found = judge.judged(samples.drill(samples.group("good"), group))
    expected = [r.Gap(message=message, group="x")] if message else []
    assert list(found.gaps) == expected
    assert found.verdict is r.Verdict.PASSED


def test_clocks_that_differ_are_a_gap_of_the_whole() -> None:
    assert judge.judged(samples.drill(clock_skew_seconds=30.0)).gaps == ()
    for skew in (31.0, -31.0):
        (gap,) = judge.judged(samples.drill(clock_skew_seconds=skew)).gaps
        assert gap.group is None
        assert "differ by 31s" in gap.message


def test_the_whole_is_back_with_its_last_group() -> None:
    late = samples.group("late", begin=500.0)
    found = samples.drill(samples.group(), late).rto
    assert found.achieved_seconds == 612.5
    lost = samples.group("lost", rto=r.RecoveryTime())
    assert samples.drill(late, lost).rto.achieved_seconds is None


def test_the_recovery_point_of_the_whole_is_the_worst_one() -> None:
    def aged(age: float, target: float | None) -> Any:
        point = r.RecoveryPoint(age_seconds=age, objective_seconds=target)
        return samples.group(rpo=point)

    found = samples.drill(aged(500, 900), aged(400, 60), aged(9000, None)).rpo
    assert (found.achieved_seconds, found.objective_seconds) == (400, 60)
    assert samples.drill(aged(5, None), aged(9, None)).rpo == (
        r.Objective(achieved_seconds=9)
    )
