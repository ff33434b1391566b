"""A figure measured: alternating pairs, their ratios, the spread."""

import dataclasses
import gc
import statistics
import sys
import time

from benchmarks.harness.figure import Better, Figure, Work
from benchmarks.harness.stage import Stage


@dataclasses.dataclass(frozen=True)
class Measurement:
    figure: Figure
    ours: tuple[float, ...]
    peer: tuple[float, ...]
    #: of each pair; what was counted, where there is no peer
    values: tuple[float, ...]
    seconds: float

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool:
        return self.figure.meets(self.value)


def measure(figure: Figure, stage: Stage, pairs: int | None) -> Measurement:
    """Measure a figure; `pairs` stands for the figure's own number."""
    began = time.monotonic()
    prepared = figure.prepare(stage)
    gc.collect()
    if not isinstance(prepared, tuple):
        times = min(pairs or figure.pairs, figure.most or sys.maxsize)
        counted = tuple(prepared() for _ in range(times))
        return Measurement(
            figure, counted, (), counted, time.monotonic() - began
        )
    ours, peer = prepared
    if figure.warm_up:
        ours()
        peer()
    spent: list[tuple[float, float]] = []
    for number in range(pairs or figure.pairs):
        turns = [
            _turn(ours, peer, ours_first=(number + turn) % 2 == 0)
            for turn in range(figure.turns)
        ]
        mine, others = zip(*turns, strict=True)
        spent.append((statistics.fmean(mine), statistics.fmean(others)))
    return Measurement(
        figure,
        tuple(our for our, _ in spent),
        tuple(other for _, other in spent),
        tuple(_ratio(figure, *pair) for pair in spent),
        time.monotonic() - began,
    )


def _turn(ours: Work, peer: Work, ours_first: bool) -> tuple[float, float]:
    # who goes first alternates: a machine that slows down favours nobody
    if ours_first:
        return ours(), peer()
    other = peer()
    return ours(), other


def _ratio(figure: Figure, ours: float, peer: float) -> float:
    # costs and rates alike: ours as a multiple of the peer's
    if figure.better is Better.MORE:
        return peer / ours
    return ours / peer
