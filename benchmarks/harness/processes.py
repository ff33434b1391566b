"""Whole processes: what they cost, as the system accounts for them."""

import dataclasses
import os
import pathlib
import subprocess
import time
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Spent:
    wall: float
    cpu: float
    #: the largest resident set, MiB
    mib: float
    status: int


def run(
    command: Sequence[str],
    env: dict[str, str],
    *,
    status: int = 0,
    into: pathlib.Path | None = None,
) -> Spent:
    """Run a command to its end; its output is thrown away, or kept in a file.

    Raises RuntimeError for another exit status than the expected one: the
    cost of something that failed is no figure.
    """
    with open(into or os.devnull, "wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=env,
        )
        _, ended, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        raise RuntimeError(
            f"{' '.join(command)} ended with {process.returncode}"
        )
    return Spent(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        process.returncode,
    )
