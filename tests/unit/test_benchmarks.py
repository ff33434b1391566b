"""How figures are measured: the ratios, the goals, the runs that are kept."""

import contextlib
import pathlib

import pytest

from benchmarks.figures import FIGURES
from benchmarks.harness import results
from benchmarks.harness.figure import Better, Figure
from benchmarks.harness.measurement import measure
from benchmarks.harness.stage import Stage


@pytest.fixture
def stage(tmp_path: pathlib.Path) -> Stage:
    return Stage(tmp_path, contextlib.ExitStack())


def figure(ours: list[float], peer: list[float], **more: object) -> Figure:
    mine, others = iter([9.0, *ours]), iter([9.0, *peer])
    return Figure(
        "some",
        "",
        2.0,
        lambda stage: (lambda: next(mine), lambda: next(others)),
        "a peer",
        pairs=len(ours),
        **more,  # type: ignore[arg-type]
    )


def test_a_figure_is_the_median_of_its_pairs(stage: Stage) -> None:
    found = measure(figure([2.0, 3.0, 50.0], [2.0, 1.0, 10.0]), stage, None)
    assert found.values == (1.0, 3.0, 5.0)
    assert found.value == 3.0
    assert not found.met


def test_of_rates_more_is_better(stage: Stage) -> None:
    costs = figure([2.0], [6.0], better=Better.MORE)
    found = measure(costs, stage, None)
    assert found.value == 3.0
    assert found.met


def test_who_goes_first_alternates(stage: Stage) -> None:
    order: list[str] = []

    def work(name: str, cost: float) -> float:
        order.append(name)
        return cost

    alternating = Figure(
        "some",
        "",
        1.0,
        lambda stage: (lambda: work("we", 1.0), lambda: work("they", 1.0)),
        "a peer",
    )
    measure(alternating, stage, 2)
    assert order == ["we", "they", "we", "they", "they", "we"]


def test_what_is_counted_has_no_peer(stage: Stage) -> None:
    counted = Figure("some", "", 320, lambda stage: lambda: 300.0)
    found = measure(counted, stage, None)
    assert (found.value, found.peer, found.met) == (300.0, (), True)


def test_a_kept_run_is_what_the_next_is_compared_with(
    stage: Stage, tmp_path: pathlib.Path
) -> None:
    for ours in (4.0, 6.0):
        found = measure(figure([ours], [2.0]), stage, None)
        document = results.document([found])
        document["measured_at"] = f"2026-01-0{ours:.0f}T00:00:00Z"
        results.keep(tmp_path, document)
    assert results.last(tmp_path) == {"some": 3.0}


def test_no_two_figures_share_a_name() -> None:
    names = [figure.name for figure in FIGURES]
    assert sorted(set(names)) == sorted(names)
