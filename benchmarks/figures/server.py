"""A site beside Flask's hello under the same server, with the same threads."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.harness import operations
from benchmarks.harness.figure import Better, Figure, Work
from benchmarks.harness.load import cpu_of_requests
from benchmarks.harness.stage import Sandbox, Stage, operation, sandbox
from benchmarks.harness.tenant import token

Prepare = Callable[[Stage], tuple[Work, Work]]
HELLO = "Flask hello, waitress"
#: of a turn
REQUESTS = 200
TURNS = 5
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


def many_operations(stage: Stage) -> str:
    """Give the seeded tenant 100,000 operations; return its list."""
    site = stage.once(sandbox)
    identifier = stage.once(operation)
    operations.copy(site.folder / "site-a.db", identifier, MANY)
    return f"/v1/{token(stage, site)['project_id']}/operations"


MANY = 100_000


def _list(limit: int, number: int) -> Prepare:
    def prepare(stage: Stage) -> tuple[Work, Work]:
        path = f"{stage.once(many_operations)}?limit={limit}"
        return beside_hello(stage, stage.once(sandbox), path, number)

    return prepare


def _beside_first_page(query: str) -> Prepare:
    """Measure a page of 100 beside the first one, without a filter."""

    def prepare(stage: Stage) -> tuple[Work, Work]:
        site, ours = stage.once(sandbox), stage.once(headers)
        path, pid = stage.once(many_operations), site.pid("site-a")
        return (
            lambda: cpu_of_requests(
                pid, site.port, f"{path}?{query}", ours, REQUESTS
            ),
            lambda: cpu_of_requests(pid, site.port, path, ours, REQUESTS),
        )

    return prepare


PAGE = "a page of all 100,000"
FIGURES = (
    Figure(
        "get-operation",
        "GET of one operation",
        0.60,
        _get_operation,
        HELLO,
        Better.MORE,
        turns=TURNS,
    ),
    Figure(
        "list-operations-100",
        "list of 100 operations",
        0.45,
        _list(100, REQUESTS),
        HELLO,
        Better.MORE,
        pairs=11,
        turns=TURNS,
    ),
    Figure(
        "list-operations-1000",
        "list of 1000 operations",
        0.10,
        _list(1000, REQUESTS // 4),
        HELLO,
        Better.MORE,
        turns=TURNS,
    ),
    Figure(
        "list-by-status",
        "?status= at 100,000 operations",
        1.5,
        _beside_first_page("status=failed"),
        PAGE,
        pairs=11,
        turns=TURNS,
    ),
    Figure(
        "list-last-page",
        "last page at 100,000 operations",
        1.1,
        _beside_first_page(operations.last_page(100)),
        PAGE,
        pairs=11,
        turns=TURNS,
    ),
)
