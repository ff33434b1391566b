"""Actions: what a POST costs both sites until its 202.

The engines are stopped: they accept operations and begin none. So the work of
the operation, behind the answer, is no part of these figures.
"""

import itertools
import time
from collections.abc import Sequence

from benchmarks.figures.server import HELLO, REQUESTS, hello
from benchmarks.harness import load
from benchmarks.harness.figure import Better, Figure, Work
from benchmarks.harness.stage import Sandbox, Stage
from benchmarks.harness.tenant import Tenant

#: of one instance each; an action takes one that has no operation yet
GROUPS = 320
FAILOVERS = 8
SYNCS = 160


class PairWithoutEngines:
    """Two sites whose engines are stopped, and groups to act on."""

    def __init__(self, stage: Stage) -> None:
        options = ("--scenario", "fleet", "--groups", str(GROUPS))
        self.site = stage.enter(Sandbox(stage, "actions", *options))
        self.tenant = Tenant(stage, self.site)
        self._stop_engines()
        # the first POST of a process logs in at the other site
        self.post("sync_volumes", 1)

    def _stop_engines(self) -> None:
        for name in ("site-a", "site-b"):
            self.site.call("engine", "stop", name)
        self._groups = iter(self.tenant.groups().values())

    def _next(self, number: int) -> list[str]:
        taken = list(itertools.islice(self._groups, number))
        if len(taken) < number:
            # all have an operation that waits: the seeded world again
            self.site.call("reset")
            self._stop_engines()
            return self._next(number)
        return taken

    def post(
        self, action: str, number: int, pids: Sequence[int] | None = None
    ) -> float:
        """Act on groups; return the processor seconds of processes, both
        sites unless said otherwise: one POST's share."""
        asked = [self.tenant.action(g, action) for g in self._next(number)]
        counted = self.site.pids if pids is None else pids
        return load.cpu_of_all(
            counted, self.site.port, asked, self.tenant.headers
        )


def _failover_ms(stage: Stage) -> Work:
    pair = stage.once(PairWithoutEngines)
    return lambda: pair.post("failover", FAILOVERS) * 1000


def _failover_requests(stage: Stage) -> Work:
    """Count what the sites ask each other until a 202."""
    pair = stage.once(PairWithoutEngines)

    def work() -> float:
        began = time.time()
        pair.post("failover", 1)
        return float(len(pair.site.requests(began)) - 1)

    return work


def _sync(stage: Stage) -> tuple[Work, Work]:
    pair = stage.once(PairWithoutEngines)
    pid, port = stage.once(hello)
    asked = [pair.site.pid("site-a")]
    return (
        lambda: pair.post("sync_volumes", SYNCS, asked),
        lambda: load.cpu_of_requests(pid, port, "/", {}, REQUESTS),
    )


FIGURES = (
    Figure(
        "post-failover-cpu",
        "POST of a failover, CPU of both sites",
        12,
        _failover_ms,
        unit="ms",
    ),
    Figure(
        "post-failover-requests",
        "requests that the sites make for it",
        6,
        _failover_requests,
        unit="requests",
        most=3,
    ),
    Figure(
        "post-sync",
        "POST of a sync",
        0.30,
        _sync,
        HELLO,
        Better.MORE,
        turns=3,
    ),
)
