"""A run of these tests: it shares nothing, and leaves nothing behind."""

import pathlib
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from fakeserver.sandbox import process
from tests.interop import second_run
from tests.interop.place import Place

pytestmark = pytest.mark.interop


def test_a_second_run_does_not_share_the_folder(run: Place) -> None:
    second = subprocess.run(
        second_run.program("up", run.folder),
        cwd=second_run.HERE,
        env=second_run.environment_of(run),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert second.returncode == 1
    assert f"runs in {run.folder}; wait until it has ended" in second.stderr


def test_a_folder_with_other_files_is_left_alone(
    run: Place, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = subprocess.run(
        second_run.program("up", tmp_path),
        cwd=second_run.HERE,
        env=second_run.environment_of(run),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert refused.returncode == 1
    assert "holds files that are not a run's" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.fixture
def begun(
    run: Place, tmp_path: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    with second_run.begun(run, "up", tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "number, name, code",
    [
        (signal.SIGINT, "fill-site-b", 130),
        (signal.SIGTERM, "keystone-site-b", 143),
    ],
)
def test_a_signal_leaves_no_process(
    begun: subprocess.Popen[bytes],
    tmp_path: pathlib.Path,
    number: signal.Signals,
    name: str,
    code: int,
) -> None:
    def until(done: Callable[[], bool]) -> None:
        assert process.wait(done, 180)

    until((tmp_path / f"{name}.pid").exists)
    begun.send_signal(number)
    assert begun.wait(60) == code
    until(lambda: not second_run.of_folder(tmp_path))
    assert list(tmp_path.glob("*.pid")) == []


def test_the_end_of_a_run_ends_what_it_started(
    begun: subprocess.Popen[bytes], tmp_path: pathlib.Path
) -> None:
    """Also one that nobody can foresee."""
    pid = tmp_path / "fill-site-b.pid"
    assert process.wait(pid.exists, 60)
    begun.kill()
    assert process.wait(lambda: not second_run.of_folder(tmp_path), 180)
