"""The figures as lines for a terminal."""

from benchmarks.harness.measurement import Measurement

_LINE = "{:26} {:>9} {:>17} {:>9} {:>9}  {:6} {}"


def head() -> str:
    return _LINE.format(
        "figure", "value", "least to most", "goal", "before", "", "against"
    )


def row(found: Measurement, before: float | None) -> str:
    figure = found.figure
    spread = f"{number(min(found.values))} to {number(max(found.values))}"
    return _LINE.format(
        figure.name,
        number(found.value),
        spread if len(found.values) > 1 else "",
        f"{figure.better.value} {figure.goal:g}",
        "" if before is None else number(before),
        "met" if found.met else "MISSED",
        figure.peer or figure.unit,
    ).rstrip()


def number(value: float) -> str:
    """Return three digits of a value, or all of a large one."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
