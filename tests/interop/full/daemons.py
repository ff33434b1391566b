"""Programs that do not know of who starts them, and end with him."""

import pathlib
import socket
import time
from collections.abc import Callable

from tests.interop.processes import DidNotStart, Processes

INSIDE = pathlib.Path(__file__).parent / "inside"
#: how long a program may take until it is of use, seconds
PATIENCE = 180.0


def until(
    processes: Processes, name: str, what: str, done: Callable[[], bool]
) -> None:
    """Wait for what a process does.

    :raises DidNotStart: it has ended, or it does not come to it.
    """
    end = time.monotonic() + PATIENCE
    while not done():
        if not processes.alive(name):
            said = processes.last_words(name)
            raise DidNotStart(f"{name} has ended before {what}: {said}")
        if time.monotonic() > end:
            said = processes.last_words(name)
            raise DidNotStart(
                f"{name}: not {what} after {PATIENCE:.0f} s: {said}"
            )
        time.sleep(0.1)


def until_it_listens(processes: Processes, name: str, port: int) -> None:
    def listens() -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", port)) == 0

    until(processes, name, f"listening on port {port}", listens)
