"""The figures, in the order in which they are measured."""

from benchmarks.figures import commands, many, server
from benchmarks.harness.figure import Figure

FIGURES: tuple[Figure, ...] = (
    *commands.FIGURES,
    *many.FIGURES,
    *server.FIGURES,
)
