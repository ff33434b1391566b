"""The tables of the figures of ``make bench``, from the runs that are kept."""

import json
from collections.abc import Iterator
from typing import Any

from benchmarks import growth
from benchmarks.__main__ import KEPT
from benchmarks.figures import FIGURES
from benchmarks.harness import results
from benchmarks.harness.figure import Figure
from benchmarks.harness.table import number


def figures() -> Iterator[str]:
    """Yield every figure of the code with what was measured last."""
    kept = results.newest(KEPT)
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield "   :widths: 20 28 22 8 12 10"
    yield ""
    yield from _row("name", "figure", "against", "value", "spread", "goal")
    for figure in FIGURES:
        yield from _row(*_cells(figure, kept.get(figure.name)))
    yield ""


def _cells(figure: Figure, entry: dict[str, Any] | None) -> tuple[str, ...]:
    goal = f"{figure.better.value} {figure.goal:g}"
    peer = figure.peer or f"a count: {figure.unit}"
    name = f"``{figure.name}``"
    if entry is None:
        return name, figure.what, peer, "not measured", "", goal
    value = number(entry["value"])
    if not figure.meets(entry["value"]):
        goal = f"**missed:** {goal}"
    spread = f"{number(entry['least'])} to {number(entry['most'])}"
    return name, figure.what, peer, value, spread, goal


def _row(*cells: str) -> Iterator[str]:
    for position, cell in enumerate(cells):
        yield f"   {'  -' if position else '* -'} {cell}".rstrip()


def machine() -> Iterator[str]:
    """Yield what each run that the table shows was measured on."""
    kept = results.newest(KEPT)
    shown = [kept[figure.name] for figure in FIGURES if figure.name in kept]
    runs = {entry["measured_at"]: entry["machine"] for entry in shown}
    for moment, on in sorted(runs.items()):
        number_of = sum(entry["measured_at"] == moment for entry in shown)
        yield f"{moment}, {number_of} figures, commit ``{on['commit']}``:"
        yield (
            f"{on['cores']} cores ({on['processor']}), {on['memory_gib']} GiB,"
            f" {on['system']}, Python {on['python']}; {on['load']} processes"
            " waited for a core when the run ended."
        )
        packages = on.get("packages", {})
        if packages:
            named = (f"{name} {version}" for name, version in packages.items())
            yield f"Packages: {', '.join(named)}."
        yield ""


def curve(name: str) -> Iterator[str]:
    """Yield the points of a curve of growth, and by how much it grows."""
    path = growth.KEPT / f"{name}.json"
    if not path.exists():
        yield "Not measured yet."
        yield ""
        return
    (of,) = (each.of for each in growth.CURVES if each.name == name)
    kept = json.loads(path.read_text(encoding="utf-8"))
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    yield from _row(of, *kept["columns"])
    points = kept["points"]
    for size, *spent in points:
        yield from _row(f"{size:.0f}", *map(number, spent))
    first, last = points[0], points[-1]
    pairs = zip(first[1:], last[1:], strict=True)
    grown = (f"× {number(new / old)}" for old, new in pairs)
    yield from _row(f"× {number(last[0] / first[0])}", *grown)
    yield ""
    on = kept["machine"]
    yield (
        f"Measured {kept['measured_at']}, commit ``{on['commit']}``, Python"
        f" {on['python']}, {on['cores']} cores ({on['processor']}),"
        f" {on['load']} processes waited for a core."
    )
    yield ""
