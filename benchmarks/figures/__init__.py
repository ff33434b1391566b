"""The figures, in the order in which they are measured."""

from benchmarks.figures import (
    actions,
    commands,
    many,
    members,
    neighbour,
    server,
    starting,
)
from benchmarks.harness.figure import Figure

FIGURES: tuple[Figure, ...] = (
    *commands.FIGURES,
    *neighbour.FIGURES,
    *many.FIGURES,
    *server.FIGURES,
    *actions.FIGURES,
    *members.FIGURES,
    *starting.FIGURES,
)
