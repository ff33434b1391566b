"""What a drill of the past amounts to, in the trend."""

import pathlib
from typing import Any

import pytest

from protectorclient.drill import trend
from protectorclient.drill.history import PastDrill
from protectorclient.evidence.problem import EvidenceProblem
from protectorclient.osc.v1.drill import history_page
from protectorclient.records.operation import Operation


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
