"""A run of these tests: it shares nothing, and leaves nothing behind."""

import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from fakeserver.sandbox import process
from tests.interop.place import Place

pytestmark = pytest.mark.interop
PROGRAM = (sys.executable, "-m", "tests.interop", "up", "--dir")
HERE = pathlib.Path(__file__).resolve().parents[2]


def environment_of(run: Place) -> dict[str, str]:
    """The tests have a home of their own; Keystone is installed once."""
    cache = pathlib.Path(run.python).parents[3]
    return {**os.environ, "XDG_CACHE_HOME": str(cache)}


def test_a_second_run_does_not_share_the_folder(run: Place) -> None:
    second = subprocess.run(
        [*PROGRAM, run.folder],
        cwd=HERE,
        env=environment_of(run),
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
        [*PROGRAM, tmp_path],
        cwd=HERE,
        env=environment_of(run),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert refused.returncode == 1
    assert "holds files that are not a run's" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def of_folder(folder: pathlib.Path) -> list[str]:
    """The processes that have a folder on their command line, or in their
    environment: all that a run starts."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "cmdline").read_bytes()
            text += (path / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in text:
            found.append(text.split(b"\0\0")[0].decode(errors="replace"))
    return found


@pytest.fixture
def begun(
    run: Place, tmp_path: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(
        [*PROGRAM, tmp_path],
        cwd=HERE,
        env=environment_of(run),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield made
    made.kill()
    made.wait()


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
    until(lambda: not of_folder(tmp_path))
    assert list(tmp_path.glob("*.pid")) == []


def test_the_end_of_a_run_ends_what_it_started(
    begun: subprocess.Popen[bytes], tmp_path: pathlib.Path
) -> None:
    """Also one that nobody can foresee."""
    pid = tmp_path / "fill-site-b.pid"
    assert process.wait(pid.exists, 60)
    begun.kill()
    assert process.wait(lambda: not of_folder(tmp_path), 180)
