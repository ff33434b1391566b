"""What a drill of the past amounts to, in the trend."""

import datetime
import pathlib
import types
from typing import Any

import pytest

from protectorclient.drill import history, trend
from protectorclient.drill.history import PastDrill
from protectorclient.drill.schedule import next_drill
from protectorclient.evidence.problem import EvidenceProblem
from protectorclient.osc.v1.drill import history_page
from protectorclient.plan.execution import hooks
from protectorclient.plan.execution.drills import options
from protectorclient.plan.file import load
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        ("completed", "result: pass: all well", "passed"),
        ("completed", "result: fail: slow", "failed"),
        ("completed", None, "not_known"),
        ("running", None, "not_known"),
        ("failed", None, "failed"),
        # it is said of the clean-up behind it
        ("failed", "result: pass", "failed"),
    ],
)
def test_a_verdict(status: str, said: str | None, verdict: str) -> None:
    clean_up = None
    if said is not None:
        clean_up = Operation(
            id="op-2", status="completed", parameters={"reason": said}
        )
    found = PastDrill(Operation(id="op-1", status=status), "a", clean_up)
    assert trend.verdict(found) == verdict


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.html"
    history_page.write(str(path), [])
    old = path.read_bytes()
    history_page.prepare(str(path))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "replace", full)
    with pytest.raises(EvidenceProblem, match="No space left on device"):
        history_page.write(str(path), [])
    assert path.read_bytes() == old
    assert [one.name for one in tmp_path.iterdir()] == ["history.html"]


def test_a_clean_up_speaks_of_its_own_test() -> None:
    def made(day: int, kind: str, reason: str | None = None) -> Operation:
        return Operation(
            id=f"op-{day}",
            protection_group_id="g",
            operation_type=kind,
            status="completed",
            started_at=datetime.datetime(2026, 1, day, tzinfo=datetime.UTC),
            parameters={"reason": reason},
        )

    site: Any = types.SimpleNamespace(name="a")
    found = [
        made(1, "test_failover"),
        made(2, "test_failover"),
        made(3, "test_cleanup", "result: pass: seen"),
        made(4, "test_failover"),
        made(5, "test_cleanup", options.reason("0" * 12, "fail: slow")),
        made(6, "test_failover", options.reason("1" * 12)),
        made(7, "test_cleanup", options.reason("1" * 12, "pass")),
    ]
    assert [
        (one.operation.id, one.result, one.is_clean)
        for one in history.paired((each, site) for each in found)
    ] == [
        ("op-6", "pass", True),
        ("op-4", None, True),
        ("op-2", "pass: seen", True),
        ("op-1", None, True),
    ]


def test_a_secret_in_the_words_of_a_command_is_masked() -> None:
    words = ["./look", "--password", "one", "--token=two", "-v", "three"]
    assert hooks.masked_words(words) == (
        "./look",
        "--password",
        "***",
        "--token=***",
        "-v",
        "three",
    )


def test_the_limits_of_a_plan() -> None:
    plan = load.parse(
        """
        name: shop
        drills: {every: 60d}
        waves:
        - name: one
          drill_every: 30d
          groups: [a, {name: b, drill_every: 7d}]
        - {name: two, groups: [c]}
        """,
        "plan.yaml",
    )
    groups = [ProtectionGroup(id=f"id-{o}", name=o) for o in "abcd"]
    days = {"id-a": 30, "id-b": 7, "id-c": 60}
    wanted = {name: count * 86400.0 for name, count in days.items()}
    assert next_drill.limits(plan, groups) == (wanted, ())
    assert next_drill.limits(plan, groups, 5.0)[0]["id-c"] == 5.0
    _, unknown = next_drill.limits(plan, groups[1:])
    assert len(unknown) == 1
    assert "'a'" in unknown[0]
