"""Another run, in a folder of its own, and what it leaves behind."""

import contextlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

from tests.interop.place import Place

HERE = pathlib.Path(__file__).resolve().parents[2]


def program(command: str, folder: pathlib.Path) -> list[str]:
    """The command line of a run."""
    return [
        sys.executable,
        "-m",
        "tests.interop",
        command,
        "--dir",
        f"{folder}",
    ]


def environment_of(run: Place) -> dict[str, str]:
    """The tests have a home of their own; Keystone is installed once."""
    cache = pathlib.Path(run.python).parents[3]
    return {**os.environ, "XDG_CACHE_HOME": str(cache)}


@contextlib.contextmanager
def begun(
    run: Place, command: str, folder: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(
        program(command, folder),
        cwd=HERE,
        env=environment_of(run),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield made
    finally:
        made.kill()
        made.wait()


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
