"""Programs that do not know of who starts them, and end with him."""

import pathlib
import socket
import time
from collections.abc import Callable, Sequence

from tests.interop.processes import DidNotStart, Processes

INSIDE = pathlib.Path(__file__).parent / "inside"
#: how long a program may take until it is of use, seconds
PATIENCE = 180.0


def until(
    processes: Processes,
    name: str,
    what: str,
    done: Callable[[], bool],
    needed: Sequence[str] = (),
) -> None:
    """Wait for what a process does.

    :param needed: other processes without which it does not come to it.
    :raises DidNotStart: one of them has ended, or it does not come to it.
    """
    end = time.monotonic() + PATIENCE
    while not done():
        for each in (name, *needed):
            if not processes.alive(each):
                said = processes.last_words(each)
                raise DidNotStart(f"{each} has ended by itself: {said}")
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
