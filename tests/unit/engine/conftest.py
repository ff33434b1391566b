"""Two clouds in one process, and a clock that tests move."""

from tests.helpers.cloud_fixtures import (
    a,
    b,
    clock,
    make_cloud,
    seeded_files,
    wire,
)

__all__ = ["a", "b", "clock", "make_cloud", "seeded_files", "wire"]
