"""A site beside Flask's hello under the same server, with the same threads."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.harness.figure import Better, Figure, Work
from benchmarks.harness.load import cpu_of_requests
from benchmarks.harness.stage import Sandbox, Stage, operation, sandbox

HELLO = "Flask hello, waitress"
REQUESTS = 400
#: as many as a site has
THREADS = 16


@contextlib.contextmanager
def _running_hello() -> Iterator[tuple[int, int]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.figures.hello", str(THREADS)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def hello(stage: Stage) -> tuple[int, int]:
    """Return the process and the port of the peer."""
    return stage.enter(_running_hello())


def headers(stage: Stage) -> dict[str, str]:
    """Return what a request of the seeded tenant carries."""
    site = stage.once(sandbox)
    return {
        "X-Auth-Token": token(stage, site)["id"],
        "OpenStack-API-Version": "protector latest",
        "Accept": "application/json",
    }


def token(stage: Stage, site: Sandbox) -> dict[str, str]:
    """Return a token of the seeded tenant, and its project."""
    done = subprocess.run(
        [stage.program("openstack"), "token", "issue", "-f", "shell"],
        check=True,
        env=site.env,
        capture_output=True,
        text=True,
    )
    fields = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value.strip('"') for name, value in fields.items()}


def beside_hello(
    stage: Stage, site: Sandbox, path: str, number: int
) -> tuple[Work, Work]:
    """Return GETs of a path of site-a, and GETs of the peer."""
    pid, port = stage.once(hello)
    ours = stage.once(headers)
    return (
        lambda: cpu_of_requests(
            site.pid("site-a"), site.port, path, ours, number
        ),
        lambda: cpu_of_requests(pid, port, "/", {}, REQUESTS),
    )


def _get_operation(stage: Stage) -> tuple[Work, Work]:
    site = stage.once(sandbox)
    identifier = stage.once(operation)
    project = token(stage, site)["project_id"]
    path = f"/v1/{project}/operations/{identifier}"
    return beside_hello(stage, site, path, REQUESTS)


FIGURES = (
    Figure(
        "get-operation",
        "GET of one operation",
        0.60,
        _get_operation,
        HELLO,
        Better.MORE,
    ),
)
