"""Whole processes: what they take, from their start to their end."""

import os
import pathlib
import subprocess
import time
from collections.abc import Sequence


def seconds(command: Sequence[str], env: dict[str, str]) -> float:
    """Run a command to its end; return its seconds, by the wall clock."""
    return _run(command, env)[0]


def cpu_seconds(command: Sequence[str], env: dict[str, str]) -> float:
    """Run a command to its end; return its processor seconds."""
    return _run(command, env)[1]


def _run(command: Sequence[str], env: dict[str, str]) -> tuple[float, float]:
    """Return the seconds by the wall clock, and those of the processor.

    Raises RuntimeError where it fails: what that takes is no figure.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
    )
    _, status, usage = os.wait4(process.pid, 0)
    spent = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise RuntimeError(
            f"{' '.join(command)} ended with {process.returncode}"
        )
    return spent, usage.ru_utime + usage.ru_stime


def resident_mib(pid: int) -> float:
    """Return the resident set of a process that runs."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(x for x in text.splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
