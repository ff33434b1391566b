"""The moments of a run, and the blows that fall at some of them.

A moment is every place where a site writes to its database and every point
that its engine passes. They are counted; at the chosen one a blow falls.
"""

import dataclasses
import sqlite3
from collections.abc import Callable
from typing import Any

from fakeserver.base.fault_points import StepFault
from fakeserver.base.seed_world import SITES
from fakeserver.faults.plan import SiteCrash
from fakeserver.local.pair import LocalPair

#: seconds of engine clock that the way between the sites is cut
SPANS = {
    "partition-short": 10.0,
    "partition-long": 60.0,
    "partition-hours": 7200.0,
    "partition-and-forced": 7200.0,
}
#: calls to the other site that make something there
MAKING = (
    "POST */servers",
    "POST */os-volume-manage",
    "PUT */metadata",
    "POST */action",
    "DELETE *",
    "POST */auth/tokens",
)


@dataclasses.dataclass(frozen=True)
class Blow:
    """Something bad, at some moment."""

    kind: str
    #: where in the operation, from 0 to 1
    moment: float
    #: which call it is, for a blow that falls on one
    call: str = ""


@dataclasses.dataclass(frozen=True)
class Interlude:
    """What people do to a group, from a moment on."""

    moment: int
    group_id: str
    deed: Callable[[], None]


class Moments:
    """Counts what the sites do, and strikes when it is time."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair
        self.count = 0
        self.struck: list[str] = []
        self.until = 0.0
        self.broken = 0
        #: the next step that comes by fails
        self.failing = False
        self._waiting: list[tuple[int, Blow]] = []
        #: what people do meanwhile, from a moment on
        self._interludes: list[Interlude] = []
        self._passed = 0

    def arm(self, blows: tuple[Blow, ...], length: int) -> None:
        """Each blow is counted from the one before."""
        self.count = 0
        self._passed = 0
        self._interludes = []
        self._waiting = [
            (1 + int(blow.moment * length), blow) for blow in blows
        ]

    def interlude(
        self, moment: int, group_id: str, deed: Callable[[], None]
    ) -> None:
        """Have people do something to a group once that moment has passed,
        and nobody holds the group's lock: they would wait for it, in a
        thread of their own."""
        self._interludes.append(Interlude(moment, group_id, deed))

    def disarm(self) -> None:
        """No more blows, and nothing of them goes on."""
        self._waiting = []
        self._interludes = []
        self.until = 0.0
        self.broken = 0
        self.failing = False
        self.pair.clear_faults()

    def watch(self, name: str) -> None:
        """Look over the shoulder of a site that has just started."""
        plan: Any = self.pair.site(name).parts.faults
        at, database, cuts = plan.at, plan.database, plan.cuts

        def watched_at(point: str) -> None:
            self._pass(name, plan, point)
            at(point)

        def watched_database() -> None:
            self._pass(name, plan, "write")
            database()

        def watched_cuts(target: str) -> bool:
            parted = target != name and self.parted()
            return bool(cuts(target)) or parted

        plan.at, plan.database = watched_at, watched_database
        plan.cuts = watched_cuts

    def parted(self) -> bool:
        return self.pair.clock.time() < self.until

    def _pass(self, name: str, plan: Any, point: str) -> None:
        plan.alive()
        self._intervene(point)
        plan.alive()
        self.count += 1
        if self.broken and point == "write":
            self.broken -= 1
            raise sqlite3.OperationalError("database or disk is full")
        if self.failing and point.startswith(("before:", "inside:")):
            self.failing = False
            raise StepFault("told to fail")
        if not self._waiting or self.count != self._waiting[0][0]:
            return
        _, blow = self._waiting.pop(0)
        self.count = 0
        self.struck.append(f"{blow.kind} at {name} {point}")
        STRIKES[blow.kind](self, name, point, blow)

    def _intervene(self, point: str) -> None:
        """Let people in, though not into the middle of a transaction."""
        self._passed += 1
        if point == "write":
            return
        due = [
            one
            for one in self._interludes
            if one.moment <= self._passed and not self._locked(one.group_id)
        ]
        for one in due:
            self._interludes.remove(one)
            one.deed()

    def _locked(self, group_id: str) -> bool:
        return any(
            site.service.locks.in_use(group_id)
            for site in self.pair.sites.values()
            if site.running
        )

    # -- what a blow does

    def crash(self, name: str, point: str, blow: Blow) -> None:
        self._kill(name)
        raise SiteCrash(f"{name} at {point}")

    def crash_both(self, name: str, point: str, blow: Blow) -> None:
        for site in SITES:
            self._kill(site)
        raise SiteCrash(f"both at {point}")

    def kill_peer(self, name: str, point: str, blow: Blow) -> None:
        self._kill(SITES[1] if name == SITES[0] else SITES[0])

    def part(self, name: str, point: str, blow: Blow) -> None:
        self.until = self.pair.clock.time() + SPANS[blow.kind]

    def fail_step(self, name: str, point: str, blow: Blow) -> None:
        self.failing = True

    def fill_disk(self, name: str, point: str, blow: Blow) -> None:
        self.broken = 3

    def lose_answer(self, name: str, point: str, blow: Blow) -> None:
        self.pair.fault("reset", match=blow.call, stage="after", times=1)

    def lose_request(self, name: str, point: str, blow: Blow) -> None:
        self.pair.fault("reset", match=blow.call, stage="before", times=2)

    def stumble(self, name: str, point: str, blow: Blow) -> None:
        self.pair.fault("503", match=blow.call, stage="before", times=3)

    def slow(self, name: str, point: str, blow: Blow) -> None:
        self.pair.fault("slow-replication", seconds=3600.0)

    def forbid(self, name: str, point: str, blow: Blow) -> None:
        self.pair.fault("cinder-403")

    def lock_out(self, name: str, point: str, blow: Blow) -> None:
        self.pair.fault("array-token")

    def _kill(self, name: str) -> None:
        site = self.pair.site(name)
        if site.running:
            plan: Any = site.parts.faults
            plan.dead = True
            plan._crash()


Strike = Callable[[Moments, str, str, Blow], None]
STRIKES: dict[str, Strike] = {
    "crash": Moments.crash,
    "crash-both": Moments.crash_both,
    "crash-and-forced": Moments.crash,
    "kill-peer": Moments.kill_peer,
    "partition-short": Moments.part,
    "partition-long": Moments.part,
    "partition-hours": Moments.part,
    "partition-and-forced": Moments.part,
    "step": Moments.fail_step,
    "disk": Moments.fill_disk,
    "lost-answer": Moments.lose_answer,
    "lost-request": Moments.lose_request,
    "stumble": Moments.stumble,
    "slow-replication": Moments.slow,
    "cinder-403": Moments.forbid,
    "array-token": Moments.lock_out,
}
#: an undo cannot always be done under these; under all others it can
MAY_END_IN_ERROR = {
    "kill-peer",
    "crash-both",
    "crash-and-forced",
    "partition-hours",
    "partition-and-forced",
    "cinder-403",
    # with real processes
    "kill-both",
    "kill-and-forced",
}
