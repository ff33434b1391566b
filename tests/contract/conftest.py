"""What the contract ring shares."""

import pathlib
import shutil
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.engine_parts import B, Two
from tests.helpers.judging import Judge, judged


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A pair on disk: to copy it is quicker than to seed another."""
    made = tmp_path_factory.mktemp("seeded") / "pair"
    LocalPair(made).close()
    return made


@pytest.fixture(scope="session")
def forced_by_mistake(
    seeded: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pathlib.Path, float]:
    """A lives and runs the group, and B was told to take it over; a pair on
    disk, and the moment at which it was closed."""
    made = tmp_path_factory.mktemp("forced") / "pair"
    shutil.copytree(seeded, made)
    with LocalPair(made) as pair:
        two = Two(pair)
        pair.advance("4m")
        assert two.forced(B)["status"] == "completed"
        pair.advance("10m")
        return made, pair.clock.time()


@pytest.fixture
def two(seeded: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Two]:
    """Two sites without sockets; time moves when it is told to."""
    shutil.copytree(seeded, tmp_path / "pair")
    with LocalPair(tmp_path / "pair") as pair:
        yield Two(pair)


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """Sees every answer of every service that this ring opens."""
    yield from judged()


@pytest.fixture(autouse=True)
def every_answer_is_as_described(judge: Judge) -> Iterator[None]:
    judge.wrong.clear()
    yield
    assert not judge.wrong, "\n\n".join(judge.wrong)
