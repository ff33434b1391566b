"""What the runs share: the worlds they begin in."""

import itertools
import os
import pathlib
from collections.abc import Callable, Iterator

import pytest

from tests.chaos.driver import Beginnings, Run, Story

Tell = Callable[[Story], Run]


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Beginnings:
    if "PYTEST_XDIST_WORKER" in os.environ:
        # every worker would make the same ones
        return Beginnings(tmp_path_factory.getbasetemp().parent / "beginnings")
    return Beginnings(tmp_path_factory.mktemp("beginnings"))


@pytest.fixture
def told(beginnings: Beginnings, tmp_path: pathlib.Path) -> Iterator[Tell]:
    """Tells a story to its end."""
    opened: list[Run] = []
    numbers = itertools.count()

    def tell(story: Story) -> Run:
        for run in opened:
            run.close()
        opened.clear()
        run = Run(story, tmp_path / f"run-{next(numbers)}", beginnings)
        opened.append(run)
        run.tell(beginnings.length(story.action))
        return run

    yield tell
    for run in opened:
        run.close()
