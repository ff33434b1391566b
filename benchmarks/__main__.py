"""Measure the figures, print them beside their goals, compare them with the
last run that was kept.

``python -m benchmarks`` runs them all; names select some.
"""

import argparse
import contextlib
import fnmatch
import pathlib
import sys
import tempfile
import traceback

from benchmarks.figures import FIGURES
from benchmarks.harness import results, table
from benchmarks.harness.figure import Figure
from benchmarks.harness.measurement import Measurement, measure
from benchmarks.harness.stage import Stage

KEPT = pathlib.Path(__file__).parent / "results"


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    chosen = _chosen(options.names)
    if not chosen:
        known = ", ".join(figure.name for figure in FIGURES)
        print(f"no figure is named so; there are {known}", file=sys.stderr)
        return 2
    before = results.last(KEPT)
    began = results.now()
    measured: list[Measurement] = []
    failed = []
    with contextlib.ExitStack() as stack:
        place = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        )
        stage = Stage(place, stack)
        print(table.head())
        for figure in chosen:
            try:
                found = measure(figure, stage, options.pairs)
            except Exception:
                # one that breaks does not cost the others
                traceback.print_exc(limit=-2)
                failed.append(figure.name)
                continue
            measured.append(found)
            print(table.row(found, before.get(figure.name)), flush=True)
            # after each: a run that is interrupted has what it measured
            document = results.document(measured, began)
            if options.json:
                results.write(options.json, document)
            if options.keep:
                results.keep(KEPT, document)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _chosen(patterns: list[str]) -> list[Figure]:
    if not patterns:
        return list(FIGURES)
    return [
        figure
        for figure in FIGURES
        if any(fnmatch.fnmatch(figure.name, p) for p in patterns)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="figures, or patterns of them"
    )
    parser.add_argument(
        "--pairs",
        type=int,
        metavar="N",
        help="alternating pairs of each figure (7, or what it says itself)",
    )
    parser.add_argument(
        "--json", type=pathlib.Path, metavar="FILE", help="write them there"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="add the run to benchmarks/results, to be compared with later",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
