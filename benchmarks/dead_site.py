"""Measure commands at a dead site, as a multiple of its connect timeout.

site-a is killed, and its port then swallows connections as a host without
power does: nothing refuses, nothing answers. What `status` and `check` of
all groups take is printed as a multiple of one connect timeout.
"""

import argparse
import contextlib
import io
import os
import pathlib
import socket
import sys
import tempfile
import time
from collections.abc import Iterator

from fakeserver.local.pair import LocalPair
from protectorclient import shell
from protectorclient.durations import CONNECT_TIMEOUT

#: more of the timeout than this is a failure
ALLOWED = 2.0
COMMANDS = {
    "status": "status -f json",
    "check of one": "protection-group check app-0000 -f json",
    "check of all": "protection-group check {groups} -f json",
    "check --for unplanned": (
        "protection-group check app-0000 --for unplanned -f json"
    ),
}


@contextlib.contextmanager
def black_hole(port: int) -> Iterator[None]:
    """Return a port whose queue is full, so that a SYN gets no answer."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(4):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", port))
        yield


def run(command: str) -> tuple[float, int]:
    """Return how long a command takes, in seconds, and its exit code."""
    out = io.StringIO()
    began = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = shell.ProtectorShell().run(command.split())
    return time.monotonic() - began, code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=50)
    count = parser.parse_args().groups
    os.environ["HOME"] = tempfile.mkdtemp(prefix="protector-benchmark-")
    os.environ["OS_CLOUD"] = "site-a"
    names = " ".join(f"app-{number:04d}" for number in range(count))
    timeout, worst = CONNECT_TIMEOUT, 0.0
    with LocalPair(sockets=True, scenario="fleet", groups=count) as pair:
        path: pathlib.Path = pair.clouds_yaml
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(path)
        site = pair.site("a")
        print(f"{count} groups, connect timeout {timeout:g} s")
        print(f"{'':24}{'both':>8}{'a dead':>8}{'ratio':>8}")
        alive = {}
        for label, command in COMMANDS.items():
            alive[label], _ = run(command.format(groups=names))
        site.kill()
        with black_hole(int(site.url.rsplit(":", 1)[1])):
            for label, command in COMMANDS.items():
                took, _ = run(command.format(groups=names))
                ratio = took / timeout
                worst = max(worst, ratio)
                print(
                    f"{label:24}{alive[label]:7.2f}s{took:7.2f}s{ratio:8.2f}"
                )
    print(f"worst {worst:.2f} of a connect timeout, {ALLOWED:g} allowed")
    return 0 if worst <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
