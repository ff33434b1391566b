"""The sandbox: how soon both sites answer, and the memory of a site."""

import contextlib
import http.client
import subprocess
import time
from collections.abc import Iterator

from benchmarks.harness import load, processes
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.load import Request
from benchmarks.harness.stage import Sandbox, Stage, free_port
from benchmarks.harness.tenant import Tenant

#: the requests of a use
REQUESTS = 10_000
#: how long to wait until a server is asked again whether it answers, seconds
_TICK = 0.01
_TIMEOUT = 60.0


class _StartTrials:
    """Starts pairs of sites anew, and looks at their memory at once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._number = 0

    def seconds(self) -> float:
        """Return what `protector-sandbox up` takes until both sites answer."""
        return self._start()[0]

    def mib(self) -> float:
        """Return the resident set of the larger site, once both answer."""
        return self._start()[1]

    def _start(self) -> tuple[float, float]:
        self._number += 1
        began = time.perf_counter()
        site = Sandbox(self._stage, f"start-{self._number}")
        spent = time.perf_counter() - began
        with site:
            return spent, max(map(processes.resident_mib, site.pids))


def _up(stage: Stage) -> tuple[Work, Work]:
    return stage.once(_StartTrials).seconds, lambda: _moto_server(stage)


def _moto_server(stage: Stage) -> float:
    """Return what `moto_server` takes until it answers, seconds."""
    port = free_port()
    command = [stage.peer("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    began = time.perf_counter()
    with _running(command, stage.env()) as process:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"moto_server ended: {process.returncode}")
            if time.perf_counter() - began > _TIMEOUT:
                raise RuntimeError("moto_server does not answer")
            time.sleep(_TICK)
        return time.perf_counter() - began


@contextlib.contextmanager
def _running(
    command: list[str], env: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/moto-api/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _at_start(stage: Stage) -> Work:
    return stage.once(_StartTrials).mib


class _MemoryTrial:
    """The memory of a site after use: after operations, and after requests
    of every kind."""

    def __init__(self, stage: Stage) -> None:
        site = stage.enter(
            Sandbox(stage, "used", "--scenario", "fleet", "--groups", "20")
        )
        tenant = Tenant(stage, site)
        groups = list(tenant.groups().values())
        for group in groups:
            tenant.cpu_of_operation(group, "sync_volumes")
        for action in ("test_failover", "test_cleanup", "failover"):
            tenant.cpu_of_operation(groups[0], action)
        kinds = [
            *(Request(f"{tenant.root}/{path}") for path in _paths(groups)),
            Request("/v1/"),
            Request("/v1/health"),
            Request("/v1/admin/sites"),
        ]
        self._ask(tenant, kinds, REQUESTS)
        self.mib = self._mib(site)
        self._ask(tenant, kinds, REQUESTS)
        self.growth = self._mib(site) - self.mib

    def _ask(self, tenant: Tenant, kinds: list[Request], number: int) -> None:
        asked = (kinds * (number // len(kinds) + 1))[:number]
        load.ask(tenant.site.port, asked, tenant.headers)

    def _mib(self, site: Sandbox) -> float:
        return max(map(processes.resident_mib, site.pids))


def _paths(groups: list[str]) -> list[str]:
    one = f"protection-groups/{groups[1]}"
    return [
        "protection-groups",
        one,
        f"{one}/members",
        f"{one}/metadata",
        f"{one}/consistency-group",
        f"{one}/sync-status",
        f"{one}/policy",
        "operations",
        "operations?status=completed",
        "operations?limit=5",
    ]


def _after_use(stage: Stage) -> Work:
    return lambda: stage.once(_MemoryTrial).mib


def _growth(stage: Stage) -> Work:
    return lambda: stage.once(_MemoryTrial).growth


FIGURES = (
    Figure(
        "sandbox-up",
        "protector-sandbox up until both sites answer",
        1.0,
        _up,
        "moto_server until it answers",
    ),
    Figure(
        "memory-at-start",
        "resident set of a site that answers",
        40,
        _at_start,
        unit="MiB",
    ),
    Figure(
        "memory-after-use",
        f"the same after {REQUESTS} requests and four operations",
        60,
        _after_use,
        unit="MiB",
        most=1,
    ),
    Figure(
        "memory-growth",
        f"what {REQUESTS} more requests add to it",
        1,
        _growth,
        unit="MiB",
        most=1,
    ),
)
