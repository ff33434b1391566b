"""Whole processes: what they take, from their start to their end."""

import subprocess
import time
from collections.abc import Sequence


def seconds(command: Sequence[str], env: dict[str, str]) -> float:
    """Run a command to its end; return its seconds, by the wall clock.

    Raises RuntimeError where it fails: what that takes is no figure.
    """
    began = time.perf_counter()
    status = subprocess.call(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
    )
    spent = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return spent
